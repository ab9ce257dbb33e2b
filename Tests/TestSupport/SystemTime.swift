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
        address: MySQLAddress, poolSize: Int, migrate: Bool, recordsChanges: Bool = true,
        observer: (any StoreObserver)? = nil, logger: Logger
    ) throws(StoreError) {
        try self.init(
            address: address, poolSize: poolSize, migrate: migrate, recordsChanges: recordsChanges,
            observer: observer, clock: .system, random: .system, logger: logger)
    }
}

extension MySQLStore {
    /// Migrates the schema.
    package static func migrate(_ address: MySQLAddress, logger: Logger) throws(StoreError) {
        try migrate(address, recordsChanges: true, clock: .system, random: .system, logger: logger)
    }
}

extension SQLiteStore {
    /// Opens a store that uses the system's clock and random generator.
    package init(
        path: String, recordsChanges: Bool = true, observer: (any StoreObserver)? = nil, logger: Logger
    ) throws(StoreError) {
        try self.init(
            path: path, recordsChanges: recordsChanges, observer: observer, clock: .system, random: .system,
            logger: logger)
    }
}
