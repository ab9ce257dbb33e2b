import TestSupport
import Testing

/// The tables of a running service are dropped and restored.
@Suite(.needsDatabaseServer, .timeLimit(.minutes(2))) struct LostTablesTests {
    @Test func droppedTables_areAnOutage_notAnEmptyBoard_andARestoreWorks() throws {
        let database = try DatabaseServer()
        let service = try RunningService(
            RunningService.tokens + ["--database-url=\(database.url)", "--log-level=notice"])
        #expect(try service.put("v1").status == 201)
        let board = try service.get().text
        try database.address.sql("CREATE DATABASE backup")
        try copyTables(from: "megaphone", to: "backup", on: database)

        try database.address.sql("DROP DATABASE megaphone", "CREATE DATABASE megaphone")
        // The heartbeats are the calls that open the circuit; then the watch probes the database.
        for _ in 0..<3 { #expect(try service.get(path: "/__heartbeat__").status == 503) }
        let line = try service.line(containing: "tables are missing")
        #expect(line.contains("restore a backup") && line.contains("megaphone migrate"))
        let stale = try service.get()
        #expect(stale.status == 200 && stale["age"] != nil && stale.text == board)
        #expect(try service.put("v2").status == 503)
        #expect(try database.address.sql("SHOW TABLES").isEmpty)

        try copyTables(from: "backup", to: "megaphone", on: database)
        _ = try service.line(containing: "Database connection restored")
        let restored = try service.get()
        #expect(restored.text == board && restored["age"] == nil)
        #expect(try service.put("v2").status == 200)
        #expect(try service.stop() == 0)
    }

    private func copyTables(from source: String, to target: String, on database: DatabaseServer) throws {
        for table in ["broadcastsv1", "megaphone_migrations"] {
            try database.address.sql(
                "CREATE TABLE \(target).\(table) LIKE \(source).\(table)",
                "INSERT INTO \(target).\(table) SELECT * FROM \(source).\(table)")
        }
    }
}
