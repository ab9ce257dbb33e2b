import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import HTTPWire
import Synchronization
import TestSupport
import Testing

/// Injects the failures that the kernel may report: the n-th call of each kind fails, or all calls from the
/// n-th on.
///
/// Each walk runs in its own process, so that its descriptors can be counted.
@Suite(.timeLimit(.minutes(2))) struct FaultWalkTests {
    @Test func failedRead_doesNotAffectOtherConnections() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(.recv, [.fails(EINTR), .fails(EAGAIN), .fails(ECONNRESET), .moves(atMost: 1)])
        }
    }

    @Test func failedWrite_doesNotAffectOtherConnections() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(
                .send,
                [
                    .fails(EINTR), .fails(EAGAIN), .fails(EPIPE), .fails(ECONNRESET), .fails(ENOBUFS),
                    .fails(ENOMEM),
                    .moves(atMost: 1),
                ])
            FaultWalk.run(.writev, [.fails(EINTR), .fails(EAGAIN), .fails(EPIPE), .moves(atMost: 1)])
        }
    }

    @Test func failedAccept_doesNotAffectOtherConnections() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(
                .accept4,
                [
                    .fails(EINTR), .fails(EAGAIN), .fails(EMFILE), .fails(ENFILE), .fails(ENOBUFS),
                    .fails(ENOMEM),
                    .fails(ECONNABORTED),
                ], upTo: 3)
        }
    }

    @Test func failedPollerOrSocketCall_doesNotAffectOtherConnections() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(.epollControl, [.fails(ENOMEM), .fails(ENOSPC)])
            FaultWalk.run(.epollWait, [.fails(EINTR)])
            FaultWalk.run(.shutdown, [.fails(ENOTCONN)])
            FaultWalk.run(.setsockopt, [.fails(ENOBUFS)])
        }
    }

    @Test func failedCall_onAStream_doesNotAffectOtherConnections() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(
                .send,
                [.fails(EAGAIN), .fails(EPIPE), .fails(ECONNRESET), .fails(ENOBUFS), .moves(atMost: 1)],
                FaultWalk.followAStream)
            for (call, last, kinds) in [
                (SystemCall.writev, 3, [FaultTable.Fault.fails(EAGAIN), .fails(EPIPE), .moves(atMost: 1)]),
                (.recv, 5, [.fails(EAGAIN), .fails(ECONNRESET), .moves(atMost: 1)]),
                (.epollControl, 10, [.fails(ENOMEM), .fails(ENOSPC)]), (.epollWait, 10, [.fails(EINTR)]),
                (.shutdown, 3, [.fails(ENOTCONN)]), (.setsockopt, 6, [.fails(ENOBUFS), .fails(ENOPROTOOPT)]),
            ] {
                FaultWalk.run(call, kinds, upTo: last, FaultWalk.followAStream)
            }
        }
    }

    /// A send that stops at each byte of the beginning, of an event and of the end of a stream.
    @Test(arguments: ["/stream", "/stream/large"])
    func partialSend_continuesAStream_atEveryByte(path: String) throws {
        let faults = FaultTable()
        let server = try TestServer { $0.system = SystemCalls(faults: faults) }
        let event = "id: 9f2c\ndata: {\"code\":200,\"broadcasts\":{\"test/a\":\"v1\"}}\n\n"
        let last = "retry: 3417\n\n"
        let total = StreamPiece(Array(event.utf8)).chunk.count
        for position in 1..<180 {
            let client = try Client(server.address)
            let held = server.responder.held
            let begun = held.begun
            // The beginning is more than a hundred bytes, in one call or, with a large piece, in `writev`.
            faults.arm(.writev, .moves(atMost: 1), .once(at: 1))
            faults.arm(.send, .moves(atMost: position), .once(at: 1))
            try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response(toHead: true).status == 200)
            #expect(try client.chunk() != nil)
            try eventually { held.begun == begun + 1 }
            if position < total {
                faults.arm(.send, .moves(atMost: position), .once(at: 1))
                server.responder.publish(event)
                #expect(String(decoding: try client.chunk() ?? [], as: UTF8.self) == event)
            }
            faults.arm(.send, .moves(atMost: position), .once(at: 1))
            server.responder.order(.end(StreamPiece(Array(last.utf8))))
            #expect(String(decoding: try client.chunk() ?? [], as: UTF8.self) == last)
            #expect(try client.chunk() == nil)
        }
    }

    /// An event that is sent byte by byte ends whole, and then the newest one follows.
    @Test func eventSentByteByByte_isFollowedByTheNewest() throws {
        let faults = FaultTable()
        let server = try TestServer { $0.system = SystemCalls(faults: faults) }
        faults.arm(.send, .moves(atMost: 1), .always(from: 1))
        let client = try Client(server.address)
        try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        try eventually { server.responder.held.begun == 1 }
        for number in 1...10 { server.responder.publish("event \(number)") }
        #expect(try client.response(toHead: true).status == 200)
        var received: [String] = []
        while received.last != "event 10" {
            received.append(String(decoding: try #require(try client.chunk()), as: UTF8.self))
        }
        #expect(received.first == "first")
        let numbers = received.dropFirst().compactMap { Int($0.dropFirst(6)) }
        #expect(numbers.count == received.count - 1)
        #expect(numbers == Array(Set(numbers)).sorted(), "in order, and each at most once")
    }

    @Test(.timeLimit(.minutes(1))) func failedPoller_isReported_andClosesTheLoopsConnections() throws {
        let faults = FaultTable()
        let server = try TestServer { $0.system = SystemCalls(faults: faults) }
        let client = try Client(server.address)
        _ = try client.exchange("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        faults.arm(.epollWait, .fails(EBADF), .always(from: 1))
        try client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readToEnd()
        try eventually { !server.responder.loopFailures.withLock(\.isEmpty) }
        #expect(server.responder.loopFailures.withLock { $0 } == [SystemError(.epollWait, EBADF)])
        #expect(throws: SystemError.self) { try Client(server.address) }
    }

    @Test(arguments: [(SystemCall.recv, "/a"), (.send, "/a"), (.writev, "/medium")])
    func blockedConnection_closes_atItsDeadline(call: SystemCall, path: String) throws {
        let faults = FaultTable()
        let server = try TestServer {
            $0.system = SystemCalls(faults: faults)
            $0.limits.headerTimeout = call == .recv ? .milliseconds(100) : .seconds(600)
            $0.limits.bodyTimeout = .milliseconds(100)
        }
        faults.arm(call, .fails(EAGAIN), .always(from: 1))
        let client = try Client(server.address, timeout: .seconds(60))
        // On a busy machine, the deadline may pass before the request is sent.
        try? client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readToEnd()
    }

    @Test(arguments: [SystemCall.socket, .bind, .listen, .getsockname, .eventfd, .epollCreate, .setsockopt])
    func start_throwsTheSystemError_whenASystemCallFails(call: SystemCall) throws {
        let faults = FaultTable()
        faults.arm(call, .fails(ENOBUFS), .once(at: 1))
        #expect(throws: SystemError(call, ENOBUFS)) {
            _ = try TestServer { $0.system = SystemCalls(faults: faults) }
        }
    }
}
