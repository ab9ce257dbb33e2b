import HTTP
import HTTPTypes
import Time

/// Reading by pages of other origins (Fetch, section 3.2): the setting `cors_origins`.
extension API {
    /// Returns what is kept of a request, with the field lines for browsers of other origins.
    func context(of request: Request) -> RequestContext {
        var context = RequestContext(
            request, requestID: requestIDs.id(of: request), askedAt: clock.now, rules: rules)
        let origins = context.rules.live.origins
        if !origins.isEmpty, let route = context.route, route.isResource,
            request.method == .get || request.method == .head
        {
            context.crossOriginFields = crossOriginFields(request, origins)
        }
        return context
    }

    /// Returns the response to OPTIONS on a resource from an allowed origin, or nil.
    func preflight(_ request: Request, _ route: Route, _ rules: Rules) -> LoggedResponse? {
        guard request.method == .options, route.isResource,
            let origin = allowedOrigin(request, rules.live.origins)
        else { return nil }
        var fields = FieldLines([.cacheControl: noStore, .accessControlAllowOrigin: origin])
        if origin != "*" { fields.append(.vary, "Origin") }
        fields.append(.accessControlAllowMethods, "GET, HEAD")
        fields.append(
            .accessControlAllowHeaders, "Authorization, If-None-Match, Prefer, Last-Event-ID")
        fields.append(.accessControlMaxAge, "7200")
        return LoggedResponse(Response(status: .noContent, fields: fields))
    }

    /// Returns the field lines for a reading request.
    private func crossOriginFields(_ request: Request, _ origins: [String]) -> FieldLines {
        var fields = FieldLines()
        let isForAll = origins == ["*"]
        if !isForAll { fields.append(.vary, "Origin") }
        if let origin = isForAll ? "*" : allowedOrigin(request, origins) {
            fields.append(.accessControlAllowOrigin, origin)
            fields.append(
                .accessControlExposeHeaders,
                "ETag, Age, Retry-After, Preference-Applied, Link, X-Request-Id, Announce-At")
        }
        return fields
    }

    /// Returns the value of `Access-Control-Allow-Origin` for a request with an `Origin`, or nil.
    private func allowedOrigin(_ request: Request, _ origins: [String]) -> String? {
        guard !origins.isEmpty, case .once(let value) = request.occurrence(of: .origin) else { return nil }
        if origins == ["*"] { return "*" }
        return origins.first { request.bytes[value].elementsEqual($0.utf8) }
    }
}
