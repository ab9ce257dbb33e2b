import Access
import Broadcasts
import HTTP
import Time

/// The requests that one loop holds: their audiences, deadlines and deliveries.
final class HeldRequests {
    private let api: API
    private let inbox: LoopInbox
    private var audiences: [Audience] = []
    private var audienceOf: [BoardView: Audience] = [:]
    private var deadlines = DeadlineHeap<HeldRequest>()
    /// Requests that must be looked at in this turn.
    private var attention: [HeldRequest] = []
    /// Audiences that need a pass.
    private var changed: [Audience] = []
    private(set) var count = 0
    private(set) var isDraining = false
    /// The number of held requests of the node when the drain began.
    private(set) var listenersAtDrain = 0
    /// The read whose states the audiences have.
    private var lastRead: GoodRead?
    /// Number of streams that wait until the store answers again.
    private var recovering = 0
    /// When the feed must be asked whether a read is due.
    private var nextRead: Instant?
    /// The settings that all held requests have been checked against.
    private var rules: API.Rules
    /// When the tokens of the requests must be checked; nil if none of them expires any more.
    private var nextExpiryCheck: Instant?
    /// Number of states sent on streams in the last turn.
    var statesSent = 0
    /// The number of states delivered in the last turn, and when their reads ended.
    private var delivered: [(count: Int, readEnded: Instant)] = []

    init(_ api: API, _ inbox: LoopInbox) {
        self.api = api
        self.inbox = inbox
        rules = api.rules
    }

    var isEmpty: Bool { count == 0 && attention.isEmpty }

    // MARK: - Requests

    /// Holds a request until the state of its view changes or `due`. The caller has admitted it.
    func add(_ request: HeldRequest, until due: Instant) -> Audience {
        let audience = audience(of: request.view)
        audience.add(request)
        count += 1
        if count == 1 {
            api.feed.hold(inbox)
            let now = api.clock.now
            nextRead = now
            scheduleExpiryCheck(at: now)
            // A read that ended before the feed knew of this loop has not been reported to it.
            if api.feed.snapshot.lastGoodRead?.board !== lastRead?.board { inbox.readEnded() }
        }
        deadlines.set(request, to: due)
        return audience
    }

    /// Lets go of a request.
    func remove(_ request: HeldRequest, _ audience: Audience) {
        deadlines.remove(request)
        audience.remove(request)
        api.listeners.leave(request.kind)
        if audience.members.isEmpty { remove(audience) }
        count -= 1
        if count == 0 {
            api.feed.release(inbox)
            nextRead = nil
        }
    }

    func reschedule(_ request: HeldRequest, to due: Instant) {
        deadlines.set(request, to: due)
    }

    /// Looks at a request in this turn.
    func attend(_ request: HeldRequest) {
        guard !request.needsAttention else { return }
        request.needsAttention = true
        attention.append(request)
    }

    private func audience(of view: BoardView) -> Audience {
        if let known = audienceOf[view] { return known }
        let audience = Audience(view)
        if let lastRead { _ = audience.update(lastRead) }
        audience.index = audiences.count
        audiences.append(audience)
        audienceOf[view] = audience
        return audience
    }

    private func remove(_ audience: Audience) {
        audienceOf[audience.view] = nil
        let last = audiences.removeLast()
        guard last !== audience else { return }
        audiences[audience.index] = last
        last.index = audience.index
    }

    // MARK: - Events

    /// Takes the states of the last read, and queues the audiences that need a pass. Requests that look at
    /// the snapshot afterwards join audiences that have the same states.
    func synchronize(_ snapshot: BoardFeed.Snapshot) {
        guard let read = snapshot.lastGoodRead, read.board !== lastRead?.board || recovering > 0 else {
            return
        }
        lastRead = read
        for audience in audiences where audience.update(read) || audience.recovering > 0 {
            guard !audience.isQueued else { continue }
            audience.isQueued = true
            changed.append(audience)
        }
    }

    /// Counts a stream that waits until the store answers.
    func beginRecovery(_ audience: Audience) {
        recovering += 1
        audience.recovering += 1
    }

    /// Counts a stream that waits no longer.
    func endRecovery(_ audience: Audience) {
        recovering -= 1
        audience.recovering -= 1
    }

