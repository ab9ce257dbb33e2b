internal import CLinux
internal import Glibc
internal import Time

/// An auto-reset event: one thread waits for it, any thread signals it. It is an eventfd, which remembers a
/// signal that precedes the wait.
///
/// A descriptor and not a pthread condition, because the compiler can check that an integer is shared safely.
/// It costs one more system call per wait.
package final class WakeEvent: Sendable {
    private let descriptor: Int32

    /// Throws if the process has no descriptor left.
    package init() throws(ThreadError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw ThreadError(number: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Ends the wait in progress, or the next one.
    package func signal() {
        var one: UInt64 = 1
        // The write fails only if the counter is at its maximum, and then the event is signalled already.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Blocks the calling thread until a signal, or until the timeout has passed; without a timeout, until
    /// a signal. Resets the event.
    ///
    /// poll(2) counts milliseconds, so a wait ends up to one millisecond late.
    ///
    /// - Returns: Whether the event was signalled.
    @discardableResult
    package func wait(for timeout: Duration?) -> Bool {
        var interest = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // The threads of this program block all signals, so signals do not restart the wait repeatedly.
        while unsafe poll(&interest, 1, timeout?.pollMilliseconds ?? -1) < 0, errno == EINTR {}
        var count: UInt64 = 0
        return unsafe read(descriptor, &count, MemoryLayout<UInt64>.size) > 0
    }
}
