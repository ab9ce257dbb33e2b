import Time

/// A waiter for a read or a health check of the store.
protocol StoreWaiter: AnyObject {
    /// The number of the read or check that answers it. Nil until it has subscribed.
    var number: Int? { get set }
    /// Latest time of the response.
    var deadline: Instant { get }
}

/// The waiters of one loop for one kind of event, in order of arrival.
struct WaiterQueue<Waiter: StoreWaiter> {
    private var waiters: [Waiter] = []
    /// Number of waiters at the end that have not subscribed yet.
    private var newCount = 0
    /// The earliest deadline; nil without waiters.
    private(set) var deadline: Instant?

    var isEmpty: Bool { waiters.isEmpty }
    var hasNew: Bool { newCount > 0 }

    mutating func append(_ waiter: Waiter) {
        waiters.append(waiter)
        newCount += 1
        deadline = min(deadline ?? waiter.deadline, waiter.deadline)
    }

    /// Assigns the number of a read or check to the waiters appended since the last call.
    mutating func number(_ number: Int) {
        for waiter in waiters.suffix(newCount) { waiter.number = number }
        newCount = 0
    }

    func isDue(at now: Instant) -> Bool {
        deadline.map { $0 <= now } ?? false
    }

    /// Calls `answer` for each waiter, in order, and removes those for which it returns true.
    mutating func removeAnswered(_ answer: (Waiter) -> Bool) {
        var earliest: Instant?
        waiters.removeAll { waiter in
            if answer(waiter) { return true }
            earliest = min(earliest ?? waiter.deadline, waiter.deadline)
            return false
        }
        deadline = earliest
    }
}
