package import Bytes

/// What a server asks of the kernel, so that a simulation can take the kernel's place (Simulation/).
///
/// The functions behave as the system calls that `SystemCalls` wraps. Descriptors are numbers that the kernel
/// chooses.
package protocol Kernel: AnyObject, Sendable {
    func socket() throws(SystemError) -> Int32
    func listen(_ socket: Int32)
    func localAddress(_ socket: Int32) -> SocketAddress
    func accept(_ listener: Int32, peer: inout SocketAddress) throws(SystemError) -> Int32

    /// Receives at most `buffer.count` bytes. See `SystemCalls.receive`.
    func receive(
        _ socket: Int32, into buffer: inout [UInt8]
    ) throws(SystemError) -> (count: Int, isAll: Bool)
    func send(_ socket: Int32, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int
    func shutdownWrite(_ socket: Int32)

    func makeEventCounter() -> Int32
    func increment(_ counter: Int32)

    func makePoller() -> Int32
    /// Adds a descriptor to a poller, or replaces its interest. Nil removes it.
    func watch(_ descriptor: Int32, of poller: Int32, source: EventSource, interest: Interest?)
    /// Returns the ready descriptors, at once. If there are none, the timeout tells when the loop wants its
    /// next turn; nil: only after an event.
    func wait(_ poller: Int32, timeoutMilliseconds: Int32?) -> [PollerEvent]

    func close(_ descriptor: Int32)
}
