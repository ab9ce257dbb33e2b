import Broadcasts
import TestSupport
import Testing
import Time

@Suite struct HistoryReadTests {
    @Test(
        "Times of databases become RFC 3339",
        arguments: [
            ("2026-11-25 21:04:05", "2026-11-25T21:04:05.000Z"),
            ("2026-11-25 21:04:05.678", "2026-11-25T21:04:05.678Z"),
            ("2026-11-25 21:04:05.6", "2026-11-25T21:04:05.600Z"),
            ("2026-11-25 21:04:05.678901", "2026-11-25T21:04:05.678Z"),
            ("2026-11-25T21:04:05.678Z", "2026-11-25T21:04:05.678Z"), ("0000-00-00 00:00:00", nil),
            ("", nil), ("yesterday", nil), ("2026-11-25", nil), ("2026-11-25 21-04-05", nil),
        ])
    func time(text: String, expected: String?) {
        #expect(HistoryEntry.time(fromSQL: text) == expected)
    }

    private func entry(_ id: Int, _ version: String?, _ previous: String?) -> HistoryEntry {
        HistoryEntry(id: id, version: version, previous: previous, time: nil, requestID: "r")
    }

    private func read(_ version: String?, _ entries: [HistoryEntry]) -> HistoryRead {
        var read = HistoryRead()
        read.row = version.map { ($0, "then") }
        read.entries = entries
        read.hasEntries = !entries.isEmpty
        return read
    }

    private func query(limit: Int = 20, before: Int? = nil) throws -> HistoryQuery {
        try HistoryQuery(#require(ChannelName("b/c")), limit: limit, before: before)
    }

    @Test func changeOfAnotherProgram_isTheFirstEntry_onTheFirstPage() throws {
        let entries = [entry(2, "v2", "v1"), entry(1, "v1", nil)]
        #expect(try read("v2", entries).page(query())?.entries == entries)
        let foreign = HistoryEntry(id: nil, version: "v9", previous: "v2", time: "then", requestID: nil)
        #expect(try read("v9", entries).page(query())?.entries == [foreign] + entries)
        #expect(try read("v9", entries).page(query(before: 3))?.entries == entries)
        let deleted = HistoryEntry(id: nil, version: nil, previous: "v2", time: nil, requestID: nil)
        #expect(try read(nil, entries).page(query())?.entries == [deleted] + entries)
        let only = HistoryEntry(id: nil, version: "v9", previous: nil, time: "then", requestID: nil)
        #expect(try read("v9", []).page(query())?.entries == [only])
        // After our own deletion there is nothing to add.
        let gone = [entry(3, nil, "v2")] + entries
        #expect(try read(nil, gone).page(query())?.entries == gone)
        // The foreign entry does not count towards the limit.
        let page = try #require(try read("v9", entries).page(query(limit: 1)))
        #expect(page.entries == [foreign, entries[0]])
        #expect(page.hasMore)
    }

    @Test func neitherChannelNorEntry_isNoPage() throws {
        #expect(try read(nil, []).page(query()) == nil)
        var older = read(nil, [])
        older.hasEntries = true
        #expect(try older.page(query(before: 1))?.entries == [])
    }

    @Test func upkeep_removesFromOneChangeInSixteen_andOncePerDay() {
        let (upkeep, start) = (HistoryUpkeep(), Instant.now)
        var recorded = AppliedChange(.changed)
        recorded.isRecorded = true
        #expect(upkeep.note(recorded, at: start, fraction: 0.5).work.removesDeletedChannels)
        #expect(!upkeep.note(recorded, at: start, fraction: 0.5).work.isNeeded)
        #expect(upkeep.note(recorded, at: start, fraction: 0.06).work.trimsChannel)
        #expect(!upkeep.note(recorded, at: start + .seconds(86_399), fraction: 0.07).work.isNeeded)
        #expect(upkeep.note(recorded, at: start + .seconds(86_400), fraction: 0.07).work.isNeeded)
        #expect(!upkeep.note(AppliedChange(.changed), at: start, fraction: 0).work.isNeeded)
    }

    @Test func upkeep_reportsTheFirstFailure_andTheFirstAfterAMinuteWithoutOne() {
        let (upkeep, start) = (HistoryUpkeep(), Instant.now)
        var failed = AppliedChange(.changed)
        failed.historyError = "no table"
        var recorded = AppliedChange(.changed)
        recorded.isRecorded = true
        func warning(_ applied: AppliedChange, after seconds: Int) -> String? {
            upkeep.note(applied, at: start + .seconds(seconds), fraction: 1).warning
        }
        #expect(warning(failed, after: 0) == "Changes are not recorded in the history: no table")
        #expect(warning(failed, after: 1) == nil)
        #expect(warning(AppliedChange(.unchanged), after: 2) == nil)
        #expect(warning(failed, after: 3) == nil)
        // One session records again, another still pauses.
        #expect(warning(recorded, after: 4) == nil)
        #expect(warning(failed, after: 5) == nil)
        #expect(warning(failed, after: 500) == nil, "it has not worked meanwhile")
        #expect(warning(recorded, after: 560) == nil)
        #expect(warning(failed, after: 561) != nil)
    }
}
