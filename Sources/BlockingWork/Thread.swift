import CLinux
import Glibc

/// The body of a thread on its way through pthread's untyped argument.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Starts a detached thread, called `store` in lists of threads. It takes no signals: those belong to the
/// thread that reads them from its signalfd.
///
/// Throws `systemLimit` when the system has no thread left to give.
package func startThread(_ run: @escaping @Sendable () -> Void) throws(WorkError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

    let body = unsafe Unmanaged.passRetained(ThreadBody(run))
    var thread = pthread_t()
    let result = unsafe pthread_create(
        &thread, &attributes,
        { argument in
            blockSignals()
            _ = unsafe pthread_setname_np(pthread_self(), "store")
            if let argument = unsafe argument {
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            }
            return nil
        }, body.toOpaque())
    guard result == 0 else {
        unsafe body.release()
        throw .systemLimit(result)
    }
}

private func blockSignals() {
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
}
