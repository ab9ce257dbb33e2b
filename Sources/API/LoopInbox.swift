import Broadcasts
import HTTP
import Synchronization
import Time

/// Receives signals of the feed and of health checks, and handlers' requests for a read, from any thread for
/// one loop.
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

    /// Wakes the loop, which then checks its held requests against the new settings.
    func rulesChanged() { mailbox.wake() }

    /// Returns whether there was a signal since the last call.
    func takeSignal() -> Bool {
        isSignalled.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Suspends until a read of the store that begins after this call has ended, at most until the deadline.
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

/// A suspended handler that waits for a read.
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

    /// Resumes the handler and returns true if the read has ended or the deadline has passed.
    func isAnswered(by snapshot: BoardFeed.Snapshot, at now: Instant) -> Bool {
        guard let number, deadline <= now || snapshot.hasEnded(read: number) else {
            return false
        }
        continuation.resume()
        return true
    }
}