    /// Ends all requests, spread evenly over a duration. No more are held.
    func drain(over duration: Duration) {
        isDraining = true
        listenersAtDrain = api.listeners.total
        let now = api.clock.now
        var ended = 0
        for audience in audiences {
            for request in audience.members {
                request.drain(at: now + duration * ended / max(count, 1))
                ended += 1
            }
        }
    }

    /// Makes up to `maximum` deliveries. Returns when to be called again.
    func fanOut(_ deliveries: inout [Delivery], maximum: Int) -> Instant? {
        recordDeliveries()
        guard !isEmpty || !changed.isEmpty else { return nil }
        let now = api.clock.now
        checkRules(at: now)
        if let due = nextRead, due <= now { nextRead = api.feed.readIfDue(at: now) }
        attend(&deliveries, maximum, at: now)
        passDeadlines(&deliveries, maximum, at: now)
        let nextPass = runPasses(&deliveries, maximum, at: now)
        if !deliveries.isEmpty || !attention.isEmpty || statesSent > 0 { return now }
        return earliest(nextPass, earliest(deadlines.first?.due, earliest(nextRead, nextExpiryCheck)))
    }

    private func attend(_ deliveries: inout [Delivery], _ maximum: Int, at now: Instant) {
        var attended = 0
        while attended < attention.count, deliveries.count < maximum {
            let request = attention[attended]
            attended += 1
            request.needsAttention = false
            if let delivery = request.attend(at: now) { deliveries.append(delivery) }
        }
        attention.removeFirst(attended)
    }

    private func passDeadlines(_ deliveries: inout [Delivery], _ maximum: Int, at now: Instant) {
        while let request = deadlines.first, request.due <= now, deliveries.count < maximum {
            if let delivery = request.duePassed(at: now) { deliveries.append(delivery) }
        }
    }

    private func runPasses(_ deliveries: inout [Delivery], _ maximum: Int, at now: Instant) -> Instant? {
        var later: [Audience] = []
        var done = 0
        while done < changed.count, deliveries.count < maximum {
            let audience = changed[done]
            if !audience.isInPass {
                if let notBefore = audience.notBefore, notBefore > now {
                    later.append(audience)
                    done += 1
                    continue
                }
                audience.beginPass(at: now)
            }
            let before = deliveries.count
            audience.continuePass(&deliveries, maximum: maximum, at: now)
            if deliveries.count > before, let readEnded = audience.readEnded {
                delivered.append((deliveries.count - before, readEnded))
            }
            if audience.isInPass { break }
            audience.isQueued = !audience.isSettled
            if audience.isQueued { later.append(audience) }
            done += 1
        }
        changed.replaceSubrange(..<done, with: later)
        return later.compactMap(\.notBefore).min()
    }

    /// Notes that a state of this turn was dropped, because its client is slow.
    func stateDropped() {
        statesSent -= 1
        if let last = delivered.indices.last { delivered[last].count -= 1 }
    }

    /// Counts the states of the last turn, and records how long after their reads they were written.
    private func recordDeliveries() {
        guard !delivered.isEmpty || statesSent > 0 else { return }
        api.metrics.recordStates(statesSent)
        statesSent = 0
        let now = api.clock.now
        for (count, readEnded) in delivered where count > 0 {
            api.metrics.recordDeliveries(count, after: readEnded.duration(to: now))
        }
        delivered.removeAll(keepingCapacity: true)
    }

    /// Ends the requests that may no longer read: after the settings have changed, or a token has expired.
    private func checkRules(at now: Instant) {
        let current = api.rules
        let isExpiryDue = nextExpiryCheck.map { $0 <= now } ?? false
        guard current !== rules || isExpiryDue else { return }
        rules = current
        scheduleExpiryCheck(at: now)
        for audience in audiences {
            for request in audience.members {
                request.revocation = api.revocation(of: request.context, request.view, current.access)
                if request.revocation != nil { attend(request) }
            }
        }
    }

    /// How long after a check the next one is made at the latest: the wall clock may be set.
    private static let longestExpiryPause = Duration.seconds(60)

    /// Sets when the requests must be checked because a token expires.
    private func scheduleExpiryCheck(at now: Instant) {
        let time = api.clock.wallTime
        guard let next = rules.access.expiries.first(where: { $0.time > time }) else {
            nextExpiryCheck = nil
            return
        }
        let left = next.time.nanoseconds - time.nanoseconds
        nextExpiryCheck = now + min(.nanoseconds(left), Self.longestExpiryPause)
    }
}
