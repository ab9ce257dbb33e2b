import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import HTTPWire
import Synchronization
import TestSupport
import Testing

/// Walks through every failure the kernel may report: the n-th call of each kind fails, once and for ever.
///
/// Each walk runs in a process of its own, so that its descriptors can be counted.
@Suite(.timeLimit(.minutes(2))) struct FaultWalkTests {
    @Test func reads_thatFail_harmNobodyElse() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(.recv, [.fails(EINTR), .fails(EAGAIN), .fails(ECONNRESET), .moves(atMost: 1)])
        }
    }

    @Test func writes_thatFail_harmNobodyElse() async {
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

    @Test func accepts_thatFail_loseNoConnection() async {
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

    @Test func pollerAndSocketCalls_thatFail_harmNobodyElse() async {
        await #expect(processExitsWith: .success) {
            FaultWalk.run(.epollControl, [.fails(ENOMEM), .fails(ENOSPC)])
            FaultWalk.run(.epollWait, [.fails(EINTR)])
            FaultWalk.run(.shutdown, [.fails(ENOTCONN)])
            FaultWalk.run(.setsockopt, [.fails(ENOBUFS)])
        }
    }

    @Test(.timeLimit(.minutes(1))) func loop_thatLosesItsPoller_isReported_andItsConnectionsClose() throws {
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
    func connection_whoseBytesNeverMove_endsAtItsDeadline(call: SystemCall, path: String) throws {
        let faults = FaultTable()
        let server = try TestServer {
            $0.system = SystemCalls(faults: faults)
            $0.limits.headerTimeout = call == .recv ? .milliseconds(100) : .seconds(600)
            $0.limits.bodyTimeout = .milliseconds(100)
        }
        faults.arm(call, .fails(EAGAIN), .always(from: 1))
        let client = try Client(server.address, timeout: .seconds(60))
        // On a busy machine it may have ended before the request is there.
        try? client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readToEnd()
    }

    @Test(arguments: [SystemCall.socket, .bind, .listen, .getsockname, .eventfd, .epollCreate, .setsockopt])
    func server_throws_whenACallOfItsStartFails(call: SystemCall) throws {
        let faults = FaultTable()
        faults.arm(call, .fails(ENOBUFS), .once(at: 1))
        #expect(throws: SystemError(call, ENOBUFS)) {
            _ = try TestServer { $0.system = SystemCalls(faults: faults) }
        }
    }
}

/// One small scenario, repeated for each fault and each call it can hit.
private enum FaultWalk {
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// There are more or fewer open descriptors than before.
    struct Leaked: Error, CustomStringConvertible {
        let description: String
    }

    /// Ends the process with what went wrong on standard error.
    static func run(_ call: SystemCall, _ kinds: [FaultTable.Fault], upTo last: Int = 10) {
        // The first scene is not counted: the runtimes open what they keep meanwhile.
        _ = try? scene(call, .moves(atMost: .max), .once(at: .max))
        for fault in kinds {
            for count in 1...last {
                for occasion in [FaultTable.Occasion.once(at: count), .always(from: count)] {
                    do {
                        do {
                            try scene(call, fault, occasion)
                        } catch is Leaked {
                            // The runtimes may open one late, once. A leak comes back.
                            try scene(call, fault, occasion)
                        }
                    } catch {
                        fail(error)
                    }
                }
            }
        }
    }

    private static func fail(_ error: any Error) -> Never {
        let line = "\(error)\n"
        _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
        exit(1)
    }

    private static func scene(
        _ call: SystemCall, _ fault: FaultTable.Fault, _ occasion: FaultTable.Occasion
    ) throws {
        let place = "\(call.rawValue) \(fault) \(occasion)"
        // Where nothing is accepted, or no byte moves, a client waits.
        let mayWait = call == .accept4 || (fault == .fails(EAGAIN) && occasion.isForEver)
        let before = try openDescriptors()
        do {
            let faults = FaultTable()
            let server = try TestServer {
                $0.system = SystemCalls(faults: faults)
                // No deadline comes into play, so that a busy machine harms nobody.
                $0.limits.headerTimeout = .seconds(600)
                $0.limits.bodyTimeout = .seconds(600)
                $0.limits.keepAlive = .seconds(600)
            }
            let bystander = try Client(server.address, timeout: .seconds(60))
            guard try bystander.exchange("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").text == "/a" else {
                throw Broken(description: "\(place): no answer before the fault")
            }
            // The loop may respond before it registers the connection. It has registered it before it
            // responds to the next connection.
            _ = try Client(server.address, timeout: .seconds(60)).exchange(
                "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            faults.arm(call, fault, occasion)
            for _ in 0..<2 { try attempt(server.address, place, mayWait: mayWait) }
            faults.disarm()
            guard try bystander.exchange("GET /b HTTP/1.1\r\nHost: a\r\n\r\n").text == "/b",
                try Client(server.address, timeout: .seconds(60)).exchange(
                    "GET /c HTTP/1.1\r\nHost: a\r\n\r\n"
                ).text == "/c"
            else { throw Broken(description: "\(place): no answer after the fault") }
        } catch let error as Client.Failure {
            throw Broken(description: "\(place): \(error)")
        }
        let after = try openDescriptors()
        guard before == after else { throw Leaked(description: "\(place): \(before) before, \(after) after") }
    }

    /// Every request is answered rightly, or its connection ends, or it waits where it may.
    private static func attempt(_ address: SocketAddress, _ place: String, mayWait: Bool) throws {
        let client = try Client(address, timeout: mayWait ? .milliseconds(150) : .seconds(60))
        do {
            try client.send(
                "PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                    + "GET /medium HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let first = try client.response()
            guard first.status == 200, first.text == "body" else {
                throw Broken(description: "\(place): \(first.status) \(first.text)")
            }
            guard try client.response().body == EchoResponder.medium else {
                throw Broken(description: "\(place): a wrong second body")
            }
        } catch Client.Failure.closed {
            // Reset or closed by the fault: the client knows.
        } catch Client.Failure.timeout where mayWait {
            // The client leaves.
        } catch is SystemError {
            // Sending met the reset.
        }
    }

    /// What the open sockets, pollers and bells are. Files and pipes are the test runner's own affair.
    private static func openDescriptors() throws -> [String] {
        guard let directory = unsafe opendir("/proc/self/fd") else { throw Broken(description: "no /proc") }
        defer { unsafe closedir(directory) }
        var kinds: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            var target = [CChar](repeating: 0, count: 256)
            let length = unsafe readlink("/proc/self/fd/\(name)", &target, target.count)
            let kind = target.prefix(max(0, length)).prefix { $0 != 0x3A }.map(UInt8.init(bitPattern:))
            kinds.append(String(decoding: kind, as: UTF8.self))
        }
        return kinds.filter(["socket", "anon_inode"].contains).sorted()
    }
}

extension FaultTable.Occasion {
    fileprivate var isForEver: Bool {
        if case .always = self { true } else { false }
    }
}
