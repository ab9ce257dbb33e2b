import BlockingWork
import Broadcasts
import Logging
import Randomness
import StoreAddress
import Threads
import Time

@testable import MySQLStore
@testable import SQLiteStore

// The stores and their parts with the system's clock and generator, which most of their tests use.

extension MySQLStore {
    init(
        address: MySQLAddress, poolSize: Int, migrate: Bool, observer: (any StoreObserver)? = nil,
        logger: Logger
    ) throws(StoreError) {
        try self.init(
            address: address, poolSize: poolSize, migrate: migrate, observer: observer, clock: .system,
            random: .system, logger: logger)
    }
}

extension SQLiteStore {
    init(path: String, observer: (any StoreObserver)? = nil, logger: Logger) throws(StoreError) {
        try self.init(path: path, observer: observer, clock: .system, logger: logger)
    }
}

extension MySQLThreadState {
    init(address: MySQLAddress, interrupter: Interrupter, trustedIdleTime: Duration = .seconds(5)) {
        self.init(
            address: address, interrupter: interrupter, trustedIdleTime: trustedIdleTime, clock: .system,
            random: .system)
    }
}

extension BlockingPool where State: ~Copyable {
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
