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

/// One event: the token the descriptor was added with, and what it is ready for.
package struct PollerEvent: Hashable, Sendable {
    package let token: UInt64
    package let readiness: Readiness
}

/// Waits for descriptors. What was not handled is reported again, unless the interest is `byEdge`.
package protocol Poller: ~Copyable {
    /// Watches a descriptor. Events carry the token.
    func add(_ descriptor: borrowing FileDescriptor, token: UInt64, interest: Interest) throws(SystemError)

    /// Watches for something else from now on.
    func modify(_ descriptor: borrowing FileDescriptor, token: UInt64, interest: Interest) throws(SystemError)

    /// Watches no more. Closing the only descriptor of a socket does the same.
    func remove(_ descriptor: borrowing FileDescriptor) throws(SystemError)

    /// Waits until something is ready or the time is over (nil: for ever), and replaces `events`.
    mutating func wait(into events: inout [PollerEvent], timeout: Duration?) throws(SystemError)
}
