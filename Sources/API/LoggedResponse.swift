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

/// How a handler answers a request, of which it has seen the head.
enum Handling {
    /// The head was enough.
    case ready(LoggedResponse)
    /// The body has to be read first.
    case deferred(@Sendable (_ body: [UInt8], _ loop: LoopInbox) async throws(APIError) -> LoggedResponse)
    /// The response needs a read of the store that begins now or later.
    case board(IfNoneMatch?)
    /// The response needs the outcome of a health check.
    case health
}
