import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPServer
import TestSupport

/// A small scenario, repeated for each fault and each call that it can affect.
enum FaultWalk {
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// The open descriptors differ from those before the scene.
    struct Leaked: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the scene for each fault at each call. After a failure, prints it to standard error and exits
    /// with 1.
    static func run(
        _ call: SystemCall, _ kinds: [FaultTable.Fault], upTo last: Int = 10,
        _ attempt: @escaping Attempt = exchangeTwoRequests
    ) {
        // Not checked: in the first scene, the runtimes open descriptors that they keep.
        _ = try? scene(call, .moves(atMost: .max), .once(at: .max), attempt)
        for fault in kinds {
            for count in 1...last {
                for occasion in [FaultTable.Occasion.once(at: count), .always(from: count)] {
                    do {
                        do {
                            try scene(call, fault, occasion, attempt)
                        } catch is Leaked {
                            // A runtime may open a descriptor later, but only once. A leak repeats.
                            try scene(call, fault, occasion, attempt)
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
        _ call: SystemCall, _ fault: FaultTable.Fault, _ occasion: FaultTable.Occasion,
        _ attempt: Attempt
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
            for _ in 0..<2 {
                let client = try Client(server.address, timeout: mayWait ? .milliseconds(150) : .seconds(60))
                do {
                    try attempt(client, server, place)
                } catch Client.Failure.closed {
                    // The fault closed or reset the connection, which the client notices.
                } catch Client.Failure.timeout where mayWait {
                    // The client closes the connection.
                } catch is SystemError {
                    // The connection was reset while the client was sending.
                }
            }
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

    /// Exchanges requests and responses. Throws `Broken` if a response is wrong, and the client's error if
    /// its connection closes or it times out.
    typealias Attempt = @Sendable (_ client: Client, _ server: TestServer, _ place: String) throws -> Void

    static let exchangeTwoRequests: Attempt = { client, _, place in
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
    }

    /// A stream with a first piece that is not copied, an event and an end.
    static let followAStream: Attempt = { client, server, place in
        func expect(_ piece: [UInt8]?) throws {
            let found = try client.chunk()
            guard found == piece else {
                throw Broken(description: "\(place): \(String(decoding: found ?? [], as: UTF8.self))")
            }
        }
        try client.send("GET /stream/large HTTP/1.1\r\nHost: a\r\n\r\n")
        guard try client.response(toHead: true).status == 200 else {
            throw Broken(description: "\(place): wrong status")
        }
        try expect(EchoResponder.medium)
        server.responder.publish("event")
        try expect(Array("event".utf8))
        server.responder.order(.end(StreamPiece(Array("last".utf8))))
        try expect(Array("last".utf8))
        try expect(nil)
        _ = try client.readToEnd()
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
