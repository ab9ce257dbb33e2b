import Bytes
import EventLoop
import Synchronization
import TestSupport
import Testing
import Threads

/// Threads that PUT rising numbers without pause, each to a channel of its own, and remember what was
/// acknowledged.
final class Writers: Sendable {
    struct Record: Sendable {
        /// The highest number that got a 2xx, by channel.
        var acknowledged: [Int]
        var acknowledgements = 0
        /// Answers with status 503.
        var refusals = 0
        /// Connections that could not be made or broke.
        var broken = 0
    }

    private let record: Mutex<Record>
    private let stopping = Atomic<Bool>(false)
    private let address: SocketAddress
    private let threads = Mutex<[Thread]>([])
    private let count: Int

    init(_ count: Int, to address: SocketAddress) throws {
        self.count = count
        self.address = address
        record = Mutex(Record(acknowledged: Array(repeating: 0, count: count)))
        for channel in 0..<count {
            let thread = try Thread(name: "writer-\(channel)") { self.write(channel) }
            threads.withLock { $0.append(thread) }
        }
    }

    var now: Record { record.withLock { $0 } }

    /// Waits until the record says so.
    func wait(
        sourceLocation: SourceLocation = #_sourceLocation, until condition: (Record) -> Bool
    ) throws {
        try eventually(within: .seconds(60), sourceLocation: sourceLocation) { condition(now) }
    }

    func stop() -> Record {
        stopping.store(true, ordering: .relaxed)
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
        return now
    }

    private func write(_ channel: Int) {
        var number = 0
        while !stopping.load(ordering: .relaxed) {
            guard let client = try? Client(address, timeout: .seconds(10)) else {
                record.withLock { $0.broken += 1 }
                Thread.pause(.milliseconds(1))
                continue
            }
            do {
                while !stopping.load(ordering: .relaxed) {
                    number += 1
                    try put(number, channel, client)
                }
            } catch {
                record.withLock { $0.broken += 1 }
            }
        }
    }

    private func put(_ number: Int, _ channel: Int, _ client: Client) throws {
        let text = "\(number)"
        let response = try client.exchange(
            """
            PUT /v1/broadcasts/test/\(channel) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer foobar\r
            Content-Length: \(text.utf8.count)\r\n\r\n\(text)
            """)
        record.withLock { record in
            switch response.status {
            case 200, 201:
                record.acknowledged[channel] = number
                record.acknowledgements += 1
            case 503: record.refusals += 1
            default: record.acknowledged[channel] = .max
            }
        }
    }
}
