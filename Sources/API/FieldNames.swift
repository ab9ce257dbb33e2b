import HTTPTypes

extension HTTPField.Name {
    /// The field in which each proxy appends the address it was asked from.
    static let xForwardedFor = known("X-Forwarded-For")

    /// The field in which proxies send a request's id, and in which it is echoed.
    static let xRequestID = known("X-Request-Id")

    private static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no field name.") }
        return name
    }
}
