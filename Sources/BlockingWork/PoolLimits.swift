/// How many threads and waiting calls a pool may have.
package struct PoolLimits: Sendable {
    /// Threads that serve, at least 1. As many again may be left behind, stuck in calls past their deadlines.
    package let maximumThreads: Int
    /// Calls that wait for a thread at most; the next one is refused.
    package let maximumQueue: Int
    /// A thread without work for this long ends; never, when nil.
    package let idleLimit: Duration?
    /// Idle threads that stay beyond the idle limit, so that the next calls find their states open.
    package let warmThreads: Int
    /// How long `PoolState.open` may take. A thread that exceeds it is interrupted and left behind.
    package let openingLimit: Duration
    /// Whether a thread past its call's deadline is left behind and another may take its place. When false it
    /// stays in service and goes on when its call returns: right for a state that cannot be made a second
    /// time.
    package let replacesLateThreads: Bool

    package init(
        maximumThreads: Int, maximumQueue: Int, idleLimit: Duration?, warmThreads: Int = 0,
        openingLimit: Duration = .seconds(10), replacesLateThreads: Bool
    ) {
        self.maximumThreads = maximumThreads
        self.maximumQueue = maximumQueue
        self.idleLimit = idleLimit
        self.warmThreads = warmThreads
        self.openingLimit = openingLimit
        self.replacesLateThreads = replacesLateThreads
    }
}

/// What the threads of a pool do at one moment.
package struct PoolCounts: Hashable, Sendable {
    /// Threads in a call.
    package var busy = 0
    /// Threads that are ready for a call.
    package var idle = 0
    /// Threads that open their states.
    package var opening = 0
    /// Threads stuck in calls past their deadlines, which end when those return.
    package var leftBehind = 0
    /// Calls that wait for a thread.
    package var waiting = 0

    package init() {}

    /// The counts of two pools together.
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
