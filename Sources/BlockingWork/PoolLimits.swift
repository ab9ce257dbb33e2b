/// How many threads and waiting calls a pool may have.
package struct PoolLimits: Sendable {
    /// Threads that serve, at least 1. As many again may be left behind, stuck in calls past their deadlines.
    package let maximumThreads: Int
    /// Calls that wait for a thread at most; the next one is refused.
    package let maximumQueue: Int
    /// A thread without work for this long ends; never, when nil.
    package let idleLimit: Duration?
    /// Whether a thread past its call's deadline is left behind and another may take its place. When false it
    /// stays in service and goes on when its call returns: right for a state that cannot be made a second
    /// time.
    package let replacesLateThreads: Bool

    package init(maximumThreads: Int, maximumQueue: Int, idleLimit: Duration?, replacesLateThreads: Bool) {
        self.maximumThreads = maximumThreads
        self.maximumQueue = maximumQueue
        self.idleLimit = idleLimit
        self.replacesLateThreads = replacesLateThreads
    }
}
