internal import CLinux
internal import Glibc

/// A thread of our own, outside Swift's cooperative pool.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Starts a thread. The name is what `top` and `ps` show, cut to the kernel's 15 bytes.
    ///
    /// Signals are blocked by whoever starts the first thread, and inherited.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(Body(run: body))
        var handle = pthread_t()
        let error = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard error == 0 else {
            unsafe box.release()
            throw SystemError(.pthreadCreate, error)
        }
        _ = unsafe String(name.prefix(15)).withCString { unsafe CLinux.pthread_setname_np(handle, $0) }
        self.handle = handle
    }

    /// Waits until the thread has ended. Must be called exactly once.
    package func join() {
        _ = pthread_join(handle, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
