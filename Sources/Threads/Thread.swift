internal import CLinux
internal import Glibc
internal import Time

/// The system has no thread, or no descriptor for a wakeEvent, left to give.
package struct ThreadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One of the `E…` constants of errno(3).
    package let number: Int32

    package var description: String { "no thread or descriptor left (errno \(number))" }
}

/// A thread of our own, outside Swift's cooperative pool, so that it may block.
///
/// It takes no signals: those belong to whoever reads them from a signalfd.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Blocks the calling thread for a while: in steps of a millisecond, and not at all for what is below
    /// zero. A signal would end it early, but the threads here take none.
    package static func pause(_ duration: Duration) {
        poll(nil, 0, duration.pollMilliseconds)
    }

    /// Starts a thread. The name is what `top` and `ps` show, cut to the kernel's 15 bytes. It must be joined
    /// or detached, exactly once.
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

    /// Waits until the thread has ended.
    package func join() {
        _ = pthread_join(handle, nil)
    }

    /// Lets the thread go: nobody waits for it.
    package func detach() {
        _ = pthread_detach(handle)
    }

    /// What runs, on its way through pthread's untyped argument.
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
