internal import CLinux
internal import Glibc
package import Time

/// What one thread waits on and any thread raises: an eventfd, which remembers a raise that came before the
/// wait.
///
/// A descriptor rather than a pthread condition, because a number may be shared between threads without
/// stepping around the compiler's checks. The price is one more system call a wait.
package final class WakeEvent: Sendable {
    private let descriptor: Int32

    /// Throws when the process has no descriptor left.
    package init() throws(ThreadError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw ThreadError(number: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Ends the wait under way, or the next one.
    package func signal() {
        var one: UInt64 = 1
        // The counter cannot overflow in practice, and a failed write leaves it raised all the same.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Blocks the calling thread until a raise or the deadline, whichever comes first; without a deadline,
    /// until a raise. The raise is used up.
    ///
    /// The kernel counts milliseconds here, so a wait ends up to one millisecond after its deadline.
    ///
    /// - Returns: Whether it was raised.
    @discardableResult
    package func wait(until deadline: Instant?) -> Bool {
        var interest = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&interest, 1, deadline.map { ($0 - .now).pollMilliseconds } ?? -1) < 0,
            errno == EINTR
        {}
        var count: UInt64 = 0
        return unsafe read(descriptor, &count, MemoryLayout<UInt64>.size) > 0
    }
}
