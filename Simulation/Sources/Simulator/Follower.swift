import Time

/// Follows a view as a stream of events, over reconnects.
final class Follower: Actor {
    private let view: View
    private let check: StateCheck
    private let sendsLastEventID: Bool
    /// Reads a while, then not for a while.
    private let isSlow: Bool
    private var text = ""
    private var lastID = ""
    /// The state that the client has, and its index in the history of the view.
    private(set) var state: String?
    private var index = 0
    /// Since when the stream has been open; nil without one.
    private(set) var openSince: Instant?
    private var retry = 1000
    private var isNewStream = false

    init(
        _ name: String, _ view: View, _ check: StateCheck, _ habits: ClientHabits, sendsLastEventID: Bool,
        isSlow: Bool
    ) {
        self.view = view
        self.check = check
        self.sendsLastEventID = sendsLastEventID
        self.isSlow = isSlow
        super.init(name, check.cluster, habits)
    }

    override func act() {
        client?.whenPart = { [weak self] in self?.receive($0) }
        text = ""
        let known = sendsLastEventID ? lastID : ""
        // Without `Last-Event-ID` another node may be behind by a read: states may go back.
        if known.isEmpty { (index, state) = (0, nil) }
        send(
            "GET", view.path, token: view.owner ?? "reader",
            ["Accept: text/event-stream"] + (known.isEmpty ? [] : ["Last-Event-ID: \(known)"]),
            limit: .milliseconds(250), isStream: true
        ) { [weak self] response, _ in
            guard let self else { return }
            guard response.status == 200 else {
                if ![401, 404, 408, 503].contains(response.status) {
                    world.violate("\(name) got status \(response.status)")
                }
                return pause(100...2000)
            }
            // With `max_listeners = 0`, the response is that of an ordinary GET.
            guard response.fields["content-type"] == "text/event-stream" else { return pause(100...2000) }
            openSince = world.now
            isNewStream = true
            if isSlow { becomeSlow() }
        }
    }

    private func becomeSlow() {
        let link = client?.link
        client?.isUnreliable = true
        world.after(world.duration(100...2000)) { [weak self] in
            link?.read(false)
            guard let self else { return }
            world.after(world.duration(100...6000)) { link?.read(true) }
        }
    }

    override func disconnected() { openSince = nil }

    private func receive(_ part: String) {
        text += part
        let blocks = text.components("\n\n")
        text = blocks.last ?? ""
        for block in blocks.dropLast() { take(block) }
    }

    private func take(_ block: String) {
        var fields: [String: String] = [:]
        for line in block.components("\n") {
            let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        if let retry = fields["retry"] {
            guard let milliseconds = Int(retry), milliseconds >= 500 else {
                return world.violate("retry is \(retry)")
            }
            self.retry = milliseconds
        }
        guard fields["event"] == nil, let body = fields["data"] else { return }
        guard let id = fields["id"], id.count == 64 else { return world.violate("a state without an id") }
        take(body, id)
    }

    private func take(_ body: String, _ id: String) {
        world.note("\(name) has \(body)")
        if body == state { world.violate("\(name) got the same state twice: \(body)") }
        let views = cluster.database.views
        guard let found = views.index(view, body, from: index, by: world.now) else {
            return world.violate("\(name): states went back, or never existed: \(body)")
        }
        index = found
        state = body
        lastID = id
        isNewStream = false
    }

    /// The view has changed: some time later, a stream that has been open must have a state of that time or
    /// later.
    func expect(changeAt time: Instant, within limit: Duration) {
        guard !isSlow, let openSince, openSince < time, let client, !client.isUnreliable else { return }
        let views = cluster.database.views
        world.after(limit) { [weak self] in
            guard let self, self.openSince == openSince, client.isOpen else { return }
            if !views.had(view, state ?? "", from: time, to: world.now) {
                world.violate(
                    "\(name) does not have the change of \(view.path) after \(limit), but \(state ?? "nothing")"
                )
            }
        }
    }

    func follows(_ channel: String) -> Bool { view.covers(channel) }

    /// After the last change, the stream has the state that GET returns.
    func checkEnd() {
        guard !isSlow, let openSince, world.now - openSince > .seconds(2), client?.isUnreliable == false
        else { return }
        if let state, state != cluster.database.views.last(view) {
            world.violate("\(name) ends with \(state) and not with \(cluster.database.views.last(view))")
        }
    }
}
