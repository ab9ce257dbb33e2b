import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Changes whose conversation with the database is cut after each byte of it, in both directions.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(3))) struct InterruptedChangeTests {
    private let database: MySQLTestDatabase
    private let proxy: FaultProxy
    private let store: MySQLStore

    init() throws {
        database = try MySQLTestDatabase()
        proxy = try FaultProxy(to: database.address.port)
        store = try MySQLStore(
            address: database.address.with(port: proxy.port), poolSize: 1, migrate: true, logger: silent)
    }

    private func recorded(_ version: String, _ precondition: Precondition = Precondition()) -> Change {
        change("test", "one", version, precondition, historyLimit: 1_000_000)
    }

    private var removal: Change { deletion("test", "one", historyLimit: 1_000_000) }

    /// Runs the body again and again. The first time, its conversation is cut before the first byte, then
    /// after each byte in turn, until it ends without a cut. To the server after each fifth byte: it runs no
    /// incomplete request, so that cuts within one are alike.
    private func cutEverywhere(
        _ direction: FaultProxy.Direction, prepare: () async throws -> Void = {},
        _ body: (_ length: Int) async throws -> Void
    ) async throws {
        defer {
            store.close()
            proxy.end()
        }
        // Opens the session and lets it run several statements.
        _ = try await store.apply(change("test", "other", "v", historyLimit: 1), deadline: patient())
        var length = 0
        repeat {
            try await prepare()
            proxy.set(.interrupt(after: length, direction))
            try await body(length)
            length += direction == .toServer ? 5 : 1
        } while proxy.hasCut
        #expect(length > (direction == .toServer ? 350 : 80), "a change is longer than that")
    }

    /// The entries of the channel, oldest first: `previous>version`.
    private func entries() throws -> [String?] {
        try database.address.sql(
            """
            SELECT CONCAT(IFNULL(previous, '-'), '>', IFNULL(version, '-')) FROM megaphone_history \
            WHERE bchannel_id = 'one' ORDER BY id
            """)
    }

    @Test(arguments: FaultProxy.Direction.allCases, [false, true])
    func put_isStoredAndRecordedOnce(direction: FaultProxy.Direction, isConditional: Bool) async throws {
        _ = try await store.apply(recorded("v"), deadline: patient())
        var (present, expected) = ("v", ["->v"])
        try await cutEverywhere(direction) { length async throws in
            let precondition =
                isConditional ? Precondition(ifMatch: try entityTags("one", present)) : Precondition()
            let outcome = try await store.apply(
                recorded("v\(length)", precondition), deadline: patient())
            #expect(outcome == .changed, "cut after \(length) bytes")
            expected.append("\(present)>v\(length)")
            present = "v\(length)"
        }
        #expect(try entries() == expected)
        #expect(
            try database.address.sql("SELECT version FROM broadcastsv1 WHERE bchannel_id = 'one'") == [
                present
            ])
    }

    @Test(arguments: FaultProxy.Direction.allCases)
    func deletion_succeedsAndIsRecordedOnce(direction: FaultProxy.Direction) async throws {
        var expected: [String] = []
        try await cutEverywhere(direction) { () async throws in
            #expect(try await store.apply(recorded("v"), deadline: patient()) == .created)
        } _: { length async throws in
            let outcome = try await store.apply(removal, deadline: patient())
            #expect(outcome == .deleted, "cut after \(length) bytes")
            expected += ["->v", "v>-"]
        }
        #expect(try entries() == expected)
    }

    /// The outcome of a lost COMMIT stays open: the row may be that of another client.
    @Test(arguments: FaultProxy.Direction.allCases)
    func creation_succeedsOrLeavesItsOutcomeOpen(direction: FaultProxy.Direction) async throws {
        var errors = 0
        try await cutEverywhere(direction) { () async throws in
            try await eventually { (try? await store.apply(removal, deadline: patient())) != nil }
        } _: { length async throws in
            let change = recorded("v\(length)", Precondition(ifNoneMatch: .any))
            do {
                let outcome = try await store.apply(change, deadline: patient())
                #expect(outcome == .created, "cut after \(length) bytes")
                let rows = try await store.readRows(deadline: patient())
                #expect(rows.contains { $0.version == "v\(length)" })
            } catch {
                errors += 1
            }
        }
        // The bytes of a COMMIT, or of its answer: about 11 of more than 80.
        #expect((1...20).contains(errors), "\(errors) errors")
        let created = try entries().compactMap(\.self).filter { $0.hasPrefix("->v") }
        #expect(Set(created).count == created.count, "no creation has two entries")
    }

    @Test func recordedPUT_takesThreeRoundTrips() async throws {
        defer {
            store.close()
            proxy.end()
        }
        for version in ["v1", "v2"] { _ = try await store.apply(recorded(version), deadline: patient()) }
        func requests(_ change: Change) async throws -> Int {
            let before = proxy.requests
            _ = try await store.apply(change, deadline: patient())
            return proxy.requests - before
        }
        // A change in sixteen is followed by a statement that removes old entries.
        var counts: [Int] = []
        for number in 0..<5 { counts.append(try await requests(recorded("w\(number)"))) }
        #expect(counts.sorted()[2] == 3, "\(counts)")
        // The first request may also count that statement of the last change, which runs after the answer.
        _ = try await requests(recorded("w4"))
        #expect(try await requests(recorded("w4")) == 2, "an equal version is not written")
        #expect(try await requests(change("test", "one", "x")) <= 2, "at first, the statement is prepared")
        #expect(try await requests(change("test", "one", "y")) == 1)
    }
}
