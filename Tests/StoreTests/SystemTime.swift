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

extension MySQLStore {
    static func migrate(_ address: MySQLAddress, logger: Logger) throws(StoreError) {
        try migrate(address, clock: .system, random: .system, logger: logger)
    }
}

extension SQLiteConnection {
    /// Opens a file, which is made when there is none.
    static func open(path: String) throws(SQLiteError) -> SQLiteConnection {
        try open(path: path, create: true)
    }
}

extension MySQLThreadState {
    init(address: MySQLAddress, trustedIdleTime: Duration = .seconds(5)) {
        self.init(
            sessions: SessionFactory(address: address, clock: .system, random: .system) { 0 },
            interrupter: Interrupter(), trustedIdleTime: trustedIdleTime
        ) {
        }
    }

    /// Runs a statement as the pool does: opens a session where there is none, and again where the statement
    /// asks for another.
    mutating func useOpening<Value>(
        until deadline: Instant, isRepeatable: Bool = true,
        _ body: (inout MySQLSession) throws(MySQLError) -> Value
    ) throws(MySQLError) -> Value {
        var attempts = 0
        while true {
            if !isOpen { open() }
            let result = use(
                until: deadline, generation: 0, attempts: attempts, isRepeatable: isRepeatable, body)
            if let result { return try result.get() }
            attempts += 1
        }
    }
}

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
