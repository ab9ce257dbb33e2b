import Time

/// Something that waits for the store.
protocol StoreWaiter: AnyObject {
    /// The read or the check whose outcome answers it; nil before it has subscribed.
    var number: Int? { get set }
    /// When it is answered at the latest.
    var deadline: Instant { get }
}

/// The waiters of one loop for one kind of event, in the order in which they asked.
struct WaiterQueue<Waiter: StoreWaiter> {
    private var waiters: [Waiter] = []
    /// How many at the end have not subscribed yet.
    private var newCount = 0
    /// No later than the earliest deadline; nil without waiters.
    private(set) var deadline: Instant?

    var isEmpty: Bool { waiters.isEmpty }
    var hasNew: Bool { newCount > 0 }

    mutating func append(_ waiter: Waiter) {
        waiters.append(waiter)
        newCount += 1
        deadline = min(deadline ?? waiter.deadline, waiter.deadline)
    }

    /// Gives the waiters that have come since the last call the number of what answers them.
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
