import BlockingWork
import Randomness
import StoreAddress
import Time

@testable import MySQLStore

extension MySQLThreadState {
    init(address: MySQLAddress, trustedIdleTime: Duration = .seconds(5)) {
        self.init(
            sessions: SessionFactory(address: address, clock: .system, random: .system) { 0 },
            interrupter: Interrupter(), trustedIdleTime: trustedIdleTime
        ) {
        }
    }

    /// Runs a statement as the pool does: opens a session if there is none, and again if the statement needs
    /// another.
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
