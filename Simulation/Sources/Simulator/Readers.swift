import Broadcasts
import Time

/// What readers may expect of the nodes.
struct Expectations {
    /// How old a response without `Age` may be (`max_staleness`).
    var staleness = Duration.zero
    /// How long a change may take to reach the listeners. Nil if faults make that unlimited.
    var delivery: Duration?
    /// Whether 503 is a possible answer.
    var mayFail = true
}

/// Checks a state that was received.
struct StateCheck {
    let cluster: Cluster
    let expectations: Expectations

    /// A response to GET, or to a wait, shows a state that the view had since the request was sent.
    func check(_ view: View, _ response: ReceivedResponse, _ request: SentRequest, from begin: Instant? = nil)
    {
        let (world, views) = (cluster.world, cluster.database.views)
        switch response.status {
        case 200, 404: break
        case 401, 408, 503: return
        default: return world.violate("request \(request.id) got status \(response.status)")
        }
        var from = (begin ?? request.sentAt) + .zero - expectations.staleness
        if let age = response.fields["age"] {
            guard let seconds = Int(age) else { return world.violate("Age is \(age)") }
            from = from - .seconds(seconds + 1)
        }
        if !views.had(view, response.body, from: from, to: world.now) {
            world.violate(
                "\(request.id): \(view.path) shows \(response.body), which it did not have since the request")
        }
    }
}

/// Polls a view, with and without `If-None-Match`.
final class Poller: Actor {
    private let view: View
    private let check: StateCheck
    private var tag: String?
    private var body: String?

    init(_ name: String, _ view: View, _ check: StateCheck, _ habits: ClientHabits) {
        self.view = view
        self.check = check
        super.init(name, check.cluster, habits)
    }

    override func act() {
        let known = world.chance(0.5) ? tag : nil
        let body = body
        send(
            "GET", view.path, token: view.owner ?? "reader", known.map { ["If-None-Match: \($0)"] } ?? [],
            limit: .milliseconds(250)
        ) { [weak self] response, request in
            guard let self else { return }
            take(response, request, known == nil ? nil : body)
            pause(20...1500)
        }
    }

    private func take(_ response: ReceivedResponse, _ request: SentRequest, _ known: String?) {
        if response.status == 304 {
            guard let known else { return world.violate("\(request.id): 304 without a condition") }
            var same = response
            (same.status, same.body) = (200, known)
            return check.check(view, same, request)
        }
        check.check(view, response, request)
        if response.status == 200 { (tag, body) = (response.fields["etag"], response.body) }
    }
}

/// Waits for changes of a view.
final class WaitingReader: Actor {
    private let view: View
    private let check: StateCheck
    private var tag: String?
    private var body: String?

    init(_ name: String, _ view: View, _ check: StateCheck, _ habits: ClientHabits) {
        self.view = view
        self.check = check
        super.init(name, check.cluster, habits)
    }

    override func act() {
        let seconds = world.number(0...8)
        let (tag, body) = (tag, body)
        send(
            "GET", view.path, token: view.owner ?? "reader",
            ["Prefer: wait=\(seconds)"] + (tag.map { ["If-None-Match: \($0)"] } ?? []),
            limit: .seconds(seconds) + .milliseconds(400)
        ) { [weak self] response, request in
            guard let self else { return }
            take(response, request, tag == nil ? absentBody : body ?? "")
            pause(1...1000)
        }
    }

    private func take(_ response: ReceivedResponse, _ request: SentRequest, _ known: String) {
        // The state at the end counts. One read and the way back lie between.
        let recently = max(request.sentAt, world.now - (check.expectations.delivery ?? .seconds(60)))
        if response.status == 304 {
            var same = response
            (same.status, same.body) = (200, known)
            if known == absentBody { same.status = 404 }
            return check.check(view, same, request, from: recently)
        }
        check.check(view, response, request)
        if response.status == 200 { (tag, body) = (response.fields["etag"], response.body) }
        if response.status == 404 { (tag, body) = (nil, nil) }
    }
}
