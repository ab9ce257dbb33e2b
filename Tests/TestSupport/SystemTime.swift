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
        address: MySQLAddress, poolSize: Int, migrate: Bool, additions: SchemaAdditions = .history,
        observer: (any StoreObserver)? = nil, logger: Logger
    ) throws(StoreError) {
        try self.init(
            address: address, poolSize: poolSize, migrate: migrate, additions: additions,
            observer: observer, clock: .system, random: .system, logger: logger)
    }
}

extension MySQLStore {
    /// Migrates the schema.
    package static func migrate(_ address: MySQLAddress, logger: Logger) throws(StoreError) {
        try migrate(address, additions: .history, clock: .system, random: .system, logger: logger)
    }
}

extension SchemaAdditions {
    /// Everything that the settings can need.
    package static let all = SchemaAdditions(history: true, holdBack: true)
    /// The history only, as with the default settings.
    package static let history = SchemaAdditions(history: true, holdBack: false)
}

extension SQLiteStore {
    /// Opens a store that uses the system's clock and random generator.
    package init(
        path: String, additions: SchemaAdditions = .history, observer: (any StoreObserver)? = nil,
        logger: Logger
    ) throws(StoreError) {
        try self.init(
            path: path, additions: additions, observer: observer, clock: .system, random: .system,
            logger: logger)
    }
}
