import HTTPTypes

extension HTTPField.Name {
    /// The field to which each proxy appends the address of its client.
    static let xForwardedFor = known("X-Forwarded-For")

    /// The field that carries the ID of a request, in requests from proxies and in responses.
    static let xRequestID = known("X-Request-Id")

    /// What the client would like (RFC 7240 section 2).
    static let prefer = known("Prefer")

    /// Which preferences the server has followed (RFC 7240 section 3).
    static let preferenceApplied = known("Preference-Applied")

    /// The ID of the last event that a client has received (HTML, section 9.2).
    static let lastEventID = known("Last-Event-ID")

    /// Tells nginx not to buffer a response.
    static let xAccelBuffering = known("X-Accel-Buffering")

    /// Links to other resources (RFC 8288 section 3).
    static let link = known("Link")

    /// How urgent a message is (RFC 8030 section 5.3).
    static let urgency = known("Urgency")

    /// When a version that is held is announced.
    static let announceAt = known("Announce-At")

    private static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is not a field name.") }
        return name
    }
}
