import Time

/// The client's side of a connection.
protocol LinkClient: AnyObject {
    func connected()
    func received(_ bytes: ArraySlice<UInt8>)
    /// The server has closed, or the connection was refused or reset. Nothing follows.
    func ended(_ end: LinkEnd)
}

enum LinkEnd: String {
    case closed, reset, refused
    /// Closed because `shutdown_grace` was over, perhaps in the middle of a response.
    case cutOff
}

/// A simulated TCP connection: bytes in both directions, in order, each after a delay.
final class Link {
    let number: Int
    private let world: World
    private weak var client: (any LinkClient)?
    private let latency: ClosedRange<Int>
    /// The server's kernel and the descriptor there; nil before the connection is accepted and after `close`.
    weak var kernel: SimulatedKernel?
    var descriptor: Int32?

    /// Bytes that have arrived at the server and have not been read.
    private(set) var received: [UInt8] = []
    /// The client's end of stream, or a reset, has arrived at the server.
    private(set) var hasEnd = false
    private(set) var isReset = false
    /// Bytes that the server has sent and the client has not consumed.
    private var unread = 0
    private var pieces: [[UInt8]] = []
    /// Whether the client consumes what arrives.
    private var isReading = true
    private var clientIsGone = false
    private var serverHasClosed = false
    private var arrivalAtServer: Instant
    private var arrivalAtClient: Instant

    /// What the kernel keeps of one connection: SO_SNDBUF and the peer's receive buffer.
    private static let capacity = 64 << 10

    init(_ number: Int, _ world: World, _ client: any LinkClient, latency: ClosedRange<Int>) {
        self.number = number
        self.world = world
        self.client = client
        self.latency = latency
        arrivalAtServer = world.now
        arrivalAtClient = world.now
    }

    /// Does something after the delay of the network, and after what was sent before in this direction.
    private func deliver(_ last: inout Instant, _ action: @escaping () -> Void) {
        last = max(last, world.now + world.duration(latency))
        world.after(world.now.duration(to: last), action)
    }

    // MARK: - The client's side

    func send(_ bytes: [UInt8]) {
        deliver(&arrivalAtServer) { [self] in
            guard !isReset, !serverHasClosed else { return }
            received += bytes
            changed()
        }
    }

    /// Ends the client's direction. The server's continues.
    func shutdown() {
        deliver(&arrivalAtServer) { [self] in
            hasEnd = true
            changed()
        }
    }

    /// Closes: what the server sends from now on is answered with a reset.
    func close() {
        clientIsGone = true
        shutdown()
    }

    func reset() {
        clientIsGone = true
        deliver(&arrivalAtServer) { [self] in
            isReset = true
            changed()
        }
    }

    /// The client's machine is gone: nothing arrives any more, in either direction.
    func vanish() {
        isReading = false
        client = nil
    }

    /// The client stops reading, or reads again.
    func read(_ isReading: Bool) {
        self.isReading = isReading
        if isReading { consume() }
    }

    private func consume() {
        guard isReading else { return }
        while !pieces.isEmpty {
            let piece = pieces.removeFirst()
            unread -= piece.count
            client?.received(piece[...])
        }
        changed()
    }

    // MARK: - The server's side

    func take(atMost count: Int) -> ArraySlice<UInt8> {
        let taken = received.prefix(count)
        received.removeFirst(taken.count)
        return taken
    }

    var space: Int { Self.capacity - unread }

    /// Sends a part of the bytes. Returns its length.
    func accept(_ bytes: ArraySlice<UInt8>, atMost limit: Int) -> Int {
        let piece = Array(bytes.prefix(min(limit, space)))
        unread += piece.count
        deliver(&arrivalAtClient) { [self] in
            if clientIsGone {
                isReset = true
                return changed()
            }
            pieces.append(piece)
            consume()
        }
        return piece.count
    }

    func serverShutsDown() {
        deliver(&arrivalAtClient) { [self] in client?.ended(.closed) }
    }

    /// The server closes. Bytes that it has not read make that a reset.
    func serverCloses() {
        guard !serverHasClosed else { return }
        serverHasClosed = true
        descriptor = nil
        let isOver = kernel?.deadline.map { $0 <= world.now } ?? false
        let end = isOver ? LinkEnd.cutOff : received.isEmpty || hasEnd ? .closed : .reset
        deliver(&arrivalAtClient) { [self] in client?.ended(end) }
    }

    /// The server's process has been killed, or nothing listens.
    func serverIsGone(_ end: LinkEnd) {
        serverHasClosed = true
        descriptor = nil
        deliver(&arrivalAtClient) { [self] in client?.ended(end) }
    }

    func serverAccepts() {
        deliver(&arrivalAtClient) { [self] in client?.connected() }
    }

    private func changed() {
        if let descriptor { kernel?.signal(descriptor) }
    }
}
