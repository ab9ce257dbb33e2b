import Broadcasts
import Bytes
import HTTP
import HTTPTypes

/// Every error response, as in the table of errors in openapi.yaml.
enum APIError: Error, Sendable {
    case invalidBroadcasterID
    case invalidChannelID
    case invalidVersion(VersionError)
    /// A PUT without a body, or with an empty one.
    case emptyVersion
    /// A PUT of a part of a version (RFC 9110 section 14.5).
    case contentRange
    /// A PUT with a content coding, such as gzip (RFC 9110 section 15.5.16).
    case contentCoding
    case missingAuthorization
    case invalidAuthorization
    case accessDenied
    case notFound
    /// With the value of the `Allow` field.
    case methodNotAllowed(allowed: String)
    /// The response of `/__error__`.
    case ohNoes
    /// A request or connection refused by the HTTP layer.
    case refused(Refusal)
    /// With the reason, for the log only.
    case unexpected(String)
    /// A new channel beyond `max_channels`.
    case tooManyChannels
    /// A precondition does not hold. With the entity tag of the channel if it exists.
    case preconditionFailed(entityTag: String?)
    /// A parameter of the query is repeated, empty or out of bounds.
    case invalidQuery
    /// A PUT with an unknown `Urgency`.
    case urgency
    /// With the store's error, for the log only.
    case storeFailed(StoreError)
    /// A request that would have to be held beyond `max_listeners`. With the seconds after which the client
    /// may retry.
    case tooManyListeners(retryAfter: Int)
    /// The response to a load balancer's check after SIGTERM.
    case shuttingDown
}

extension APIError {
    /// A row of the table.
    typealias Row = (status: HTTPResponse.Status, errno: Int, text: String)

    /// Status, errno and text of the response. The texts are constant: they contain neither input nor
    /// internal details.
    var row: Row {
        switch self {
        case .invalidBroadcasterID:
            (.badRequest, 100, "Invalid broadcasterID (must be URL safe base64, <= 64 characters)")
        case .invalidChannelID:
            (.badRequest, 101, "Invalid bchannelID (must be URL safe base64, <= 128 characters)")
        case .invalidVersion(.notText):
            (.badRequest, 102, "Version information not included in body of update")
        case .contentRange: (.badRequest, 126, "Content-Range in a PUT")
        case .urgency: (.badRequest, 126, "Urgency is not very-low, low, normal or high")
        case .contentCoding: (.unsupportedMediaType, 131, "Unsupported Media Type")
        case .invalidVersion(.outOfRange), .emptyVersion:
            (.badRequest, 103, "Invalid Version (must be ASCII, <= 200 characters)")
        case .missingAuthorization: (.unauthorized, 120, "Missing authorization header")
        case .invalidAuthorization: (.unauthorized, 121, "Invalid authorization header")
        case .accessDenied: (.forbidden, 122, "Access denied to the requested resource")
        case .notFound: (.notFound, 123, "Not Found")
        case .methodNotAllowed: (.methodNotAllowed, 124, "Method Not Allowed")
        case .ohNoes: (.badRequest, 413, "Oh Noes!")
        case .refused(let refusal): Self.row(of: refusal)
        case .tooManyChannels: (.conflict, 130, "Too many channels")
        case .preconditionFailed: (.preconditionFailed, 128, "Precondition Failed")
        case .invalidQuery: (.badRequest, 129, "Invalid query parameter")
        case .unexpected: (.internalServerError, 201, "Unexpected megaphone error")
        case .storeFailed: (.serviceUnavailable, 202, "A database error occurred")
        case .tooManyListeners, .shuttingDown: Self.row(of: .tooManyConnections)
        }
    }

    private static func row(of refusal: Refusal) -> Row {
        switch refusal {
        case .malformed(let reason): (.badRequest, 126, reason.text)
        case .timeout: (.requestTimeout, 126, "Request Timeout")
        case .contentTooLarge: (.contentTooLarge, 125, "Payload Too Large")
        case .targetTooLong: (.uriTooLong, 126, "URI Too Long")
        case .expectationFailed: (.expectationFailed, 127, "Expectation Failed")
        case .fieldsTooLarge: (.requestHeaderFieldsTooLarge, 126, "Request Header Fields Too Large")
        case .notImplemented(let reason): (.notImplemented, 126, reason.text)
        case .versionNotSupported: (.httpVersionNotSupported, 126, "HTTP Version Not Supported")
        case .tooManyConnections:
            (.serviceUnavailable, 203, "Server is shutting down or over its connection limit")
        }
    }

    /// The content of the response.
    var body: [UInt8] {
        let (status, errno, text) = row
        var body = Array(#"{"code":\#(status.code),"errno":\#(errno),"error":"#.utf8)
        body.appendJSONString(text)
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// The detail that the log line adds to the text of the response.
    var detail: String? {
        switch self {
        case .unexpected(let reason): reason
        case .emptyVersion: "the body is empty"
        case .contentCoding: "the body has a content coding"
        case .storeFailed(.deadlineExceeded): "the database did not respond in time"
        case .storeFailed(.unavailable(let reason)), .storeFailed(.failed(let reason)): reason
        case .refused(.tooManyConnections): "over the connection limit"
        case .tooManyListeners: "max_listeners requests are held already"
        case .shuttingDown: "shutting down"
        default: nil
        }
    }
}

extension API {
    /// Seconds after which a client may retry when the service is unavailable: about the time of a recovery.
    private static let retryAfterSeconds = "2"

    func response(to error: APIError) -> LoggedResponse {
        let (status, errno, text) = error.row
        var fields = FieldLines([.contentType: jsonContentType, .cacheControl: noStore])
        switch error {
        case .missingAuthorization:
            fields.append(.wwwAuthenticate, challenge)
        case .invalidAuthorization:
            fields.append(.wwwAuthenticate, challenge + #", error="invalid_token""#)
        case .methodNotAllowed(let allowed):
            fields.append(.allow, allowed)
        case .tooManyListeners(let seconds):
            fields.append(.retryAfter, String(seconds))
        case .contentCoding:
            fields.append(.acceptEncoding, "identity")
        case .preconditionFailed(let entityTag?):
            fields.append(.eTag, entityTag)
        default:
            if status == .serviceUnavailable { fields.append(.retryAfter, Self.retryAfterSeconds) }
        }
        return LoggedResponse(
            Response(status: status, fields: fields, body: error.body), errno: errno,
            message: error.detail.map { "\(text): \($0)" } ?? text)
    }
}
