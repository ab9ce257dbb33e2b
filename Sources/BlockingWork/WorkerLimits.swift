/// How many threads and waiting calls a pool may have.
package struct WorkerLimits: Sendable {
    /// Workers that serve, at least 1. As many again may be left behind, stuck in calls past their deadlines.
    package let maximumWorkers: Int
    /// Calls that wait for a worker at most; the next one is refused.
    package let maximumQueue: Int
    /// A worker without work for this long ends; never, when nil.
    package let idleLimit: Duration?
    /// Whether a worker past its call's deadline is left behind and another may take its place. When false it
    /// stays in service and goes on when its call returns: right for a state that cannot be made a second
    /// time.
    package let replacesLateWorkers: Bool

    package init(maximumWorkers: Int, maximumQueue: Int, idleLimit: Duration?, replacesLateWorkers: Bool) {
        self.maximumWorkers = maximumWorkers
        self.maximumQueue = maximumQueue
        self.idleLimit = idleLimit
        self.replacesLateWorkers = replacesLateWorkers
    }
}
