import HTTP
import HTTPTypes

extension API {
    /// `GET /metrics`: all metrics in Prometheus' text format.
    func getMetrics(_: Request, _: inout RequestContext) -> Handling {
        .ready(
            LoggedResponse(
                Response(
                    status: .ok,
                    fields: FieldLines([
                        .contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: noStore,
                    ]),
                    body: metrics.prometheusText())))
    }
}
