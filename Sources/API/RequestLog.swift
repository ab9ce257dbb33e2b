import Access
import Broadcasts
import Bytes
import HTTP
import HTTPTypes
import Telemetry

/// The parts of a request that only its log line needs.
struct LoggedFields: Sendable {
    let agent: String?
    let language: String?
    let path: String
    /// The addresses in `X-Forwarded-For`, in order.
    private let forwardedFor: [String]
    private let remoteAddress: SocketAddress

    init(_ request: Request) {
        func text(_ name: HTTPField.Name) -> String? {
            request.firstValue(of: name).map(request.text)
        }
        agent = text(.userAgent)
        language = text(.acceptLanguage)
        path = request.text(request.path)
        let forwarded = request.values(of: .xForwardedFor).flatMap { value in
            request.text(value).split { $0 == "," || $0 == " " || $0 == "\t" }
        }
        forwardedFor = forwarded.map(String.init)
        remoteAddress = request.remoteAddress
    }

    /// For a connection on which no head could be parsed.
    init(_ remoteAddress: SocketAddress) {
        agent = nil
        language = nil
        path = ""
        forwardedFor = []
        self.remoteAddress = remoteAddress
    }

    /// Computed on demand: most fields kept for a later line are never logged.
    var remoteAddressChain: [String] { forwardedFor + [remoteAddress.address.description] }
}

extension RequestSummary {
    init(
        _ context: RequestContext, _ fields: LoggedFields, _ logged: LoggedResponse, severity: Severity,
        duration: Duration
    ) {
        self.init(
            agent: fields.agent, language: fields.language, errno: logged.errno,
            method: context.method?.rawValue ?? "", path: fields.path, code: logged.response.status.code,
            duration: duration, userID: context.identity?.id, requestID: context.requestID,
            remoteAddressChain: fields.remoteAddressChain, message: logged.message, severity: severity)
    }
}

extension RequestContext {
    /// Returns the severity of the log line of a response.
    func severity(of status: HTTPResponse.Status) -> Severity {
        switch status.code {
        // The end of a service is no error of its load balancer's check.
        case 503 where route?.name == .lbheartbeat: .debug
        case 500...: .error
        case 401, 403: .warning
        case 400...: .informational
        default: route?.severity ?? .informational
        }
    }
}
