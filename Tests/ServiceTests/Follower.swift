import Bytes
import TestSupport

/// A client that follows a resource as server-sent events.
final class Follower {
    /// One event.
    struct Event: Hashable {
        var name: String?
        var id: String?
        var data: String?
        var retry: Int?

        /// The version of the only channel in the data; nil if there is another number of channels.
        var version: String? {
            guard let data, let colon = data.split(separator: "\":\"").last, data.contains("\":\"") else {
                return nil
            }
            return String(colon.prefix { $0 != "\"" })
        }
    }

    let head: ReceivedResponse
    private let client: Client

    /// Connects and reads the head.
    init(
        _ service: RunningService, _ path: String, token: String? = "quux", lastEventID: String? = nil
    ) throws {
        client = try Client(service.address)
        var lines = ["GET \(path) HTTP/1.1", "Host: a", "Accept: text/event-stream"]
        if let token { lines.append("Authorization: Bearer \(token)") }
        if let lastEventID { lines.append("Last-Event-ID: \(lastEventID)") }
        try client.send((lines + ["", ""]).joined(separator: "\r\n"))
        head = try client.head()
    }

    /// Returns the next event. Throws at the end of the stream.
    func next() throws -> Event {
        var event = Event()
        for line in try client.text(through: "\n\n").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "event": event.name = parts[1]
            case "id": event.id = parts[1]
            case "data": event.data = parts[1]
            case "retry": event.retry = Int(parts[1])
            default: break
            }
        }
        return event
    }

    /// Returns the next state, and skips other events.
    func nextState() throws -> Event {
        while true {
            let event = try next()
            if event.id != nil { return event }
        }
    }

    /// Returns the states up to the one with this text.
    func states(through data: String) throws -> [Event] {
        var states: [Event] = []
        while states.last?.data != data { states.append(try nextState()) }
        return states
    }

    /// Returns the events up to the end of the stream.
    func rest() -> [Event] {
        var events: [Event] = []
        while let event = try? next() { events.append(event) }
        return events
    }
}
