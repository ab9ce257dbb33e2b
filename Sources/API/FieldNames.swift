import HTTPTypes

extension HTTPField.Name {
    /// The field to which each proxy appends the address of its client.
    static let xForwardedFor = known("X-Forwarded-For")

    /// The field that carries the ID of a request, in requests from proxies and in responses.
    static let xRequestID = known("X-Request-Id")

    private static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is not a field name.") }
        return name
    }
}
