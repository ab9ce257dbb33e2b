/// Two ends of a socket pair, by which callers wake one thread and learn that it has ended.
///
/// Where no descriptors are left for the pair, `wait` returns at once; its caller pauses anyway, so the
/// thread then looks for work a few times a second more than it should and nothing else changes.
final class WakeUp: Sendable {
    private let callers: Int32
    private let sleeper: Int32

    init() {
        (callers, sleeper) = makeSocketPair()
    }

    deinit {
        closeDescriptor(callers)
    }

    /// Ends the current or the next `wait`. It never blocks: a full socket has a wake-up in it already.
    func signal() {
        sendWithoutWaiting([1], to: callers)
    }

    /// Sleeps until `signal` is called. Several signals may end one wait.
    func wait() {
        receiveSome(from: sleeper)
    }

    /// Says that the thread will not wait again. Only that thread may call it, once.
    func end() {
        closeDescriptor(sleeper)
    }

    /// Waits for `end`, but no longer than given.
    func waitForEnd(milliseconds: Int32) {
        waitForHangUp(of: callers, milliseconds: milliseconds)
    }
}
