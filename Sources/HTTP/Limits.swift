/// The limits of one connection (config.example.toml).
package struct Limits: Hashable, Sendable {
    /// Maximum size in bytes of the request line and header section together.
    package var maximumHeaderBytes: Int
    /// Maximum number of field lines in one header or trailer section.
    package var maximumHeaders: Int
    /// Maximum size in bytes of the content of one request.
    package var maximumBodyBytes: Int
    /// How long a connection may be idle between requests.
    package var keepAlive: Duration
    /// Maximum time from the first byte of a request, or from the accept for the first one, to the end of its
    /// head.
    package var headerTimeout: Duration
    /// Maximum time from the end of the head to the end of the body. Also the maximum time in which a client
    /// accepts no byte of a response.
    package var bodyTimeout: Duration

    package init(
        maximumHeaderBytes: Int, maximumHeaders: Int, maximumBodyBytes: Int, keepAlive: Duration,
        headerTimeout: Duration, bodyTimeout: Duration
    ) {
        self.maximumHeaderBytes = maximumHeaderBytes
        self.maximumHeaders = maximumHeaders
        self.maximumBodyBytes = maximumBodyBytes
        self.keepAlive = keepAlive
        self.headerTimeout = headerTimeout
        self.bodyTimeout = bodyTimeout
    }
}
