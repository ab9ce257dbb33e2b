import Bytes
import EventLoop
import Synchronization
import TestSupport
import Testing
import Threads

/// Threads that PUT increasing numbers, each to its own channel, and record which were acknowledged.
final class Writers: Sendable {
    struct Record: Sendable {
        /// The last number with status 200 or 201, by channel. `Int.max` after a status other than these and
        /// 503, so that a later check fails.
        var acknowledged: [Int]
        var acknowledgements = 0
        /// The number of responses with status 503.
        var refusals = 0
        /// The number of connections that could not be opened or that broke.
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

    /// Waits until the record satisfies the condition.
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
