import Broadcasts
import StoreAddress
import TestSupport
import Testing

@testable import MySQLStore

/// A server whose global variables cut short, forbid or change the statements of a session that inherits
/// them.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct HostileServerTests {
    /// Session variables of both MySQL and MariaDB.
    private static let universal = [
        "sql_select_limit = 2", "max_join_size = 1", "sql_safe_updates = 1", "sql_auto_is_null = 1",
        "autocommit = 0", "completion_type = 'RELEASE'", "foreign_key_checks = 0", "unique_checks = 0",
        "sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'", "time_zone = '+05:00'",
        "innodb_lock_wait_timeout = 1000", "lock_wait_timeout = 1000", "wait_timeout = 1",
    ]
    /// Session variables that only some versions have.
    private static let optional = [
        "tx_read_only = 1", "transaction_read_only = 1", "tx_isolation = 'READ-UNCOMMITTED'",
        "transaction_isolation = 'READ-UNCOMMITTED'", "alter_algorithm = 'INSTANT'", "sql_if_exists = 1",
        "system_versioning_asof = '2001-01-01 00:00:00'", "max_statement_time = 1",
        "max_execution_time = 1000", "innodb_snapshot_isolation = 1", "max_session_mem_used = 2000000",
        "query_cache_type = 2",
    ]

    private let server: DatabaseServer
    private let plain: MySQLAddress

    /// Starts a server with a database of Mozilla's Megaphone and an account without privileges of its own:
    /// `init_connect` does not apply to others.
    init() throws {
        server = try DatabaseServer()
        plain = server.address.with(user: "plain", password: "plain")
        try server.address.sql(
            "CREATE USER plain IDENTIFIED BY 'plain'", "GRANT ALL ON \(server.address.database).* TO plain")
        try OriginalDatabase.make(at: server.address)
    }

    private func setGlobals(_ assignments: [String]) throws {
        for assignment in assignments { try server.address.sql("SET GLOBAL \(assignment)") }
    }

    /// Opens a store, which adopts the table, and uses it.
    private func useStore(_ comment: Comment) async throws {
        let store = try MySQLStore(address: plain, poolSize: 2, migrate: true, logger: silent)
        defer { store.close() }
        for number in 0..<5 {
            let outcome = try await store.apply(change("test", "c\(number)", "v0"), deadline: patient())
            #expect(outcome == .created, comment)
        }
        #expect(try await store.readRows(deadline: patient()).count == 5, comment)
        #expect(try await store.apply(change("test", "C0", "v0"), deadline: patient()) == .created, comment)
        try await store.check(deadline: patient())
        // The server has them, too: nothing waits for a commit.
        #expect(
            try server.address.sql("SET sql_big_selects = 1", "SELECT COUNT(*) FROM broadcastsv1") == ["6"],
            comment)
    }

    @Test func hostileGlobals_changeNothing() async throws {
        let address = server.address
        let optional = try Self.optional.filter { assignment in
            let name = assignment.prefix { $0 != " " }
            return try !address.sql("SHOW GLOBAL VARIABLES LIKE '\(name)'").isEmpty
        }
        #expect(optional.count >= 3)
        try setGlobals(optional + Self.universal)
        try await useStore("all globals at once")
    }

    @Test(arguments: ["SET SESSION sql_select_limit = 2", "SET autocommit = 0", "START TRANSACTION"])
    func initConnect_changesNothing(statement: String) async throws {
        try setGlobals(["init_connect = '\(statement)'"])
        try await useStore("\(statement)")
    }
}
