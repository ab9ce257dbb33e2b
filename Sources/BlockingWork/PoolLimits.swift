/// Limits of a pool.
package struct PoolLimits: Sendable {
    /// Maximum number of threads in service, at least 1. As many again may be left behind, stuck in calls
    /// past their deadlines.
    package let maximumThreads: Int
    /// Maximum number of queued calls, not counting those that a starting thread will take. Further calls are
    /// refused.
    package let maximumQueue: Int
    /// A thread that is idle for this long ends, unless it is one of the `warmThreads`. Nil: no limit.
    package let idleLimit: Duration?
    /// Number of idle threads that are kept beyond the idle limit, so that the next calls find open states.
    package let warmThreads: Int
    /// Number of threads that only calls with `usesReserve` may use. One thread is always for all calls.
    package let reservedThreads: Int
    /// Maximum duration of `PoolState.open`. A thread that exceeds it is interrupted and left behind.
    package let openingLimit: Duration
    /// How long the pool starts no further threads after the state of one was refused.
    package let refusalPause: Duration
    /// Whether a thread past its call's deadline is left behind, so that another thread can replace it. If
    /// false, it stays in service and continues when its call returns. A state that cannot be made twice
    /// needs false.
    package let replacesLateThreads: Bool

    package init(
        maximumThreads: Int, maximumQueue: Int, idleLimit: Duration?, warmThreads: Int = 0,
        reservedThreads: Int = 0,
        openingLimit: Duration = .seconds(10), refusalPause: Duration = .seconds(10),
        replacesLateThreads: Bool
    ) {
        self.maximumThreads = maximumThreads
        self.maximumQueue = maximumQueue
        self.idleLimit = idleLimit
        self.warmThreads = warmThreads
        self.reservedThreads = reservedThreads
        self.openingLimit = openingLimit
        self.refusalPause = refusalPause
        self.replacesLateThreads = replacesLateThreads
    }
}

/// The number of threads in each phase, and of waiting calls.
package struct PoolCounts: Hashable, Sendable {
    /// Threads that run a call within its deadline.
    package var busy = 0
    /// Threads that wait for a call.
    package var idle = 0
    /// Threads that start or open their states.
    package var opening = 0
    /// Threads stuck in calls or openings past their deadlines.
    package var leftBehind = 0
    /// Calls in the queue.
    package var waiting = 0

    package init() {}

    /// Returns the sums of the counts of two pools.
    package static func + (left: PoolCounts, right: PoolCounts) -> PoolCounts {
        var sum = left
        sum.busy += right.busy
        sum.idle += right.idle
        sum.opening += right.opening
        sum.leftBehind += right.leftBehind
        sum.waiting += right.waiting
        return sum
    }
}
