import Broadcasts
import Randomness
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Hold-back on a Galera cluster whose servers have different clocks. Scripts/with-galera starts one.
@Suite(
    .enabled(if: TestServer.variable("MEGAPHONE_TEST_GALERA_URLS") != nil, "see Scripts/with-galera"),
    .timeLimit(.minutes(5)))
struct GaleraHoldBackTests {
    /// A read of one node: what it showed, and when it began and ended.
    private struct Read: Sendable {
        let version: String
        let began: Instant
        let ended: Instant
    }

    private static func held(_ version: String) -> Change {
        var change = change("test", "one", version, historyLimit: 1_000_000)
        change.interval = .milliseconds(200)
        return change
    }

    /// Opens a store on each server, with clocks 30 ms ahead, right, and 40 ms behind.
    private func stores() throws -> [MySQLStore] {
        let urls = try #require(TestServer.variable("MEGAPHONE_TEST_GALERA_URLS")).split(separator: " ")
        return try zip(urls, [30_000, 0, -40_000]).map { url, offset in
            guard case .mysql(let address) = try DatabaseAddress(url: String(url)) else {
                throw StoreError.failed("\(url) is not a MySQL URL")
            }
            return try MySQLStore(
                address: address, poolSize: 8, migrate: true, additions: .all, clock: .system,
                random: .system, logger: silent, time: DatabaseTime(offset: offset))
        }
    }

    private func observe(_ store: MySQLStore, until end: Instant) async throws -> [Read] {
        var reads: [Read] = []
        while .now < end {
            let began = Instant.now
            // A conflict with another node fails a read; the next one succeeds.
            guard let rows = try? await store.readRows(deadline: soon(.seconds(2))) else { continue }
            if let version = rows.first(where: { $0.channelID == "one" })?.version {
                reads.append(Read(version: version, began: began, ended: .now))
            }
        }
        return reads
    }

    /// Nothing that a node shows is older than what any node has shown before, and everything that is shown
    /// was announced: it was accepted, and was not replaced before its time.
    @Test func clocksApart_showOneSequence_onAllNodes() async throws {
        let stores = try stores()
        defer { for store in stores { store.close() } }
        let end = Instant.now + .seconds(12)
        let number = Counter()
        let reads: [Read] = try await withThrowingTaskGroup(of: [Read].self) { group in
            for store in stores + stores {
                group.addTask {
                    while .now < end {
                        _ = try? await store.apply(
                            Self.held("v\(number.next())"), deadline: soon(.seconds(5)))
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    return []
                }
            }
            for store in stores + stores.prefix(1) {
                group.addTask { try await self.observe(store, until: end + .seconds(1)) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let query = HistoryQuery(Self.held("v").channel, limit: 1_000_000, before: nil)
        let page = try #require(try await stores[1].history(query, deadline: patient()))
        let accepted = page.entries.reversed().compactMap(\.version)
        let order = Dictionary(accepted.enumerated().map { ($1, $0) }) { first, _ in first }
        let last = try #require(reads.max { $0.ended < $1.ended })
        #expect(last.version == accepted.last)
        #expect(Set(reads.map { $0.version }).count > 30, "an announcement every 200 ms")

        // Of the reads that ended before another one began, none shows a later version.
        let byEnd = reads.sorted { $0.ended < $1.ended }
        var (index, newest, backwards) = (0, -1, 0)
        for read in reads.sorted(by: { $0.began < $1.began }) {
            while index < byEnd.count, byEnd[index].ended < read.began {
                let place = try #require(order[byEnd[index].version])
                newest = max(newest, place)
                index += 1
            }
            let place = try #require(order[read.version])
            if place < newest { backwards += 1 }
        }
        #expect(backwards == 0, "of \(reads.count) reads")
        let announced = Set(reads.map { $0.version }).count
        print("\(reads.count) reads, \(announced) announced of \(accepted.count) accepted")
    }
}
