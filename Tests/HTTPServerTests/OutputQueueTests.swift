import EventLoop
import Glibc
import TestSupport
import Testing

@testable import HTTPServer

/// Encoded bytes and a body that is not copied, over sends that accept only a part.
@Suite struct OutputQueueTests {
    private static let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
    private static let piece = Array("1a\r\nid: 1\ndata: {\"age\":12}\n\n\r\n".utf8)

    /// Every position at which the first send can stop: within the head, at its end, and within the piece.
    @Test func partialSend_continuesWithTheNextByte_atEveryPosition() throws {
        for position in 1..<Self.head.count + Self.piece.count {
            let socket = try SocketPair()
            var queue = OutputQueue()
            queue.lend(SpareBuffer())
            queue.encode { $0 += Self.head }
            queue.append(body: Self.piece)
            try socket.stop(&queue, at: position, encoded: Self.head.count)
            #expect(queue.encodedCount == max(0, Self.head.count - position))
            let returnsEarly = returnsItsBuffer(&queue)
            #expect(!returnsEarly)
            #expect(try queue.send(to: socket.sender, socket.system) == .all)
            #expect(queue.isEmpty)
            #expect(try socket.received() == Self.head + Self.piece, "stopped at \(position)")
            let returns = returnsItsBuffer(&queue)
            #expect(returns)
            #expect(!queue.hasBuffer)
        }
    }

    /// A piece without encoded bytes before it needs no array of the loop.
    @Test func piece_isSentWithoutABuffer_fromEveryPosition() throws {
        for position in 1..<Self.piece.count {
            let socket = try SocketPair()
            var queue = OutputQueue()
            for _ in 0..<2 {
                queue.append(body: Self.piece)
                try socket.stop(&queue, at: position, encoded: 0)
                #expect(queue.encodedCount == 0)
                #expect(try queue.send(to: socket.sender, socket.system) == .all)
                #expect(queue.isEmpty && !queue.hasBuffer)
                #expect(try socket.received() == Self.piece, "stopped at \(position)")
            }
        }
    }

    @Test func output_isSentByteByByte() throws {
        let socket = try SocketPair()
        var queue = OutputQueue()
        queue.lend(SpareBuffer())
        queue.encode { $0 += Self.head }
        queue.append(body: Self.piece)
        // A short `writev` that the table injects becomes a `send`, which the second fault shortens.
        socket.faults.arm(.writev, .moves(atMost: 1), .always(from: 1))
        socket.faults.arm(.send, .moves(atMost: 1), .always(from: 1))
        for count in 1..<Self.head.count + Self.piece.count {
            #expect(try queue.send(to: socket.sender, socket.system) == .some)
            #expect(!queue.isEmpty, "\(count) bytes are sent")
        }
        #expect(try queue.send(to: socket.sender, socket.system) == .all)
        #expect(try socket.received() == Self.head + Self.piece)
    }

    @Test func blockedSend_keepsEverything_andAFailedOneThrows() throws {
        let socket = try SocketPair()
        var queue = OutputQueue()
        queue.append(body: Self.piece)
        socket.faults.arm(.send, .fails(EAGAIN), .once(at: 1))
        #expect(try queue.send(to: socket.sender, socket.system) == .none)
        #expect(try socket.received().isEmpty)
        socket.faults.arm(.send, .fails(EPIPE), .once(at: 1))
        #expect(throws: SystemError(.send, EPIPE)) { try queue.send(to: socket.sender, socket.system) }
        #expect(!queue.isEmpty)
    }
}

/// Two connected sockets that do not block, with faults.
private struct SocketPair: ~Copyable {
    let faults = FaultTable()
    let system: SystemCalls
    let sender: FileDescriptor
    private let receiver: FileDescriptor

    struct Failed: Error {}

    init() throws {
        system = SystemCalls(faults: faults)
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let result = unsafe socketpair(AF_UNIX, type, 0, &ends)
        sender = FileDescriptor(owning: ends[0], system: system)
        receiver = FileDescriptor(owning: ends[1], system: SystemCalls())
        guard result == 0 else { throw Failed() }
    }

    /// Sends until exactly `position` bytes are accepted, of which the first `encoded` are not of the body.
    func stop(_ queue: inout OutputQueue, at position: Int, encoded: Int) throws {
        if position <= encoded || encoded == 0 {
            faults.arm(.writev, .moves(atMost: 1), .once(at: 1))
            faults.arm(.send, .moves(atMost: position), .once(at: 1))
            #expect(try queue.send(to: sender, system) == .some)
        } else {
            faults.arm(.writev, .moves(atMost: 1), .once(at: 1))
            faults.arm(.send, .moves(atMost: position - encoded), .once(at: 2))
            #expect(try queue.send(to: sender, system) == .some)
            #expect(try queue.send(to: sender, system) == .some)
        }
        faults.disarm()
    }

    /// The bytes that have arrived.
    func received() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        do {
            let count = try SystemCalls().receive(receiver, into: &buffer).count
            return Array(buffer[..<count])
        } catch {
            guard error.isBlocked else { throw error }
            return []
        }
    }
}

private func returnsItsBuffer(_ queue: inout OutputQueue) -> Bool {
    guard let buffer = queue.reclaim() else { return false }
    return buffer.bytes.isEmpty
}
