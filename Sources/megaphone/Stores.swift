import ArgumentParser
import Broadcasts
import Logging
import MySQLStore
import Randomness
import SQLiteStore
import Settings
import StoreAddress
import Synchronization
import Telemetry
import Threads
import Time

/// Opens the store that `database_url` selects.
///
/// Throws if an SQLite file cannot be opened. If a MySQL server cannot be reached, the service starts,
/// responds with 503, and recovers when the server is back. With `metrics`, registers those of the store.
func openStore(
    _ settings: Settings, migrate: Bool, metrics: MetricsRegistry?, log: LogOutput
) throws(ExitCode) -> any BroadcastStore {
    let logger = log.logger("megaphone.store")
    do throws(StoreError) {
        switch settings.database {
        case .sqlite(let path):
            return try openSQLiteStore(path, settings, metrics, logger)
        case .sqliteMemory:
            return try openSQLiteStore(":memory:", settings, metrics, logger)
        case .mysql(let address):
            let store = try MySQLStore(
                address: address, poolSize: settings.databasePoolMaximumSize, migrate: migrate,
                additions: settings.additions,
                observer: metrics.map(StoreMetrics.init), clock: .system, random: .system, logger: logger)
            metrics?.registerSessions { store.sessionCounts }
            return store
        }
    } catch {
        throw end(.databaseUnavailable, "database_url: \(error)")
    }
}

extension Settings {
    /// What the store needs beside its numbered migrations.
    fileprivate var additions: SchemaAdditions {
        SchemaAdditions(history: reloadable.historyLimit > 0, holdBack: !reloadable.holdBack.rules.isEmpty)
    }
}

/// Returns the line that says which store the service uses, and where that setting came from.
func storeLine(_ loaded: LoadedSettings) -> String {
    let store =
        switch loaded.settings.database {
        case .sqlite(let path): "the SQLite file \(absolutePath(path))"
        case .sqliteMemory: "memory, until the service stops"
        case .mysql(let address): "\(address)"
        }
    return "Storing broadcasts in \(store) (database_url: \(loaded.origin(of: "database_url")))"
}

private func openSQLiteStore(
    _ path: String, _ settings: Settings, _ metrics: MetricsRegistry?, _ logger: Logger
) throws(StoreError) -> any BroadcastStore {
    let store = try SQLiteStore(
        path: path, additions: settings.additions, observer: metrics.map(StoreMetrics.init),
        clock: .system, random: .system, logger: logger)
    metrics?.registerSessions { store.sessionCounts }
    return store
}

/// Updates the schema. Throws if the database cannot be reached.
func migrateStore(_ settings: Settings, log: LogOutput) throws(ExitCode) {
    guard case .mysql(let address) = settings.database else {
        // Opening an SQLite file updates its schema.
        return try openStore(settings, migrate: true, metrics: nil, log: log).close()
    }
    do {
        try MySQLStore.migrate(
            address, additions: settings.additions, clock: .system, random: .system,
            logger: log.logger("megaphone.store"))
    } catch {
        throw end(.databaseUnavailable, "database_url: \(error)")
    }
}

extension BroadcastStore {
    /// How long a reload waits for the database.
    private static var findLimit: Duration { .seconds(5) }

    /// Looks for what `hold_back` needs in the database. Blocks the calling thread.
    func canHoldBack() -> Bool {
        guard let event = try? WakeEvent() else { return false }
        let found = Found()
        findHoldBack(deadline: Clock.system.now + Self.findLimit) { isFound in
            found.value.store(isFound, ordering: .releasing)
            event.signal()
        }
        event.wait(for: nil)
        return found.value.load(ordering: .acquiring)
    }
}

/// The result of a search that another thread makes.
private final class Found: Sendable {
    let value = Atomic(false)
}
