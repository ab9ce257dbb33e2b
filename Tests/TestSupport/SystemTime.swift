package import Broadcasts
package import Logging
package import MySQLStore
internal import Randomness
package import SQLiteStore
package import StoreAddress
internal import Time

// Initialisers with the system's clock and random generator, which most tests use.

extension MySQLStore {
    /// Opens a store that uses the system's clock and random generator.
    package init(
        address: MySQLAddress, poolSize: Int, migrate: Bool, observer: (any StoreObserver)? = nil,
        logger: Logger
    ) throws(StoreError) {
        try self.init(
            address: address, poolSize: poolSize, migrate: migrate, observer: observer, clock: .system,
            random: .system, logger: logger)
    }
}

extension MySQLStore {
    /// Migrates the schema.
    package static func migrate(_ address: MySQLAddress, logger: Logger) throws(StoreError) {
        try migrate(address, clock: .system, random: .system, logger: logger)
    }
}

extension SQLiteStore {
    /// Opens a store that uses the system's clock.
    package init(path: String, observer: (any StoreObserver)? = nil, logger: Logger) throws(StoreError) {
        try self.init(path: path, observer: observer, clock: .system, logger: logger)
    }
}
