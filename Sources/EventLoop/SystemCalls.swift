package import Bytes
internal import CLinux
internal import Glibc

/// The system calls on sockets and pollers: thin wrappers that throw the kernel's error.
///
/// EINTR is retried here and not by callers; in `wait` it counts as a wait without events.
package struct SystemCalls: Sendable {
    private let faults: FaultTable?
    /// Takes the calls in place of the system's kernel; nil in production.
    let kernel: (any Kernel)?

    package init(faults: FaultTable? = nil) {
        self.faults = faults
        kernel = nil
    }

    /// Creates calls to a simulated kernel.
    package init(_ kernel: any Kernel) {
        faults = nil
        self.kernel = kernel
    }

    // MARK: - Bytes

    /// Receives at most `buffer.count` bytes, at least 1, into the beginning of `buffer`.
    ///
    /// - Returns: The number of bytes, 0 at the end of the stream; and whether the socket has been drained,
    ///   which is certain after a read that did not fill the buffer (epoll(7)).
    package func receive(
        _ socket: borrowing FileDescriptor, into buffer: inout [UInt8]
    ) throws(SystemError) -> (count: Int, isAll: Bool) {
        if let kernel { return try kernel.receive(socket.rawValue, into: &buffer) }
        let limit = try limit(.recv, buffer.count)
        let number = socket.rawValue
        let count = try retrying(.recv) {
            unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.recv(number, $0.baseAddress, limit, 0) }
        }
        return (count, count < limit)
    }

    /// Sends bytes from `offset` on. Returns how many the kernel accepted.
    package func send(
        _ socket: borrowing FileDescriptor, _ bytes: [UInt8], from offset: Int = 0
    ) throws(SystemError) -> Int {
        if let kernel { return try kernel.send(socket.rawValue, bytes[offset...]) }
        let limit = try limit(.send, bytes.count - offset)
        let number = socket.rawValue
        return try retrying(.send) {
            unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    number, $0.baseAddress.map { unsafe $0 + offset }, limit, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Sends two arrays from their offsets on in one call, the second after the first. Returns how many bytes
    /// the kernel accepted.
    package func send(
        _ descriptor: borrowing FileDescriptor, _ first: [UInt8], from offset: Int, then second: [UInt8],
        from secondOffset: Int
    ) throws(SystemError) -> Int {
        if let kernel {
            return try kernel.send(descriptor.rawValue, first[offset...] + second[secondOffset...])
        }
        let wanted = first.count - offset + second.count - secondOffset
        let limit = try limit(.writev, wanted)
        // A short write injected by a test sends bytes of the first array only.
        if limit < wanted { return try send(descriptor, first, from: offset) }
        let number = descriptor.rawValue
        return try retrying(.writev) {
            unsafe first.withUnsafeBytes { first in
                unsafe second.withUnsafeBytes { second in
                    let parts: [2 of iovec] = unsafe [
                        iovec(
                            iov_base: UnsafeMutableRawPointer(
                                mutating: first.baseAddress.map { unsafe $0 + offset }),
                            iov_len: first.count - offset),
                        iovec(
                            iov_base: UnsafeMutableRawPointer(
                                mutating: second.baseAddress.map { unsafe $0 + secondOffset }),
                            iov_len: second.count - secondOffset),
                    ]
                    return unsafe withUnsafePointer(to: parts) { parts in
                        unsafe parts.withMemoryRebound(to: iovec.self, capacity: 2) {
                            unsafe Glibc.writev(number, $0, 2)
                        }
                    }
                }
            }
        }
    }

    // MARK: - Sockets

    /// Creates a TCP socket, non-blocking and closed on exec.
    package func socket(_ family: IPAddress.Family) throws(SystemError) -> FileDescriptor {
        if let kernel { return FileDescriptor(owning: try kernel.socket(), system: self) }
        try fail(.socket)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return FileDescriptor(
            owning: Int32(try retrying(.socket) { Int(Glibc.socket(family.rawValue, type, 0)) }), system: self
        )
    }

    /// Sets an option that takes a number (setsockopt(2)).
    package func setOption(
        _ descriptor: borrowing FileDescriptor, _ option: SocketOption, _ value: Int32
    ) throws(SystemError) {
        guard kernel == nil else { return }
        try fail(.setsockopt)
        let number = descriptor.rawValue
        let (level, name) = option.levelAndName
        _ = try retrying(.setsockopt) {
            unsafe withUnsafePointer(to: value) {
                Int(unsafe Glibc.setsockopt(number, level, name, $0, socklen_t(MemoryLayout<Int32>.size)))
            }
        }
    }

    /// Binds a socket to an address. Throws EADDRINUSE if the port is taken.
    package func bind(_ descriptor: borrowing FileDescriptor, to address: SocketAddress) throws(SystemError) {
        guard kernel == nil else { return }
        try fail(.bind)
        let number = descriptor.rawValue
        _ = try retrying(.bind) {
            unsafe address.withSockaddr { Int(unsafe Glibc.bind(number, $0, $1)) }
        }
    }

    /// Starts to connect. A non-blocking socket throws EINPROGRESS, and the poller reports when the
    /// connection is established.
    package func connect(_ descriptor: borrowing FileDescriptor, to address: SocketAddress)
        throws(SystemError)
    {
        try fail(.connect)
        let number = descriptor.rawValue
        _ = try retrying(.connect) {
            unsafe address.withSockaddr { Int(unsafe Glibc.connect(number, $0, $1)) }
        }
    }

    /// Starts to listen. At most `backlog` connections wait to be accepted, capped by `net.core.somaxconn`.
    package func listen(_ descriptor: borrowing FileDescriptor, backlog: Int32) throws(SystemError) {
        if let kernel { return kernel.listen(descriptor.rawValue) }
        try fail(.listen)
        let number = descriptor.rawValue
        _ = try retrying(.listen) { Int(Glibc.listen(number, backlog)) }
    }

    /// Returns the address that a socket is bound to, with the port that the kernel chose for port 0.
    package func localAddress(_ descriptor: borrowing FileDescriptor) throws(SystemError) -> SocketAddress {
        if let kernel { return kernel.localAddress(descriptor.rawValue) }
        try fail(.getsockname)
        let number = descriptor.rawValue
        var address = SocketAddress.Storage()
        _ = try retrying(.getsockname) {
            unsafe address.withSockaddr { Int(unsafe Glibc.getsockname(number, $0, $1)) }
        }
        return address.address
    }

    /// Accepts one connection, non-blocking and closed on exec, and sets `peer` to the address of its client.
    package func accept(
        _ listener: borrowing FileDescriptor, peer: inout SocketAddress
    ) throws(SystemError) -> FileDescriptor {
        if let kernel {
            return FileDescriptor(owning: try kernel.accept(listener.rawValue, peer: &peer), system: self)
        }
        try fail(.accept4)
        let number = listener.rawValue
        var address = SocketAddress.Storage()
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let accepted = try retrying(.accept4) {
            unsafe address.withSockaddr { Int(unsafe CLinux.accept4(number, $0, $1, flags)) }
        }
        peer = address.address
        return FileDescriptor(owning: Int32(accepted), system: self)
    }

    /// Shuts down the sending side: the peer reads the end of the stream, and may still send.
    package func shutdownWrite(_ descriptor: borrowing FileDescriptor) throws(SystemError) {
        if let kernel { return kernel.shutdownWrite(descriptor.rawValue) }
        try fail(.shutdown)
        let number = descriptor.rawValue
        _ = try retrying(.shutdown) { Int(Glibc.shutdown(number, Int32(SHUT_WR))) }
    }

    // MARK: - Events

    /// Creates a counter that wakes a poller when another thread adds to it (eventfd(2)).
    package func makeEventCounter() throws(SystemError) -> FileDescriptor {
        if let kernel { return FileDescriptor(owning: kernel.makeEventCounter(), system: self) }
        try fail(.eventfd)
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        return FileDescriptor(
            owning: Int32(try retrying(.eventfd) { Int(CLinux.eventfd(0, flags)) }), system: self)
    }

    /// Adds one to a counter. Throws EAGAIN at its maximum, 2⁶⁴ - 2 (eventfd(2)).
    func increment(_ counter: borrowing FileDescriptor) throws(SystemError) {
        if let kernel { return kernel.increment(counter.rawValue) }
        try fail(.write)
        let number = counter.rawValue
        _ = try retrying(.write) {
            var one: UInt64 = 1
            return unsafe write(number, &one, MemoryLayout<UInt64>.size)
        }
    }

    /// Creates the descriptor that `control` and `wait` use (epoll_create1(2)).
    package func makePoller() throws(SystemError) -> FileDescriptor {
        if let kernel { return FileDescriptor(owning: kernel.makePoller(), system: self) }
        try fail(.epollCreate)
        return FileDescriptor(
            owning: Int32(try retrying(.epollCreate) { Int(epoll_create1(Int32(EPOLL_CLOEXEC))) }),
            system: self)
    }

    func control(
        _ poller: borrowing FileDescriptor, _ operation: Int32, _ descriptor: Int32, events: UInt32,
        source: EventSource
    ) throws(SystemError) {
        try fail(.epollControl)
        let number = poller.rawValue
        var event = unsafe megaphone_epoll_event(events, source.rawValue)
        _ = try retrying(.epollControl) {
            unsafe withUnsafeMutablePointer(to: &event) {
                Int(unsafe epoll_ctl(number, operation, descriptor, $0))
            }
        }
    }

    /// Waits for events and returns their number. Returns 0 if interrupted, so that the caller reads its
    /// clock again.
    func wait(
        _ poller: borrowing FileDescriptor, into events: inout [epoll_event], timeoutMilliseconds: Int32
    ) throws(SystemError) -> Int {
        try fail(.epollWait)
        let number = poller.rawValue
        let count = unsafe events.withUnsafeMutableBufferPointer {
            unsafe epoll_wait(number, $0.baseAddress, Int32($0.count), timeoutMilliseconds)
        }
        if count >= 0 { return Int(count) }
        let error = errno
        if error == EINTR { return 0 }
        throw SystemError(.epollWait, error)
    }

    // MARK: - Descriptors

    /// Closes a descriptor. Errors are ignored and not retried: Linux frees the number even if close fails
    /// with EINTR or EIO (close(2)).
    func close(_ descriptor: Int32) {
        if let kernel { return kernel.close(descriptor) }
        _ = faults?.next(.close)
        _ = Glibc.close(descriptor)
    }

    // MARK: - Faults and errors

    private func fail(_ call: SystemCall) throws(SystemError) {
        guard let faults, case .fails(let number) = faults.next(call), number != EINTR else { return }
        throw SystemError(call, number)
    }

    /// Returns how many of `count` bytes the call may transfer. An injected EINTR counts as one that has been
    /// retried.
    private func limit(_ call: SystemCall, _ count: Int) throws(SystemError) -> Int {
        guard let faults, let fault = faults.next(call) else { return count }
        switch fault {
        case .fails(let number) where number == EINTR: return count
        case .fails(let number): throw SystemError(call, number)
        case .moves(let most): return min(count, most)
        }
    }

    @inline(__always)
    private func retrying(_ call: SystemCall, _ body: () -> Int) throws(SystemError) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            let error = errno
            if error != EINTR { throw SystemError(call, error) }
        }
    }
}
