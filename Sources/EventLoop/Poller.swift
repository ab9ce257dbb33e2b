/// What a descriptor is watched for.
package struct Interest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let read = Interest(rawValue: 1)
    package static let write = Interest(rawValue: 2)
    /// Reports only what has come since the last report, so that the kernel need not look again at each
    /// descriptor it has reported before it waits. Whoever leaves something unread asks anew by `modify`.
    package static let edge = Interest(rawValue: 4)
}

/// What a watched descriptor reported.
package struct Readiness: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let read = Readiness(rawValue: 1)
    package static let write = Readiness(rawValue: 2)
    /// The connection is gone in both directions, by an error or a reset.
    package static let gone = Readiness(rawValue: 4)
    /// The peer has closed its side: behind what can be read stands the end.
    package static let ended = Readiness(rawValue: 8)
}

/// One event: the token the descriptor was added with, and what it is ready for.
package struct PollerEvent: Hashable, Sendable {
    package let token: UInt64
    package let readiness: Readiness
}

/// Waits for descriptors. What was not handled is reported again, unless the interest has `edge`.
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
