import Broadcasts
import Time

/// A part of the board that a request reads, for readers or for its own broadcaster.
enum View: Hashable {
    case board
    case broadcaster(String, isOwn: Bool)
    case channel(String, isOwn: Bool)

    var path: String {
        switch self {
        case .board: "/v1/broadcasts"
        case .broadcaster(let name, _), .channel(let name, _): "/v1/broadcasts/\(name)"
        }
    }

    /// The broadcaster whose token reads the view; nil: a reader's.
    var owner: String? {
        switch self {
        case .board, .broadcaster(_, isOwn: false), .channel(_, isOwn: false): nil
        case .broadcaster(let name, isOwn: true): name
        case .channel(let name, isOwn: true): name.split(separator: "/").first.map(String.init)
        }
    }

    func covers(_ channel: String) -> Bool {
        switch self {
        case .board: true
        case .broadcaster(let name, _): channel.hasPrefix("\(name)/")
        case .channel(let name, _): channel == name
        }
    }

    /// The body of the response to GET. Versions need no escape here.
    func body(of rows: [String: StoredChannel]) -> String {
        let isOwn = owner != nil
        let entries = rows.keys.filter(covers).sorted().compactMap { name -> String? in
            guard let row = rows[name] else { return nil }
            return "\"\(name)\":\"\(isOwn ? row.version : row.shown ?? row.version)\""
        }
        if case .channel = self, entries.isEmpty { return absentBody }
        return "{\"code\":200,\"broadcasts\":{\(entries.joined(separator: ","))}}"
    }
}

let absentBody = #"{"code":404,"errno":123,"error":"Not Found"}"#

/// Every state that each view has had, with its time.
final class ViewHistories {
    struct State {
        let time: Instant
        let body: String
    }

    let all: [View]
    private(set) var states: [View: [State]] = [:]

    init(channels: [String], at now: Instant) {
        var all: [View] = [.board]
        var broadcasters: [String] = []
        for channel in channels {
            guard let broadcaster = channel.split(separator: "/").first.map(String.init) else { continue }
            if !broadcasters.contains(broadcaster) { broadcasters.append(broadcaster) }
            all += [.channel(channel, isOwn: false), .channel(channel, isOwn: true)]
        }
        for name in broadcasters {
            all += [.broadcaster(name, isOwn: false), .broadcaster(name, isOwn: true)]
        }
        self.all = all
        record([:], at: now)
    }

    func record(_ rows: [String: StoredChannel], at now: Instant) {
        for view in all {
            let body = view.body(of: rows)
            if states[view]?.last?.body != body {
                states[view, default: []].append(State(time: now, body: body))
            }
        }
    }

    func last(_ view: View) -> String { states[view]?.last?.body ?? "" }

    /// Returns whether the view had this state at some time between two instants.
    func had(_ view: View, _ body: String, from: Instant, to: Instant) -> Bool {
        let states = states[view] ?? []
        for index in states.indices.reversed() where states[index].time <= to {
            if states[index].body == body { return true }
            // A state that began at this instant followed another one at the same instant.
            if states[index].time < from { return false }
        }
        return false
    }

    /// Returns the first index, from a given one on, of a state with this body that existed by then.
    func index(_ view: View, _ body: String, from index: Int, by now: Instant) -> Int? {
        let states = states[view] ?? []
        return states.indices.first { $0 >= index && states[$0].time <= now && states[$0].body == body }
    }
}
