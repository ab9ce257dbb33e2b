import TestSupport
import Testing
import Time

/// The database is unavailable from the start or later. The service reports this within its deadlines and
/// recovers with the database.
///
/// Each duration must be below the next longer deadline, which allows for a busy machine: reads (250 ms) and
/// heartbeats (900 ms) below the 2 s of a PUT, PUTs below the 5 s of a login.
@Suite(.needsDatabaseServer, .serialized, .timeLimit(.minutes(2))) struct AbsentDatabaseTests {
    private static let writeDeadline = Duration.seconds(2)
    private static let loginTimeout = Duration.seconds(5)

    private func start(on database: DatabaseServer, _ arguments: String...) throws -> RunningService {
        try RunningService(
            RunningService.tokens + ["--database-url=\(database.url)", "--log-level=notice"] + arguments)
    }

    private func expectTimelyRefusals(_ service: RunningService) throws {
        let heartbeat = try TimedResponse { try service.get(path: "/__heartbeat__") }
        #expect(heartbeat.status == 503)
        #expect(heartbeat.duration < Self.writeDeadline)
        let put = try TimedResponse { try service.put("lost") }
        #expect(put.status == 503)
        #expect(put.response.text.contains("\"errno\":202") && put.response["retry-after"] != nil)
        #expect(put.duration < Self.loginTimeout)
        #expect(try service.get(path: "/__lbheartbeat__").status == 200)
    }

    /// Makes the database available, and expects the service to recover.
    private func expectRecovery(
        _ service: RunningService, from absence: Absence, of database: DatabaseServer
    ) throws {
        try absence.end(database)
        let began = Instant.now
        _ = try service.process.line(containing: "Database connection restored")
        #expect([200, 201].contains(try service.put("v2").status))
        #expect(try service.get().text == #"{"code":200,"broadcasts":{"test/channel":"v2"}}"#)
        #expect(try service.get().fields.allSatisfy { $0.name != "age" })
        #expect(try service.get(path: "/__heartbeat__").status == 200)
        #expect(began.duration(to: .now) < .seconds(10), "the intervals between probes are bounded")
    }

    @Test(arguments: Absence.allCases)
    func start_withoutDatabase_recovers_andCreatesTheSchema(absence: Absence) throws {
        let database = try DatabaseServer()
        try absence.begin(database)
        let service = try start(on: database)
        for _ in 0..<3 {
            try expectTimelyRefusals(service)
            let board = try TimedResponse { try service.get() }
            #expect(board.status == 503, "no board has been read")
            #expect(board.duration < Self.writeDeadline)
        }
        try expectRecovery(service, from: absence, of: database)
        #expect(service.process.output.contains("Applied migration"))
        #expect(try service.stop() == 0)
    }

    @Test(arguments: Absence.allCases)
    func lostDatabase_isReportedInTime_andRecovers(absence: Absence) throws {
        let database = try DatabaseServer()
        let service = try start(on: database)
        #expect(try service.put("v1").status == 201)
        #expect(try service.get().status == 200)
        try absence.begin(database)
        // The first failures open the circuit, so that some requests meet it closed and some open.
        for _ in 0..<3 { try expectTimelyRefusals(service) }
        _ = try service.process.line(containing: "The database is down")
        try expectRecovery(service, from: absence, of: database)
        #expect(try service.stop() == 0)
    }

    @Test(arguments: ["0s", "1s"])
    func board_isServedStale_thenRefused_whileTheDatabaseIsSilent(maxStaleness: String) throws {
        let database = try DatabaseServer()
        let service = try start(on: database, "--max-staleness=\(maxStaleness)", "--stale-if-error=3s")
        #expect(try service.put("v1").status == 201)
        let last = try TimedResponse { try service.get() }
        #expect(last.status == 200 && last.age == nil)
        database.pause()

        let check = FreshnessCheck(
            lastRead: last, maxStaleness: maxStaleness == "0s" ? .zero : .seconds(1),
            staleIfError: .seconds(3))
        var statuses: [Int] = []
        var ages: [Duration] = []
        while statuses.last != 503 {
            let timed = try TimedResponse { try service.get() }
            #expect(timed.duration < Self.writeDeadline)
            check.expect(of: timed)
            if statuses.last != timed.status { statuses.append(timed.status) }
            if let age = timed.age, ages.last != age { ages.append(age) }
        }
        #expect(statuses == [200, 503])
        #expect(ages == ages.sorted() && !ages.isEmpty)
        try expectTimelyRefusals(service)
        try expectRecovery(service, from: .silent, of: database)
        #expect(try service.stop() == 0)
    }
}

/// Checks responses by the time since the last good read, as measured by the client. That read began at some
/// moment between its request and its response.
private struct FreshnessCheck {
    let lastRead: TimedResponse
    let maxStaleness: Duration
    let staleIfError: Duration

    func expect(of timed: TimedResponse) {
        let youngest = lastRead.ended.duration(to: timed.began)
        let oldest = lastRead.began.duration(to: timed.ended)
        switch (timed.status, timed.age) {
        case (200, nil):
            #expect(youngest <= maxStaleness, "a board without Age is within max_staleness")
        case (200, let age?):
            #expect(timed.response.text == lastRead.response.text)
            #expect(
                youngest <= staleIfError && oldest > maxStaleness,
                "a board with Age is beyond max_staleness and within stale_if_error")
            #expect(age <= oldest && age + .seconds(1) > youngest, "Age is in whole seconds")
        default:
            #expect(timed.status == 503 && oldest > staleIfError, "503 only beyond stale_if_error")
        }
    }
}
