import Bytes
import Glibc
import Time

@testable import EventLoop

/// The kernel of one node: its descriptors, with pollers that report as epoll(7) does.
///
/// `@unchecked`: a simulation has one thread.
final class SimulatedKernel: Kernel, @unchecked Sendable {
    private final class Listener {
        var backlog: [Link] = []
    }

    private struct Watch {
        let source: EventSource
        let interest: Interest
        /// Whether something has happened since the last report.
        var isChanged: Bool
    }

    private final class Poller {
        var watched: [Int32: Watch] = [:]
        /// When the loop wants its next turn, if it waits. Nil: only after an event.
        var wakeTime: Instant?
        /// Whether the last two waits found nothing and had the same end.
        var isAsleep = false
        var hasWaited = false
        var isSignalled = false
    }

    private enum Entry {
        case listener(Listener)
        case link(Link)
        case counter
        case poller(Poller)
    }

    private let world: World
    private var entries: [Int32: Entry] = [:]
    private var last: Int32 = 2
    /// Maximum number of open descriptors.
    var limit = 1024
    /// When the process ends because it drains; nil while it does not.
    var deadline: Instant?
    /// Whether calls sometimes transfer only a part.
    var transfersParts = false
    private(set) var isDestroyed = false

    init(_ world: World) {
        self.world = world
    }

    var openDescriptors: Int { entries.count }
    var pollers: [Int32] {
        entries.keys.sorted().filter { if case .poller = entries[$0] { true } else { false } }
    }

    private func add(_ entry: Entry) -> Int32 {
        last += 1
        entries[last] = entry
        return last
    }

    // MARK: - Sockets

    func socket() throws(SystemError) -> Int32 { add(.listener(Listener())) }

    func listen(_ socket: Int32) {}

    func localAddress(_ socket: Int32) -> SocketAddress { .version4(0x7F00_0001, port: 8000) }

    /// A client connects: the connection waits in one of the listeners.
    func connect(_ link: Link) {
        let listeners = entries.keys.sorted().filter {
            if case .listener = entries[$0] { true } else { false }
        }
        guard let number = world.pick(listeners), case .listener(let listener) = entries[number] else {
            return link.serverIsGone(.refused)
        }
        link.kernel = self
        listener.backlog.append(link)
        signal(number)
    }

    func accept(_ number: Int32, peer: inout SocketAddress) throws(SystemError) -> Int32 {
        guard case .listener(let listener) = entries[number], !listener.backlog.isEmpty else {
            throw SystemError(.accept4, EAGAIN)
        }
        guard entries.count < limit else { throw SystemError(.accept4, EMFILE) }
        let link = listener.backlog.removeFirst()
        let descriptor = add(.link(link))
        link.descriptor = descriptor
        peer = .version4(0x0A00_0001, port: UInt16(link.number % 60_000 + 1024))
        world.note("accept \(link.number) as \(descriptor)")
        link.serverAccepts()
        return descriptor
    }

    func receive(
        _ socket: Int32, into buffer: inout [UInt8]
    ) throws(SystemError) -> (count: Int, isAll: Bool) {
        guard case .link(let link) = entries[socket] else { throw SystemError(.recv, EBADF) }
        if link.isReset { throw SystemError(.recv, ECONNRESET) }
        if link.received.isEmpty {
            if link.hasEnd { return (0, true) }
            throw SystemError(.recv, EAGAIN)
        }
        let isPart = transfersParts && world.chance(0.3)
        let bytes = link.take(atMost: isPart ? world.number(1...40) : buffer.count)
        for (index, byte) in bytes.enumerated() { buffer[index] = byte }
        // As in the system's kernel, a short read means that the socket was drained.
        return (bytes.count, link.received.isEmpty)
    }

    func send(_ socket: Int32, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        guard case .link(let link) = entries[socket] else { throw SystemError(.send, EBADF) }
        if link.isReset { throw SystemError(.send, EPIPE) }
        guard link.space > 0 else { throw SystemError(.send, EAGAIN) }
        let isPart = transfersParts && world.chance(0.3)
        return link.accept(bytes, atMost: isPart ? world.number(1...200) : bytes.count)
    }

