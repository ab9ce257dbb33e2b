import Synchronization

/// The session variables that only some servers have. They are queried once per server version, so that
/// setting up a session takes one statement.
final class ServerVariables: Sendable {
    /// Statements time out on the server, too, because a client that disconnects does not end them. On a
    /// cluster, a statement first waits until its node has applied all commits of the other nodes. Without
    /// that, a read could miss an acknowledged PUT, and a PUT of the value that a lagging node still holds
    /// would be acknowledged without being stored.
    private static func values(_ limits: MySQLLimits) -> [(name: String, value: String)] {
        [
            ("max_statement_time", "\(limits.statement)"),  // MariaDB, in seconds.
            ("max_execution_time", "\(limits.statement * 1_000)"),  // MySQL, in ms, SELECT only.
            ("wsrep_sync_wait", "7"),  // Galera: reads (1), updates (2) and inserts (4).
            ("group_replication_consistency", "'BEFORE'"),  // MySQL Group Replication.
            ("transaction_isolation", isolation),
            ("tx_isolation", isolation),  // Its name before MySQL 8 and MariaDB 11.1.
        ]
    }

    private static let isolation = "'REPEATABLE-READ'"

    /// The names of the supported variables, by server version.
    private let known = Mutex<[String: Set<String>]>([:])

    /// Sets up a session, so that all sessions are alike whatever the server's defaults are.
    func setUp(_ connection: borrowing MySQLConnection, _ limits: MySQLLimits) throws(MySQLError) {
        let version = connection.serverVersion
        if let names = known.withLock({ $0[version] }) {
            do {
                return try set(names, connection, limits)
            } catch {
                // Another server of the same version may lack a plugin that the first one had.
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

    /// Uses one statement, because each costs a round trip. `SET NAMES` is needed although the client sends a
    /// character set: Oracle's client library requests a collation that MariaDB does not know, and MariaDB
    /// then uses its default.
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
