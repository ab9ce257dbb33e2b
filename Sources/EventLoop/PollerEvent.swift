/// What an event or a timer entry belongs to: a number that the owner of the loop chooses when it registers a
/// descriptor or a deadline, and gets back.
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
/// This and `Readiness` hold truth values and are no option sets: those go through functions that are looked
/// up at run time when they are used from another room, which a profile showed.
package struct Interest: Hashable, Sendable {
    package var reading = false
    package var writing = false
    /// Reports only what has come since the last report, so that the kernel need not look again at each
    /// descriptor it has reported before it waits. Whoever leaves something unread asks anew by `modify`.
    package var byEdge = false

    package init(reading: Bool = false, writing: Bool = false, byEdge: Bool = false) {
        self.reading = reading
        self.writing = writing
        self.byEdge = byEdge
    }
}

/// What a watched descriptor reported.
package struct Readiness: Hashable, Sendable {
    package var canRead = false
    package var canWrite = false
    /// The peer has closed its side: behind what can be read stands the end.
    package var hasEnded = false
    /// The connection is gone in both directions, by an error or a reset.
    package var isGone = false

    package init(canRead: Bool = false, canWrite: Bool = false, hasEnded: Bool = false, isGone: Bool = false)
    {
        self.canRead = canRead
        self.canWrite = canWrite
        self.hasEnded = hasEnded
        self.isGone = isGone
    }
}

/// One event: the source the descriptor was added with, and what it is ready for.
package struct PollerEvent: Hashable, Sendable {
    package let source: EventSource
    package let readiness: Readiness
}
