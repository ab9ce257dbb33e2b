import Broadcasts
import HTTP
import HTTPTypes

let jsonContentType = "application/json"

/// `Cache-Control` of all responses but the board. A cache may otherwise store some of them on its own
/// decision (RFC 9111 section 4.2.2), and serve the health of a service that no longer runs.
let noStore = "no-store"

/// A response with what its log line needs.
struct LoggedResponse: Sendable {
    var response: Response
    /// The `errno` of openapi.yaml; 0 for success.
    var errno = 0
    var message: String?

    init(_ response: Response, errno: Int = 0, message: String? = nil) {
        self.response = response
        self.errno = errno
        self.message = message
    }

    /// Creates a JSON response that no cache stores. `json` is the encoded body.
    init(_ status: HTTPResponse.Status, json: [UInt8], errno: Int = 0, message: String? = nil) {
        self.init(
            Response(
                status: status,
                fields: FieldLines([.contentType: jsonContentType, .cacheControl: noStore]), body: json),
            errno: errno, message: message)
    }
}

/// How a request is handled once its head is known.
enum Handling {
    /// The head is enough.
    case ready(LoggedResponse)
    /// The body must be read first.
    case deferred(@Sendable (_ body: [UInt8], _ loop: LoopInbox) async throws(APIError) -> LoggedResponse)
    /// The response needs a read of the store that begins after this.
    case board(BoardView, IfNoneMatch?)
    /// The response is due when the state differs from what the client has.
    case wait(BoardView, IfNoneMatch?, seconds: Int)
    /// The response is a stream of the states.
    case stream(BoardView, lastEventID: String?)
    /// The response needs the outcome of a health check.
    case health
}
