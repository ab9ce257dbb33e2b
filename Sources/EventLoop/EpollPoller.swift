internal import CLinux
internal import Time

/// Waits for descriptors with epoll(7): edge-triggered where the interest is `byEdge`, otherwise
/// level-triggered.
@safe package struct EpollPoller: ~Copyable {
    private let system: SystemCalls
    private let descriptor: FileDescriptor
    private var kernelEvents: [epoll_event]

    /// Creates the epoll instance. A call of `wait` returns at most `capacity` events; more stay in the
    /// kernel for the next call.
    package init(system: SystemCalls, capacity: Int = 256) throws(SystemError) {
        self.system = system
        descriptor = try system.makePoller()
        unsafe kernelEvents = unsafe Array(repeating: epoll_event(), count: capacity)
    }

    /// Registers a descriptor. Its events carry `source`.
    package func add(
        _ descriptor: borrowing FileDescriptor, source: EventSource, interest: Interest
    ) throws(SystemError) {
        if let kernel = system.kernel {
            return kernel.watch(
                descriptor.rawValue, of: self.descriptor.rawValue, source: source, interest: interest)
        }
        try system.control(
            self.descriptor, EPOLL_CTL_ADD, descriptor.rawValue, events: Self.bits(interest), source: source)
    }

    /// Replaces the interest of a registered descriptor. Also rearms it: a descriptor that is ready is
    /// reported again, edge-triggered or not.
    package func modify(
        _ descriptor: borrowing FileDescriptor, source: EventSource, interest: Interest
    ) throws(SystemError) {
        if let kernel = system.kernel {
            return kernel.watch(
                descriptor.rawValue, of: self.descriptor.rawValue, source: source, interest: interest)
        }
        try system.control(
            self.descriptor, EPOLL_CTL_MOD, descriptor.rawValue, events: Self.bits(interest), source: source)
    }

    /// Removes a descriptor. Closing the only descriptor of a socket does the same.
    package func remove(_ descriptor: borrowing FileDescriptor) throws(SystemError) {
        if let kernel = system.kernel {
            return kernel.watch(
                descriptor.rawValue, of: self.descriptor.rawValue, source: 0, interest: nil)
        }
        try system.control(
            self.descriptor, EPOLL_CTL_DEL, descriptor.rawValue, events: 0, source: EventSource(rawValue: 0))
    }

    /// Waits until a descriptor is ready or the timeout has passed (nil: no timeout), and replaces the
    /// content of `events`.
    package mutating func wait(
        into events: inout [PollerEvent], timeout: Duration?
    ) throws(SystemError) {
        if let kernel = system.kernel {
            events = kernel.wait(descriptor.rawValue, timeoutMilliseconds: timeout?.pollMilliseconds)
            return
        }
        events.removeAll(keepingCapacity: true)
        let count = try unsafe system.wait(
            descriptor, into: &kernelEvents, timeoutMilliseconds: timeout?.pollMilliseconds ?? -1)
        for index in 0..<count {
            let event = unsafe kernelEvents[index]
            events.append(
                PollerEvent(
                    source: EventSource(rawValue: unsafe megaphone_epoll_data(event)),
                    readiness: Self.readiness(unsafe event.events)
                ))
        }
    }

    private static func bits(_ interest: Interest) -> UInt32 {
        var bits: UInt32 = 0
        if interest.reading { bits |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        if interest.writing { bits |= EPOLLOUT.rawValue }
        if interest.ending { bits |= EPOLLRDHUP.rawValue }
        if interest.byEdge { bits |= EPOLLET.rawValue }
        return bits
    }

    private static func readiness(_ bits: UInt32) -> Readiness {
        Readiness(
            canRead: bits & EPOLLIN.rawValue != 0, canWrite: bits & EPOLLOUT.rawValue != 0,
            hasEnded: bits & EPOLLRDHUP.rawValue != 0,
            isGone: bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
    }
}
