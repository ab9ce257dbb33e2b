import Broadcasts
import HTTP
import Synchronization
import Time

/// Reaches one loop's API from other threads: takes the feed's signals, and handlers' requests for a read.
final class LoopInbox: FeedListener {
    private let mailbox: any Mailbox
    private let isSignalled = Atomic(false)
    private let requests = Mutex<[ReadRequest]>([])
    private let hasRequests = Atomic(false)

    init(_ mailbox: any Mailbox) {
        self.mailbox = mailbox
    }

    func readEnded() {
        isSignalled.store(true, ordering: .releasing)
        mailbox.wake()
    }

    /// Whether there was a signal since the last call.
    func takeSignal() -> Bool {
        isSignalled.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Waits for a read of the store that begins now or later, until the deadline at the latest.
    func nextRead(until deadline: Instant) async {
        await withCheckedContinuation { continuation in
            requests.withLock { $0.append(ReadRequest(deadline, continuation)) }
            hasRequests.store(true, ordering: .releasing)
            mailbox.wake()
        }
    }

    func takeRequests() -> [ReadRequest] {
        guard hasRequests.exchange(false, ordering: .acquiringAndReleasing) else { return [] }
        return requests.withLock { requests in
            defer { requests = [] }
            return requests
        }
    }
}

/// A handler that waits for a read.
final class ReadRequest: StoreWaiter, Sendable {
    private let continuation: CheckedContinuation<Void, Never>
    private let assigned = Mutex<Int?>(nil)
    let deadline: Instant

    init(_ deadline: Instant, _ continuation: CheckedContinuation<Void, Never>) {
        self.deadline = deadline
        self.continuation = continuation
    }

    var number: Int? {
        get { assigned.withLock { $0 } }
        set { assigned.withLock { $0 = newValue } }
    }

    /// Resumes the handler, once the read has ended or the deadline has passed.
    func isAnswered(by snapshot: BoardFeed.Snapshot, at now: Instant) -> Bool {
        guard let number, deadline <= now || snapshot.outcome(ofRead: number, at: now) != nil else {
            return false
        }
        continuation.resume()
        return true
    }
}
