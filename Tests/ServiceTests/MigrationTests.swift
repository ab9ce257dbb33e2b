import TestSupport
import Testing
import Time

/// `megaphone migrate`, and starts with a missing, a current and a newer schema.
@Suite(.needsDatabaseServer, .serialized, .timeLimit(.minutes(2))) struct MigrationTests {
    /// Runs a command that must fail, and returns the line with the reason.
    private func failure(_ arguments: [String], _ url: String) throws -> String {
        let (code, output) = try Program.run(
            arguments + ["--database-url=\(url)", "--port=0", "--json-logging=false"])
        #expect(code == 69)
        let lines = output.split(separator: "\n").filter { $0.hasPrefix("megaphone: ") }
        #expect(lines.count == 1, "\(output)")
        #expect(!output.contains("correct-horse"), "the password must not be printed")
        return String(lines.first ?? "")
    }

    @Test(arguments: Absence.allCases)
    func migrate_withoutServer_exitsWith69_andNamesTheAddress(absence: Absence) throws {
        let database = try DatabaseServer()
        try absence.begin(database)
        let began = Instant.now
        let line = try failure(["migrate"], database.url)
        #expect(line.contains("database_url: cannot reach MySQL at 127.0.0.1:\(database.port)"))
        #expect(line.contains("is it running"))
        // A login times out after 5 s and is not retried.
        #expect(began.duration(to: .now) < .seconds(10))
    }

    @Test func refusedLogin_exitsWith69_andNamesUserAndAddress() throws {
        let database = try DatabaseServer()
        let line = try failure(["migrate"], database.url(user: "nobody", password: "correct-horse"))
        #expect(line.contains("cannot log in to MySQL at 127.0.0.1:\(database.port) as nobody"))
        #expect(line.contains("denied"))
    }

    @Test func missingSchema_stopsTheService_withNoMigrate() throws {
        let database = try DatabaseServer()
        let line = try failure(["serve", "--no-migrate"], database.url)
        #expect(line.contains("database megaphone") && line.contains("run megaphone migrate"))
    }

    @Test(arguments: [["serve"], ["serve", "--no-migrate"], ["migrate"]])
    func newerSchema_stopsEveryCommand(arguments: [String]) throws {
        let database = try DatabaseServer(
            running: """
                CREATE TABLE megaphone.megaphone_migrations (number INT PRIMARY KEY, name VARCHAR(100));
                INSERT INTO megaphone.megaphone_migrations VALUES (99, 'the future');
                """)
        let line = try failure(arguments, database.url)
        #expect(line.contains("version 99, newer than"))
    }

    @Test func userWithoutDDLPrivileges_serves_afterAMigration() throws {
        let database = try DatabaseServer(
            running: """
                CREATE USER 'servant'@'%' IDENTIFIED BY 'correct-horse';
                GRANT SELECT, INSERT, UPDATE ON megaphone.* TO 'servant'@'%';
                """)
        for _ in 0..<2 {
            let (code, output) = try Program.run(["migrate", "--database-url=\(database.url)"])
            #expect(code == 0)
            #expect(output.contains("is up to date") && !output.contains("p@ss"))
        }
        let url = database.url(user: "servant", password: "correct-horse")
        let service = try RunningService(RunningService.tokens + ["--no-migrate", "--database-url=\(url)"])
        #expect(try service.put("v1").status == 201)
        #expect(try service.get(path: "/__heartbeat__").status == 200)
        #expect(try service.stop() == 0)
        #expect(!service.process.output.contains("correct-horse"))
    }
}
