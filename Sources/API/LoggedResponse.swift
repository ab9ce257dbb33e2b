import HTTP
import HTTPTypes

let jsonContentType = "application/json"

/// A response, and what the log says of it.
struct LoggedResponse: Sendable {
    var response: Response
    /// The number of openapi.yaml's `errno`, 0 for success.
    var errno = 0
    var message: String?

    init(_ response: Response, errno: Int = 0, message: String? = nil) {
        self.response = response
        self.errno = errno
        self.message = message
    }

    /// JSON that the caller has written.
    init(_ status: HTTPResponse.Status, json: [UInt8], errno: Int = 0, message: String? = nil) {
        self.init(
            Response(status: status, fields: FieldLines([.contentType: jsonContentType]), body: json),
            errno: errno, message: message)
    }
}

/// What a handler makes of the head of a request.
enum Handling: Sendable {
    /// The head was all that is needed.
    case ready(LoggedResponse)
    /// The body has to be read, or the store to be waited for.
    case deferred(@Sendable (_ body: [UInt8]) async throws(APIError) -> LoggedResponse)
    /// The store is waited for together with everybody who asks the same.
    case shared(SharedQuestion)
}
