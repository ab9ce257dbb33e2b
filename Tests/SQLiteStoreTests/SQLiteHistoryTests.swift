import Broadcasts
import TestSupport
import Testing
import Time

@testable import SQLiteStore

/// The history in a file.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SQLiteHistoryTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/megaphone.db"
    }

    @Test func historyOfADeletedChannel_isRemovedAfter90Days_unlessTheChannelExistsAgain() async throws {
        let store = try SQLiteStore(path: path, logger: silent)
        defer { store.close() }
        for channel in ["gone", "gone-lately", "recreated", "recreated-by-another", "present"] {
            _ = try await store.apply(change("test", channel, "v", historyLimit: 9), deadline: patient())
            guard channel != "present" else { continue }
            _ = try await store.apply(deletion("test", channel, historyLimit: 9), deadline: patient())
        }
        let connection = try SQLiteConnection.open(path: path)
        connection.setBusyLimit(.seconds(20))
        try connection.execute(
            """
            UPDATE megaphone_history SET at = strftime('%Y-%m-%dT%H:%M:%fZ', at, '-1 hours',
                iif(bchannel_id = 'gone-lately', '-89 days', '-90 days'));
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version)
                VALUES ('test', 'recreated-by-another', 'v2')
            """)
        _ = try await store.apply(change("test", "recreated", "v", historyLimit: 9), deadline: patient())
        // A store looks for such channels after its first change, and then once a day.
        let next = try SQLiteStore(path: path, logger: silent)
        defer { next.close() }
        _ = try await next.apply(change("test", "present", "w", historyLimit: 9), deadline: patient())
        let gone = "SELECT count(*) FROM megaphone_history WHERE bchannel_id = 'gone'"
        try eventually { try connection.integer(gone) == 0 }
        let left = try connection.text(
            """
            SELECT group_concat(channel, ' ') FROM (SELECT bchannel_id || count(*) AS channel
                FROM megaphone_history GROUP BY bchannel_id ORDER BY 1)
            """)
        #expect(left == "gone-lately2 present2 recreated-by-another2 recreated3")
    }

    @Test func historyThatCannotBeWritten_isLeftOut_andRecovers() async throws {
        let log = LogRecorder()
        let store = try SQLiteStore(path: path, logger: log.logger)
        defer { store.close() }
        func put(_ version: String) async throws -> ChangeOutcome {
            try await store.apply(change("test", "one", version, historyLimit: 9), deadline: patient())
        }
        let connection = try SQLiteConnection.open(path: path)
        connection.setBusyLimit(.seconds(20))
        #expect(try await put("v1") == .created)
        try connection.execute("ALTER TABLE megaphone_history RENAME TO aside")
        for version in ["v2", "v3"] { #expect(try await put(version) == .changed) }
        #expect(try await HistoryChain.read("one", from: store).present == "v3")
        try connection.execute("ALTER TABLE aside RENAME TO megaphone_history")
        #expect(try await put("v4") == .changed)
        #expect(try connection.text("SELECT group_concat(previous) FROM megaphone_history") == "v3")
        #expect(log.lines.count { $0.contains("not recorded in the history: no such table") } == 1)
    }

    /// Three stores, which are connections of their own, one of which writes without a history, as an older
    /// build does. Meanwhile, another program locks the file again and again.
    @Test(arguments: TestSeed.drawn())
    func chain_isUnbroken_overRandomChanges(seed: TestSeed) async throws {
        let stores = try (0..<3).map { _ in try SQLiteStore(path: path, logger: silent) }
        defer { for store in stores { store.close() } }
        let ledger = ChangeLedger()
        try await withThrowingTaskGroup { group in
            for number in 0..<8 {
                let store = stores[number % 3]
                group.addTask {
                    var changes = RandomChanges("client\(number)", seed)
                    try await changes.run(RandomChanges.total / 8, on: store, ledger)
                }
            }
            let path = path
            group.addTask {
                let connection = try SQLiteConnection.open(path: path)
                connection.setBusyLimit(.seconds(5))
                var round = 0
                while ledger.total < RandomChanges.total * 99 / 100 {
                    round += 1
                    let channel = RandomChanges.channels[round % RandomChanges.channels.count]
                    _ = try? await stores[round % 3].apply(
                        change("test", channel, "foreign\(round)"), deadline: soon(.seconds(5)))
                    if (try? connection.execute("BEGIN IMMEDIATE")) != nil {
                        try await Task.sleep(for: .milliseconds(2))
                        try connection.execute("ROLLBACK")
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            try await group.waitForAll()
        }
        #expect(ledger.total == RandomChanges.total)
        #expect(ledger.writtenCount > RandomChanges.total / 4)
        var chains: [HistoryChain] = []
        for channel in RandomChanges.channels { chains.append(try await .read(channel, from: stores[0])) }
        #expect(chains.flatMap(\.problems) == [])
        #expect(ledger.problems(chains) == [])
    }
}
