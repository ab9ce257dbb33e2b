import Synchronization

/// Sets the session variables, so that all sessions are alike whatever the server's defaults and its
/// `init_connect` are.
///
/// Every session variable of MySQL 9.7 and MariaDB 11.8 was considered. Set are those that can change, cut
/// short, forbid or fail one of our statements, and that an account may set without a privilege. Not set:
/// costs and tracing (`optimizer_switch`, buffer sizes, `sql_buffer_result`, `long_query_time`), texts
/// (`lc_messages`), defaults that our DDL states itself (`default_storage_engine`, `character_set_server`),
/// and what needs a privilege (`sql_log_bin`, `wsrep_on`, `enforce_storage_engine`). Explicit values, because
/// `DEFAULT` means the global value.
final class ServerVariables: Sendable {
    /// The variables that all supported servers have.
    ///
    /// `SET NAMES` is needed although the client sends a character set: Oracle's client library requests a
    /// collation that MariaDB does not know, and MariaDB then uses its default. Switching autocommit off and
    /// on commits a transaction that `init_connect` began; without that, no PUT of the session would be
    /// stored. A value of `max_join_size` changes `sql_big_selects`, so that comes after it.
    private static func universal(_ limits: MySQLLimits) -> String {
        """
        SET NAMES utf8mb4, SESSION autocommit = 0, SESSION autocommit = 1, \
        SESSION completion_type = 'NO_CHAIN', SESSION time_zone = '+00:00', \
        SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
        SESSION sql_select_limit = \(unlimited), SESSION max_join_size = \(unlimited), \
        SESSION sql_big_selects = 1, SESSION sql_safe_updates = 0, SESSION sql_auto_is_null = 0, \
        SESSION foreign_key_checks = 1, SESSION unique_checks = 1, \
        SESSION innodb_lock_wait_timeout = \(limits.lock), SESSION lock_wait_timeout = \(limits.lock), \
        SESSION wait_timeout = \(idleSeconds)
        """
    }

    /// The variables that only some servers have.
    ///
    /// Statements time out on the server, too, because a client that disconnects does not end them. On a
    /// cluster, a statement first waits until its node has applied all commits of the other nodes. Without
    /// that, a read could miss an acknowledged PUT, and a PUT of the value that a lagging node still holds
    /// would be acknowledged without being stored.
    private static func optional(_ limits: MySQLLimits) -> [(name: String, value: String)] {
        [
            ("max_statement_time", "\(limits.statement)"),  // MariaDB, in seconds.
            ("max_execution_time", "\(limits.statement * 1_000)"),  // MySQL, in ms, SELECT only.
            ("wsrep_sync_wait", "7"),  // Galera: reads (1), updates (2) and inserts (4).
            ("wsrep_dirty_reads", "0"),  // Galera: no reads from a node that lost its cluster.
            ("wsrep_osu_method", "'TOI'"),  // Galera: migrations apply to all nodes.
            ("group_replication_consistency", "'BEFORE'"),  // MySQL Group Replication.
            ("transaction_isolation", isolation),
            ("tx_isolation", isolation),  // Its name before MySQL 8 and MariaDB 11.1.
            ("transaction_read_only", "0"),
            ("tx_read_only", "0"),  // Its name before MySQL 8 and MariaDB 11.1.
            ("innodb_snapshot_isolation", "0"),  // MariaDB; on since 11.6.
            ("query_cache_type", "0"),  // MariaDB, and MySQL before 8.
            ("max_session_mem_used", "\(Int64.max)"),  // MariaDB; statements beyond it fail with 1290.
            ("system_versioning_asof", "DEFAULT"),  // MariaDB; here, DEFAULT is the current time.
            ("alter_algorithm", "'DEFAULT'"),  // MariaDB: the adoption of a table must copy it.
            ("sql_if_exists", "0"),  // MariaDB.
        ]
    }

    private static let isolation = "'REPEATABLE-READ'"
    private static let unlimited = UInt64.max
    /// Longer than the lifetime of a session: the server ends only those whose node has vanished.
    private static let idleSeconds = 2_400

    /// The names of the supported variables, by server version.
    private let known = Mutex<[String: Set<String>]>([:])

    /// Sets up a session, with one statement if the variables of this server version are known: each costs a
    /// round trip.
    func setUp(_ connection: borrowing MySQLConnection, _ limits: MySQLLimits) throws(MySQLError) {
        let version = connection.serverVersion
        if let names = known.withLock({ $0[version] }) {
            do {
                return try set(names, connection, limits)
            } catch {
                // Another server of the same version may lack a plugin that the first one had, or
                // `init_connect` has begun a transaction, in which some variables cannot be set.
                guard
                    [.ER_UNKNOWN_SYSTEM_VARIABLE, .ER_VARIABLE_NOT_SETTABLE_IN_TRANSACTION]
                        .contains(error.code)
                else { throw error }
            }
        }
        // First, because `sql_select_limit` and others apply to SHOW as well.
        try set([], connection, limits)
        let names = try ask(connection, limits)
        try set(names, connection, limits)
        known.withLock { $0[version] = names }
    }

    private func ask(
        _ connection: borrowing MySQLConnection, _ limits: MySQLLimits
    ) throws(MySQLError) -> Set<String> {
        let names = Self.optional(limits).map { "'\($0.name)'" }.joined(separator: ", ")
        try connection.query("SHOW SESSION VARIABLES WHERE Variable_name IN (\(names))")
        var found: Set<String> = []
        while connection.nextRow() {
            // Some names have capital letters, depending on the server.
            if let name = connection.text(at: 0) { found.insert(name.lowercased()) }
        }
        for (name, old) in [
            ("transaction_isolation", "tx_isolation"), ("transaction_read_only", "tx_read_only"),
        ] where found.contains(name) {
            found.remove(old)
        }
        return found
    }

    private func set(
        _ names: Set<String>, _ connection: borrowing MySQLConnection, _ limits: MySQLLimits
    ) throws(MySQLError) {
        let optional = Self.optional(limits).filter { names.contains($0.name) }
        try connection.query(
            Self.universal(limits) + optional.map { ", SESSION \($0.name) = \($0.value)" }.joined())
    }
}
