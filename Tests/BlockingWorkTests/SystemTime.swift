import BlockingWork
import TestSupport
import Threads
import Time

extension BlockingPool where State: PoolState & ~Copyable {
    convenience init(
        limits: PoolLimits, makeState: @escaping @Sendable (Interrupter) -> State
    ) throws(PoolError) {
        try self.init(name: "test", limits: limits, clock: .system, makeState: makeState)
    }
}

extension WakeEvent {
    @discardableResult
    func wait(until deadline: Instant?) -> Bool {
        wait(for: deadline.map(Clock.system.time))
    }
}
