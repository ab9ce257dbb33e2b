import Synchronization

/// The session variables that only some servers have, learned once for each server version, so that setting a
/// session up takes one statement.
final class ServerVariables: Sendable {
    /// Statements end on the server too when nobody waits any more, because the client's leaving does not end
    /// them. On a cluster, a statement waits until its node has all that was committed before on others:
    /// reads, or an acknowledged PUT could be missing, and writes, because a PUT equal to what a lagging node
    /// still holds would be answered and stored nowhere.
    private static func values(_ limits: MySQLLimits) -> [(name: String, value: String)] {
        [
            ("max_statement_time", "\(limits.statement)"),  // MariaDB, seconds.
            ("max_execution_time", "\(limits.statement * 1_000)"),  // MySQL, milliseconds, queries alone.
            ("wsrep_sync_wait", "7"),  // Galera: reads, updates and inserts.
            ("group_replication_consistency", "'BEFORE'"),  // InnoDB Cluster.
            ("transaction_isolation", isolation),
            ("tx_isolation", isolation),  // The same before MySQL 8 and MariaDB 11.1.
        ]
    }

    private static let isolation = "'REPEATABLE-READ'"

    /// By the server's version.
    private let known = Mutex<[String: Set<String>]>([:])

    /// Sets a session up, so that every session is the same, whatever the server's defaults are.
    func setUp(_ connection: borrowing MySQLConnection, _ limits: MySQLLimits) throws(MySQLError) {
        let version = connection.serverVersion
        if let names = known.withLock({ $0[version] }) {
            do {
                return try set(names, connection, limits)
            } catch {
                // Another server of the same version, without a plugin that the first one had.
                guard error.code == .ER_UNKNOWN_SYSTEM_VARIABLE else { throw error }
            }
        }
        let names = try ask(connection, limits)
        try set(names, connection, limits)
        known.withLock { $0[version] = names }
    }

    private func ask(
        _ connection: borrowing MySQLConnection, _ limits: MySQLLimits
    ) throws(MySQLError) -> Set<String> {
        let names = Self.values(limits).map { "'\($0.name)'" }.joined(separator: ", ")
        try connection.query("SHOW SESSION VARIABLES WHERE Variable_name IN (\(names))")
        var found: Set<String> = []
        while connection.nextRow() {
            if let name = connection.text(at: 0) { found.insert(name) }
        }
        if found.contains("transaction_isolation") { found.remove("tx_isolation") }
        return found
    }

    /// One statement, because each costs a way to the server and back. `SET NAMES` comes first: Oracle's
    /// client offers a collation that MariaDB does not know, and MariaDB then takes its own default.
    private func set(
        _ names: Set<String>, _ connection: borrowing MySQLConnection, _ limits: MySQLLimits
    ) throws(MySQLError) {
        let optional = Self.values(limits).filter { names.contains($0.name) }
        try connection.query(
            """
            SET NAMES utf8mb4, SESSION autocommit = 1, SESSION time_zone = '+00:00', \
            SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
            SESSION innodb_lock_wait_timeout = \(limits.lock), SESSION lock_wait_timeout = \(limits.lock)\
            \(optional.map { ", SESSION \($0.name) = \($0.value)" }.joined())
            """)
    }
}
