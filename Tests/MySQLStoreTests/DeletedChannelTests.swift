import Broadcasts
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// The end of the history of deleted channels.
@Suite(.needsServer, .timeLimit(.minutes(1))) struct DeletedChannelTests {
    @Test func historyOfADeletedChannel_isRemovedAfter90Days_unlessTheChannelExistsAgain() async throws {
        let database = try MySQLTestDatabase()
        let store = try database.store()
        defer { store.close() }
        let channels = ["gone", "gone-lately", "recreated", "recreated-by-another", "present"]
        for channel in channels {
            _ = try await store.apply(change("test", channel, "v", historyLimit: 9), deadline: patient())
            guard channel != "present" else { continue }
            _ = try await store.apply(deletion("test", channel, historyLimit: 9), deadline: patient())
        }
        try database.address.sql(
            """
            UPDATE megaphone_history SET at = at - INTERVAL 1 HOUR - \
            INTERVAL IF(bchannel_id = 'gone-lately', 89, 90) DAY
            """,
            """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) \
            VALUES ('test', 'recreated-by-another', 'v2')
            """)
        _ = try await store.apply(change("test", "recreated", "v", historyLimit: 9), deadline: patient())
        // A store looks for such channels after its first change, and then once a day.
        let next = try database.store()
        defer { next.close() }
        _ = try await next.apply(change("test", "present", "w", historyLimit: 9), deadline: patient())
        try eventually {
            try database.address.sql("SELECT id FROM megaphone_history WHERE bchannel_id = 'gone'").isEmpty
        }
        let left = try database.address.sql(
            "SELECT CONCAT(bchannel_id, COUNT(*)) FROM megaphone_history GROUP BY bchannel_id")
        #expect(Set(left) == ["gone-lately2", "present2", "recreated3", "recreated-by-another2"])
    }
}
