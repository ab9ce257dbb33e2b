import Broadcasts
import TestSupport
import Testing
import Time

/// Deletion, preconditions and history, with every store.
@Suite(.timeLimit(.minutes(2))) struct GuardContractTests {
    private static func entityTag(_ version: String) throws -> Precondition.Tags {
        let channel = try #require(ChannelName("test/one"))
        let content = Board.content(of: channel, version: version)
        return .list([EntityTag(text: content.entityTag, isWeak: false)])
    }

    private static func failed(_ version: String) throws -> ChangeOutcome {
        guard case .list(let tags) = try entityTag(version) else { return .absent }
        return .preconditionFailed(entityTag: tags.first?.text)
    }

    /// The entries of channel `test/one`, without their times, after checking those.
    private func history(
        of store: any BroadcastStore, limit: Int = 20, before: Int? = nil
    ) async throws -> HistoryPage? {
        let query = HistoryQuery(
            try #require(ChannelName("test/one")), limit: limit, before: before)
        let page = try await store.history(query, deadline: patient())
        for entry in page?.entries ?? [] {
            let time = try #require(entry.time)
            #expect(time.utf8.count == 24 && time.hasPrefix("20") && time.hasSuffix("Z"), "\(time)")
        }
        return page
    }

    private func versions(_ page: HistoryPage?) -> [[String?]] {
        (page?.entries ?? []).map { [$0.previous, $0.version, $0.requestID] }
    }

    @Test("The table of preconditions holds", arguments: StoreKind.available, [0, 5])
    func preconditions(kind: StoreKind, historyLimit: Int) async throws {
        try await kind.withStore { store async throws in
            func put(_ version: String, _ precondition: Precondition) async throws -> ChangeOutcome {
                let change = change("test", "one", version, precondition, historyLimit: historyLimit)
                return try await store.apply(change, deadline: patient())
            }
            func delete(_ precondition: Precondition = Precondition()) async throws -> ChangeOutcome {
                let change = deletion("test", "one", precondition, historyLimit: historyLimit)
                return try await store.apply(change, deadline: patient())
            }
            let absent = ChangeOutcome.preconditionFailed(entityTag: nil)
            let (v1, v2) = try (Self.entityTag("v1"), Self.entityTag("v2"))
            #expect(try await put("v1", Precondition(ifMatch: v1)) == absent)
            #expect(try await put("v1", Precondition(ifMatch: .any)) == absent)
            #expect(try await delete(Precondition(ifMatch: v1)) == .absent)
            #expect(try await put("v1", Precondition(ifNoneMatch: .any)) == .created)
            #expect(try await put("v1", Precondition(ifNoneMatch: .any)) == Self.failed("v1"))
            #expect(try await put("v2", Precondition(ifMatch: v1)) == .changed)
            #expect(try await put("v2", Precondition(ifMatch: v1)) == .unchanged)
            #expect(try await put("v3", Precondition(ifMatch: v1)) == Self.failed("v2"))
            #expect(try await put("v3", Precondition(ifNoneMatch: v2)) == Self.failed("v2"))
            #expect(try await put("v3", Precondition(ifNoneMatch: v1)) == .changed)
            #expect(try await delete(Precondition(ifMatch: v2)) == Self.failed("v3"))
            #expect(try await store.readRows(deadline: patient()).map(\.version) == ["v3"])
            #expect(try await delete(Precondition(ifMatch: Self.entityTag("v3"))) == .deleted)
            #expect(try await store.readRows(deadline: patient()).isEmpty)
            #expect(try await delete() == .absent)
            #expect(try await put("v1", Precondition(ifNoneMatch: v1)) == .created)
        }
    }

    @Test("A monotonic channel keeps the larger number", arguments: StoreKind.available)
    func monotonic(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            func put(_ version: String) async throws -> ChangeOutcome {
                var change = change("test", "one", version)
                change.isMonotonic = true
                return try await store.apply(change, deadline: patient())
            }
            #expect(try await put("\"2\"") == .created)
            #expect(try await put("\"1\"") == .outdated)
            #expect(try await store.readRows(deadline: patient()).map(\.version) == ["\"2\""])
            #expect(try await put("\"3\"") == .changed)
            #expect(try await put("____NOP____") == .changed)
            #expect(try await put("1") == .changed)
        }
    }

    @Test("Each change has an entry with what it replaced", arguments: StoreKind.available)
    func entries(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            #expect(try await history(of: store) == nil)
            func put(_ version: String, _ requestID: String) async throws {
                let change = change("test", "one", version, historyLimit: 5, requestID: requestID)
                _ = try await store.apply(change, deadline: patient())
            }
            try await put("v1", "a")
            try await put("v1", "equal")
            try await put("v2", "b")
            let removal = deletion("test", "one", historyLimit: 5, requestID: "c")
            #expect(try await store.apply(removal, deadline: patient()) == .deleted)
            #expect(try await store.apply(removal, deadline: patient()) == .absent)
            try await put("V2 ", "d")
            let page = try #require(await history(of: store))
            #expect(
                versions(page) == [
                    [nil, "V2 ", "d"], ["v2", nil, "c"], ["v1", "v2", "b"], [nil, "v1", "a"],
                ])
            let ids = page.entries.compactMap(\.id)
            #expect(ids.count == 4 && ids == ids.sorted(by: >))
            // Other channels have histories of their own.
            _ = try await store.apply(change("test", "two", "v", historyLimit: 5), deadline: patient())
            #expect(try await history(of: store) == page)
        }
    }

    @Test("Every ASCII byte is in the history, too", arguments: StoreKind.available)
    func everyByte(kind: StoreKind) async throws {
        let all = String(decoding: Array(0...127 as ClosedRange<UInt8>), as: UTF8.self)
        let versions = [all, all + " ", "'; DROP TABLE broadcastsv1; --", "\\", "%s"]
        try await kind.withStore { store async throws in
            for version in versions {
                _ = try await store.apply(
                    change("test", "one", version, historyLimit: 9), deadline: patient())
            }
            let page = try #require(await history(of: store))
            #expect(page.entries.map(\.version) == versions.reversed())
            #expect(page.entries.map(\.previous) == versions.dropLast().reversed() + [nil])
        }
    }

    @Test("A history is read in pages", arguments: StoreKind.available)
    func pages(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for number in 1...7 {
                _ = try await store.apply(
                    change("test", "one", "v\(number)", historyLimit: 100), deadline: patient())
            }
            var seen: [String?] = []
            var before: Int?
            repeat {
                let page = try #require(await history(of: store, limit: 3, before: before))
                seen += page.entries.map(\.version)
                before = page.hasMore ? page.entries.last?.id : nil
            } while before != nil
            #expect(seen == (1...7).reversed().map { "v\($0)" })
            #expect(try await history(of: store, before: 1)?.entries == [])
        }
    }

    @Test("A change without a record shows as one of another program", arguments: StoreKind.available)
    func foreignChange(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            func put(_ version: String, historyLimit: Int) async throws {
                let change = change("test", "one", version, historyLimit: historyLimit)
                _ = try await store.apply(change, deadline: patient())
            }
            try await put("v1", historyLimit: 0)
            #expect(versions(try await history(of: store)) == [[nil, "v1", nil]])
            try await put("v2", historyLimit: 5)
            try await put("v3", historyLimit: 0)
            let page = try #require(await history(of: store))
            #expect(versions(page) == [["v2", "v3", nil], ["v1", "v2", "request-1"]])
            #expect(page.entries[0].id == nil)
            try await put("v4", historyLimit: 5)
            #expect(
                versions(try await history(of: store)) == [
                    ["v3", "v4", "request-1"], ["v1", "v2", "request-1"],
                ])
        }
    }

    @Test("Old entries are removed", arguments: StoreKind.available)
    func trimming(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for number in 1...400 {
                _ = try await store.apply(
                    change("test", "one", "v\(number)", historyLimit: 3), deadline: patient())
            }
            var number = 401
            // A change in sixteen removes the old entries, after its answer.
            try await eventually {
                _ = try await store.apply(
                    change("test", "one", "v\(number)", historyLimit: 3), deadline: patient())
                number += 1
                return try await history(of: store, limit: 100)?.entries.count ?? 0 < 30
            }
            let page = try #require(await history(of: store, limit: 100))
            #expect(page.entries.count >= 3)
            #expect(
                page.entries.map(\.version)
                    == (0..<page.entries.count).map { "v\(number - 1 - $0)" })
        }
    }

    @Test("Of 16 creators with If-None-Match, one succeeds and 15 fail", arguments: StoreKind.available)
    func creationRace(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for round in 0..<5 {
                let outcomes = try await withThrowingTaskGroup { group in
                    for number in 0..<16 {
                        let change = change(
                            "test", "c\(round)", "v\(number)", Precondition(ifNoneMatch: .any),
                            historyLimit: 5)
                        group.addTask { try await store.apply(change, deadline: patient()) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.count { $0 == .created } == 1)
                #expect(
                    outcomes.count {
                        if case .preconditionFailed(let entityTag) = $0 { entityTag != nil } else { false }
                    } == 15)
            }
        }
    }

    @Test("Of two writers with the same tag, one succeeds", arguments: StoreKind.shared)
    func compareAndSet(kind: StoreKind) async throws {
        try await kind.withDatabase { open async throws in
            let stores = [try open(), try open()]
            _ = try await stores[0].apply(change("test", "one", "0", historyLimit: 1000), deadline: patient())
            let successes = try await withThrowingTaskGroup { group in
                for number in 0..<8 {
                    let store = stores[number % 2]
                    group.addTask { try await count(on: store, rounds: 12) }
                }
                return try await group.reduce(0, +)
            }
            let rows = try await stores[0].readRows(deadline: patient())
            #expect(rows.map(\.version) == ["\(successes)"])
            #expect(successes > 8)
            let page = try #require(await history(of: stores[0], limit: 100))
            for (entry, older) in zip(page.entries, page.entries.dropFirst()) {
                #expect(entry.previous == older.version)
            }
        }
    }

    /// Increments the version of channel `test/one` if it is still the one that was read. Returns how often
    /// that succeeded.
    private func count(on store: any BroadcastStore, rounds: Int) async throws -> Int {
        var successes = 0
        for _ in 0..<rounds {
            let present = try await store.readRows(deadline: patient()).first?.version ?? ""
            let next = (Int(present) ?? 0) + 1
            let change = change(
                "test", "one", "\(next)", Precondition(ifMatch: try Self.entityTag(present)),
                historyLimit: 1000)
            if try await store.apply(change, deadline: patient()) == .changed { successes += 1 }
        }
        return successes
    }
}
