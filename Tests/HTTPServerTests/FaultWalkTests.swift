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

/// A small scenario, repeated for each fault and each call that it can affect.
private enum FaultWalk {
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// The open descriptors differ from those before the scene.
    struct Leaked: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the scene for each fault at each call. After a failure, prints it to standard error and exits
    /// with 1.
    static func run(_ call: SystemCall, _ kinds: [FaultTable.Fault], upTo last: Int = 10) {
        // Not checked: in the first scene, the runtimes open descriptors that they keep.
        _ = try? scene(call, .moves(atMost: .max), .once(at: .max))
        for fault in kinds {
            for count in 1...last {
                for occasion in [FaultTable.Occasion.once(at: count), .always(from: count)] {
                    do {
                        do {
                            try scene(call, fault, occasion)
                        } catch is Leaked {
                            // A runtime may open a descriptor later, but only once. A leak repeats.
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
        // The client may time out if no connection is accepted or no byte is transferred.
        let mayWait = call == .accept4 || (fault == .fails(EAGAIN) && occasion.isForEver)
        let before = try openDescriptors()
        do {
            let faults = FaultTable()
            let server = try TestServer {
                $0.system = SystemCalls(faults: faults)
                // Long timeouts, so that none expires on a busy machine.
                $0.limits.headerTimeout = .seconds(600)
                $0.limits.bodyTimeout = .seconds(600)
                $0.limits.keepAlive = .seconds(600)
            }
            let bystander = try Client(server.address, timeout: .seconds(60))
            guard try bystander.exchange("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").text == "/a" else {
                throw Broken(description: "\(place): no response before the fault")
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
            else { throw Broken(description: "\(place): no response after the fault") }
        } catch let error as Client.Failure {
            throw Broken(description: "\(place): \(error)")
        }
        let after = try openDescriptors()
        guard before == after else { throw Leaked(description: "\(place): \(before) before, \(after) after") }
    }

    /// Each request gets the correct response, or its connection closes, or it times out where that is
    /// allowed.
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
                throw Broken(description: "\(place): wrong body of the second response")
            }
        } catch Client.Failure.closed {
            // The fault closed or reset the connection, which the client notices.
        } catch Client.Failure.timeout where mayWait {
            // The client closes the connection.
        } catch is SystemError {
            // The connection was reset while the client was sending.
        }
    }

    /// Returns the kinds of the open sockets, epoll instances and eventfds. Files and pipes are ignored,
    /// because the test runner opens them too.
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
