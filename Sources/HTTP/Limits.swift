/// What one connection may take of the server (config.example.toml).
package struct Limits: Hashable, Sendable {
    /// Request line and header section together, in bytes.
    package var maximumHeaderBytes: Int
    /// Field lines in one header or trailer section.
    package var maximumHeaders: Int
    /// The content of one request, in bytes.
    package var maximumBodyBytes: Int
    /// How long a connection may be idle between requests.
    package var keepAlive: Duration
    /// From the first byte of a request (or the accept) to the end of its head.
    package var headerTimeout: Duration
    /// From the end of the head to the end of the body; also how long a client may take nothing of an answer.
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
