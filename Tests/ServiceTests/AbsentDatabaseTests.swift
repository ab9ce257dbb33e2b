import TestSupport
import Testing
import Time

/// The database is away, or goes away, and the service says so in time, and is back when the database is.
///
/// Each deadline is told from the next longer one: 250 ms for a read and 900 ms for a heartbeat from the 2 s
/// for a PUT, and those from the 5 s for a login. What is between is room for a busy machine.
@Suite(.needsDatabaseServer, .serialized, .timeLimit(.minutes(2))) struct AbsentDatabaseTests {
    private static let writeDeadline = Duration.seconds(2)
    private static let loginTimeout = Duration.seconds(5)

    private func start(on database: DatabaseServer, _ arguments: String...) throws -> RunningService {
        try RunningService(
            RunningService.tokens + ["--database-url=\(database.url)", "--log-level=notice"] + arguments)
    }

    private func expectHonestRefusals(_ service: RunningService) throws {
        let heartbeat = try TimedResponse { try service.get(path: "/__heartbeat__") }
        #expect(heartbeat.status == 503)
        #expect(heartbeat.duration < Self.writeDeadline)
        let put = try TimedResponse { try service.put("lost") }
        #expect(put.status == 503)
        #expect(put.response.text.contains("\"errno\":202") && put.response["retry-after"] != nil)
        #expect(put.duration < Self.loginTimeout)
        #expect(try service.get(path: "/__lbheartbeat__").status == 200)
    }

    /// Waits until the service has seen the database work.
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
        #expect(began.duration(to: .now) < .seconds(10), "pauses between probes do not grow any more")
    }

    @Test(arguments: Absence.allCases)
    func start_withoutDatabase_saysSo_andRecoversByItself_withItsSchemaMade(absence: Absence) throws {
        let database = try DatabaseServer()
        try absence.begin(database)
        let service = try start(on: database)
        for _ in 0..<3 {
            try expectHonestRefusals(service)
            let board = try TimedResponse { try service.get() }
            #expect(board.status == 503, "there is no board to fall back on")
            #expect(board.duration < Self.writeDeadline)
        }
        try expectRecovery(service, from: absence, of: database)
        #expect(service.process.output.contains("Applied migration"))
        #expect(try service.stop() == 0)
    }

    @Test(arguments: Absence.allCases)
    func lostDatabase_isReportedInTime_andFoundAgain(absence: Absence) throws {
        let database = try DatabaseServer()
        let service = try start(on: database)
        #expect(try service.put("v1").status == 201)
        #expect(try service.get().status == 200)
        try absence.begin(database)
        // Heartbeats and PUTs open the circuit among them, so that some meet it closed and some open.
        for _ in 0..<3 { try expectHonestRefusals(service) }
        _ = try service.process.line(containing: "The database is down")
        try expectRecovery(service, from: absence, of: database)
        #expect(try service.stop() == 0)
    }

    @Test(arguments: ["0s", "1s"])
    func board_growsOld_thenIsRefused_whileTheDatabaseIsSilent(maxStaleness: String) throws {
        let database = try DatabaseServer()
        let service = try start(on: database, "--max-staleness=\(maxStaleness)", "--stale-if-error=3s")
        #expect(try service.put("v1").status == 201)
        let last = try TimedResponse { try service.get() }
        #expect(last.status == 200 && last.age == nil)
        database.pause()

        let honesty = Honesty(
            lastRead: last, maxStaleness: maxStaleness == "0s" ? .zero : .seconds(1),
            staleIfError: .seconds(3))
        var statuses: [Int] = []
        var ages: [Duration] = []
        while statuses.last != 503 {
            let answer = try TimedResponse { try service.get() }
            #expect(answer.duration < Self.writeDeadline)
            honesty.expect(of: answer)
            if statuses.last != answer.status { statuses.append(answer.status) }
            if let age = answer.age, ages.last != age { ages.append(age) }
        }
        #expect(statuses == [200, 503])
        #expect(ages == ages.sorted() && !ages.isEmpty)
        try expectHonestRefusals(service)
        try expectRecovery(service, from: .silent, of: database)
        #expect(try service.stop() == 0)
    }
}

/// What an answer may say, by nothing but the time that its client saw pass since the last good read: that
/// read began at some moment between the asking for it and its answer.
private struct Honesty {
    let lastRead: TimedResponse
    let maxStaleness: Duration
    let staleIfError: Duration

    func expect(of answer: TimedResponse) {
        let youngest = lastRead.ended.duration(to: answer.began)
        let oldest = lastRead.began.duration(to: answer.ended)
        switch (answer.status, answer.age) {
        case (200, nil):
            #expect(youngest <= maxStaleness, "served as fresh")
        case (200, let age?):
            #expect(answer.response.text == lastRead.response.text)
            #expect(youngest <= staleIfError && oldest > maxStaleness, "served as stale")
            #expect(age <= oldest && age + .seconds(1) > youngest, "whole seconds")
        default:
            #expect(answer.status == 503 && oldest > staleIfError, "refused")
        }
    }
}
