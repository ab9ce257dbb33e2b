internal import CLinux
internal import Glibc
internal import Time

/// The system has no thread, or no descriptor for a `WakeEvent`, left.
package struct ThreadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One of the `E…` constants of errno(3).
    package let number: Int32

    package var description: String { "no thread or descriptor left (errno \(number))" }
}

/// A POSIX thread outside Swift's cooperative pool, so that it may block.
///
/// It blocks all signals, which the process reads from a signalfd.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Blocks the calling thread for a duration, rounded up to milliseconds; a negative one counts as zero. A
    /// signal would end it early, but the threads of this program block all signals.
    package static func pause(_ duration: Duration) {
        poll(nil, 0, duration.pollMilliseconds)
    }

    /// Starts a thread, which must be joined or detached exactly once. The name is shown by `top` and `ps`,
    /// cut to the kernel's 15 bytes.
    package init(name: String, _ run: @escaping @Sendable () -> Void) throws(ThreadError) {
        let body = unsafe Unmanaged.passRetained(
            Body {
                nameThisThread(name)
                run()
            })
        var handle = pthread_t()
        let error = unsafe pthread_create(
            &handle, nil,
            { argument in
                blockSignals()
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard error == 0 else {
            unsafe body.release()
            throw ThreadError(number: error)
        }
        self.handle = handle
    }

    /// Blocks the calling thread until this thread has ended.
    package func join() {
        _ = pthread_join(handle, nil)
    }

    /// Detaches the thread, which then cannot be joined.
    package func detach() {
        _ = pthread_detach(handle)
    }

    /// Boxes the closure for pthread's untyped argument.
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}

private func nameThisThread(_ name: String) {
    let bytes = name.utf8.prefix(15).map(CChar.init(bitPattern:)) + [0]
    _ = unsafe pthread_setname_np(pthread_self(), bytes)
}

private func blockSignals() {
    var signals = sigset_t()
    _ = unsafe sigfillset(&signals)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
}
