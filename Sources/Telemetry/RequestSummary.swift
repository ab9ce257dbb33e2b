/// The log line of one request: mozlog's Type `request.summary`.
package struct RequestSummary: Sendable {
    /// The `User-Agent` field.
    package var agent: String?
    /// The `Accept-Language` field.
    package var language: String?
    /// The `errno` of openapi.yaml, or 0 if the request succeeded.
    package var errno: Int
    package var method: String
    /// The path as received, percent-encoded.
    package var path: String
    /// The status of the response.
    package var code: Int
    /// From the first byte of the request to its response.
    package var duration: Duration
    /// The broadcaster or reader that the token belongs to; nil without one.
    package var userID: String?
    package var requestID: String
    /// The addresses of `X-Forwarded-For`, then the peer.
    package var remoteAddressChain: [String]
    package var message: String?
    package var severity: Severity

    package init(
        agent: String? = nil, language: String? = nil, errno: Int = 0, method: String, path: String,
        code: Int,
        duration: Duration, userID: String? = nil, requestID: String, remoteAddressChain: [String],
        message: String? = nil, severity: Severity = .informational
    ) {
        self.agent = agent
        self.language = language
        self.errno = errno
        self.method = method
        self.path = path
        self.code = code
        self.duration = duration
        self.userID = userID
        self.requestID = requestID
        self.remoteAddressChain = remoteAddressChain
        self.message = message
        self.severity = severity
    }
}