    func shutdownWrite(_ socket: Int32) {
        if case .link(let link) = entries[socket] { link.serverShutsDown() }
    }

    func close(_ descriptor: Int32) {
        switch entries.removeValue(forKey: descriptor) {
        case .link(let link):
            world.note("close \(descriptor), connection \(link.number)")
            if !isDestroyed { link.serverCloses() }
        case .listener(let listener): for link in listener.backlog { link.serverIsGone(.reset) }
        case .counter, .poller: break
        case nil: if !isDestroyed { world.violate("descriptor \(descriptor) is closed twice") }
        }
        for number in pollers {
            if case .poller(let poller) = entries[number] { poller.watched[descriptor] = nil }
        }
    }

    /// Kills the process: every connection is reset.
    func destroy() {
        isDestroyed = true
        for number in entries.keys.sorted() {
            switch entries[number] {
            case .link(let link): link.serverIsGone(.reset)
            case .listener(let listener): for link in listener.backlog { link.serverIsGone(.reset) }
            default: break
            }
        }
        entries = [:]
    }

    // MARK: - Events

    func makeEventCounter() -> Int32 { add(.counter) }

    func increment(_ counter: Int32) { signal(counter) }

    func makePoller() -> Int32 { add(.poller(Poller())) }

    func watch(_ descriptor: Int32, of number: Int32, source: EventSource, interest: Interest?) {
        guard case .poller(let poller) = entries[number] else { return }
        poller.watched[descriptor] = interest.map { interest in
            let isCounter = if case .counter = entries[descriptor] { true } else { false }
            return Watch(source: source, interest: interest, isChanged: !isCounter)
        }
        poller.isSignalled = true
    }

    /// Something has happened to a descriptor.
    func signal(_ descriptor: Int32) {
        for number in pollers {
            guard case .poller(let poller) = entries[number], poller.watched[descriptor] != nil else {
                continue
            }
            poller.watched[descriptor]?.isChanged = true
            poller.isSignalled = true
        }
    }

    func wait(_ number: Int32, timeoutMilliseconds: Int32?) -> [PollerEvent] {
        guard case .poller(let poller) = entries[number] else { return [] }
        var events: [PollerEvent] = []
        for descriptor in poller.watched.keys.sorted() where events.count < 256 {
            guard let watch = poller.watched[descriptor],
                let readiness = readiness(descriptor, watch)
            else { continue }
            if watch.interest.byEdge { poller.watched[descriptor]?.isChanged = false }
            events.append(PollerEvent(source: watch.source, readiness: readiness))
        }
        let wakeTime = timeoutMilliseconds.map { world.now + .milliseconds(Int($0)) }
        poller.isAsleep =
            events.isEmpty && poller.hasWaited && poller.wakeTime == wakeTime && wakeTime != world.now
        poller.hasWaited = events.isEmpty
        poller.wakeTime = wakeTime
        poller.isSignalled = false
        return events
    }

    private func readiness(_ descriptor: Int32, _ watch: Watch) -> Readiness? {
        if watch.interest.byEdge, !watch.isChanged { return nil }
        var readiness = Readiness()
        switch entries[descriptor] {
        case .listener(let listener): readiness.canRead = !listener.backlog.isEmpty
        case .counter: readiness.canRead = watch.isChanged
        case .link(let link):
            let interest = watch.interest
            readiness.canRead = interest.reading && (!link.received.isEmpty || link.hasEnd || link.isReset)
            readiness.canWrite = interest.writing && (link.space > 0 || link.isReset)
            readiness.hasEnded = (interest.reading || interest.ending) && link.hasEnd
            readiness.isGone = link.isReset
        case .poller, nil: return nil
        }
        return readiness == Readiness() ? nil : readiness
    }

    /// Whether the loop of this poller has something to do now.
    func needsTurn(_ number: Int32) -> Bool {
        guard case .poller(let poller) = entries[number] else { return false }
        return !poller.isAsleep || poller.isSignalled || poller.wakeTime.map { $0 <= world.now } ?? false
    }

    /// When the first of the sleeping loops wants its next turn.
    var nextWakeTime: Instant? {
        pollers.compactMap { number -> Instant? in
            guard case .poller(let poller) = entries[number] else { return nil }
            return poller.wakeTime
        }.min()
    }
}
