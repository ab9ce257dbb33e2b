import Broadcasts
import Bytes
import HTTP
import Time

/// The blocks of an event stream (HTML, section 9.2). Each ends with an empty line.
enum EventText {
    /// A state: its ID, and the content in one line. JSON escapes every line break.
    static func state(_ content: Content) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(content.body.count + 80)
        text.append("id: ")
        text.append(contentsOf: content.id.utf8)
        text.append("\ndata: ")
        text += content.body
        text.append("\n\n")
        return text
    }

    /// A sign of life. `age` is the time since the last good read began; nil before the first.
    static func keepAlive(age: Duration?) -> [UInt8] {
        let seconds = age.map { String(max(0, $0.components.seconds)) } ?? "null"
        return Array("event: keep-alive\ndata: {\"age\":\(seconds)}\n\n".utf8)
    }

    /// When the client reconnects after the end of the stream.
    static func retry(_ duration: Duration) -> [UInt8] {
        let (seconds, attoseconds) = duration.components
        return Array("retry: \(seconds * 1000 + attoseconds / 1_000_000_000_000_000)\n\n".utf8)
    }
}

/// Why a stream ended: the label of a metric, and in the log.
enum StreamEnd: String, CaseIterable, Sendable {
    /// `stream_max_age` is reached.
    case age
    /// The server is shutting down.
    case drain
    /// The token may no longer read here.
    case revoked
    /// The client has accepted nothing for `body_timeout`.
    case slow
    /// The client has left.
    case gone
    /// `max_listeners` requests are held already.
    case excess
}
