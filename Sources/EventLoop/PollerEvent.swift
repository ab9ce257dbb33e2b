/// Identifies the descriptor or deadline that an event belongs to: a number that the owner of the loop
/// chooses when it registers one, and gets back.
package struct EventSource: Hashable, Sendable, ExpressibleByIntegerLiteral {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(integerLiteral value: UInt64) {
        rawValue = value
    }
}

/// What a descriptor is watched for.
///
/// This type and `Readiness` hold Booleans and are not option sets: in a profile, operations on option sets
/// of another module were functions that are looked up at run time.
package struct Interest: Hashable, Sendable {
    package var reading = false
    package var writing = false
    /// The end of the peer's stream, without reading (EPOLLRDHUP). Reading includes it.
    package var ending = false
    /// Edge-triggered (EPOLLET): reports a change once, so that the kernel need not check every reported
    /// descriptor again before it waits. A caller that leaves bytes unread must rearm with `modify`.
    package var byEdge = false

    package init(
        reading: Bool = false, writing: Bool = false, ending: Bool = false, byEdge: Bool = false
    ) {
        self.reading = reading
        self.writing = writing
        self.ending = ending
        self.byEdge = byEdge
    }
}

/// What a watched descriptor reported.
package struct Readiness: Hashable, Sendable {
    package var canRead = false
    package var canWrite = false
    /// The peer has closed its sending side (EPOLLRDHUP): the stream ends after the readable bytes.
    package var hasEnded = false
    /// The connection has ended in both directions, by an error or a reset (EPOLLERR, EPOLLHUP).
    package var isGone = false

    package init(canRead: Bool = false, canWrite: Bool = false, hasEnded: Bool = false, isGone: Bool = false)
    {
        self.canRead = canRead
        self.canWrite = canWrite
        self.hasEnded = hasEnded
        self.isGone = isGone
    }
}

/// One event: the source that the descriptor was registered with, and its readiness.
package struct PollerEvent: Hashable, Sendable {
    package let source: EventSource
    package let readiness: Readiness
}
