/// What one connection may take of the server (config.example.toml).
package struct Limits: Hashable, Sendable {
    /// Request line and header section together, in bytes.
    package var maximumHeaderBytes = 16384
    /// Field lines in one header or trailer section.
    package var maximumHeaders = 100
    /// The content of one request, in bytes.
    package var maximumBodyBytes = 4096
    /// How long a connection may be idle between requests.
    package var keepAlive = Duration.seconds(75)
    /// From the first byte of a request (or the accept) to the end of its head.
    package var headerTimeout = Duration.seconds(10)
    /// From the end of the head to the end of the body; also how long a client may take nothing of an answer.
    package var bodyTimeout = Duration.seconds(10)

    package init() {}
}
