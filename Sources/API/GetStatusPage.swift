import HTTP

extension API {
    /// `GET /`: the status page. Needs no token: the page asks for one and sends it itself.
    func getStatusPage(_: Request, _: inout RequestContext) -> Handling {
        .ready(LoggedResponse(statusPage))
    }
}
