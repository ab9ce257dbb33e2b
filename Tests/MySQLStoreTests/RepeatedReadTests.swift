import Broadcasts
import MySQLStore
import TestSupport
import Testing

/// A read compares the rows with those of the last read, one by one. It must see every difference.
@Suite(.needsServer, .timeLimit(.minutes(2))) struct RepeatedReadTests {
    let database: MySQLTestDatabase

    init() throws {
        database = try MySQLTestDatabase()
    }

    @Test func read_seesRowsAddedChangedOrRemoved_atAnyPosition() async throws {
        let store = try database.store()
        defer { store.close() }
        var versions: [String: String] = [:]
        func expectRows(_ when: String) async throws {
            for _ in 0..<2 {
                let rows = try await store.readRows(deadline: patient())
                let found = rows.map { ($0.channelID, $0.version) }
                #expect(rows.count == versions.count, "\(when)")
                #expect(Dictionary(found) { $1 } == versions, "\(when)")
            }
        }
        func insert(_ channel: String) throws {
            try database.address.sql(
                """
                INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version)
                VALUES ('a', '\(channel)', 'v1')
                """)
            versions[channel] = "v1"
        }
        try await expectRows("empty")
        for channel in ["m", "z", "b", "n"] {
            try insert(channel)
            try await expectRows("after adding \(channel)")
        }
        for (channel, version) in [("b", "v2"), ("n", "v10"), ("z", "")] {
            try database.address.sql(
                "UPDATE broadcastsv1 SET version = '\(version)' WHERE bchannel_id = '\(channel)'")
            versions[channel] = version
            try await expectRows("after changing \(channel)")
        }
        for channel in ["m", "z", "b", "n"] {
            try database.address.sql("DELETE FROM broadcastsv1 WHERE bchannel_id = '\(channel)'")
            versions[channel] = nil
            try await expectRows("after removing \(channel)")
        }
    }
}
