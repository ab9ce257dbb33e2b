import Broadcasts
import TestSupport
import Testing
import Time

/// The contract of `BroadcastStore`, tested with every store.
@Suite(.timeLimit(.minutes(2))) struct StoreContractTests {
    @Test("The contract is tested on MySQL, too", .needsServer)
    func runsOnMySQL() {
        #expect(StoreKind.available.contains(.mysql))
    }

    @Test("A PUT distinguishes new, equal and changed versions", arguments: StoreKind.available)
    func outcomes(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            #expect(try await store.apply(change("test", "one", "v0"), deadline: patient()) == .created)
            #expect(try await store.apply(change("test", "one", "v0"), deadline: patient()) == .unchanged)
            #expect(try await store.apply(change("test", "one", "v1"), deadline: patient()) == .changed)
            #expect(try await store.apply(change("test", "one", "v0"), deadline: patient()) == .changed)
            #expect(try await store.apply(change("test", "two", "v0"), deadline: patient()) == .created)
            #expect(try await store.apply(change("test", "two", "v0"), deadline: patient()) == .unchanged)
        }
    }

    @Test("A new database is an empty board", arguments: StoreKind.available)
    func empty(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            #expect(try await store.readRows(deadline: patient()).isEmpty)
        }
    }

    @Test("A read shows every PUT before it, with the last version", arguments: StoreKind.available)
    func readsWrites(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for number in 0..<20 {
                let version = "v\(number)"
                _ = try await store.apply(change("test", "one", version), deadline: patient())
                let rows = try await store.readRows(deadline: patient())
                #expect(rows == [BoardRow(broadcasterID: "test", channelID: "one", version: version)])
            }
        }
    }

    @Test("Ids that differ only in case are different channels", arguments: StoreKind.available)
    func caseMatters(kind: StoreKind) async throws {
        let ids = [("a", "B"), ("a", "b"), ("A", "b"), ("A", "B"), ("a-_", "9"), ("a--", "9")]
        try await kind.withStore { store async throws in
            for (index, id) in ids.enumerated() {
                let outcome = try await store.apply(change(id.0, id.1, "v\(index)"), deadline: patient())
                #expect(outcome == .created)
            }
            let expected = ids.enumerated().map { index, id in
                BoardRow(broadcasterID: id.0, channelID: id.1, version: "v\(index)")
            }
            #expect(try await Set(store.readRows(deadline: patient())) == Set(expected))
        }
    }

    @Test("Ids and versions of the maximum size are read back whole", arguments: StoreKind.available)
    func largest(kind: StoreKind) async throws {
        let row = BoardRow(
            broadcasterID: String(repeating: "b", count: 64), channelID: String(repeating: "c", count: 128),
            version: String(repeating: "v", count: 200))
        try await kind.withStore { store async throws in
            let large = change(row.broadcasterID, row.channelID, row.version)
            #expect(try await store.apply(large, deadline: patient()) == .created)
            #expect(try await store.readRows(deadline: patient()) == [row])
        }
    }

    @Test("Every ASCII byte of a version is read back, even NUL", arguments: StoreKind.available)
    func everyByte(kind: StoreKind) async throws {
        let all = String(decoding: Array(0...127 as ClosedRange<UInt8>), as: UTF8.self)
        try await kind.withStore { store async throws in
            _ = try await store.apply(change("test", "one", all), deadline: patient())
            #expect(try await store.readRows(deadline: patient()).map(\.version) == [all])
        }
    }

    @Test(
        "Versions that differ only in case, in a trailing space or after a NUL are different",
        arguments: StoreKind.available)
    func nearlyEqualVersions(kind: StoreKind) async throws {
        let versions = ["v", "V", "V ", "V", "V\0", "V\0a", "V\0b", " V", "0", "00", "0.0", "\"0\""]
        try await kind.withStore { store async throws in
            for (index, version) in versions.enumerated() {
                let outcome = try await store.apply(change("test", "one", version), deadline: patient())
                #expect(outcome == (index == 0 ? .created : .changed), "\(version.debugDescription)")
                #expect(try await store.readRows(deadline: patient()).map(\.version) == [version])
            }
        }
    }

    @Test("SQL in ids and versions is text", arguments: StoreKind.available)
    func injection(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for version in ["'; DROP TABLE broadcastsv1; --", "\\", "\\'", "%s%n", "?", "\u{1B}[2J"] {
                _ = try await store.apply(change("test", "one", version), deadline: patient())
                #expect(try await store.readRows(deadline: patient()).map(\.version) == [version])
            }
        }
    }

    @Test("Of many writers of a new channel, exactly one creates it", arguments: StoreKind.available)
    func oneCreator(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let outcomes = try await withThrowingTaskGroup { group in
                for number in 0..<32 {
                    let version = change("test", "one", "v\(number)")
                    group.addTask { try await store.apply(version, deadline: patient()) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == .created } == 1)
            #expect(outcomes.count { $0 == .changed } == 31)
        }
    }

    @Test("A board of 2,000 channels is read whole", arguments: StoreKind.available)
    func manyRows(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            try await withThrowingTaskGroup { group in
                for number in 0..<2_000 {
                    let version = change("test", "channel\(number)", "v\(number)")
                    group.addTask { _ = try await store.apply(version, deadline: patient()) }
                }
                try await group.waitForAll()
            }
            let rows = try await store.readRows(deadline: patient())
            #expect(Set(rows).count == 2_000)
            #expect(rows.allSatisfy { $0.channelID.dropFirst(7) == $0.version.dropFirst(1) })
        }
    }

    @Test("A call past its deadline throws and leaves the store usable", arguments: StoreKind.available)
    func pastDeadline(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            _ = try await store.readRows(deadline: patient())
            await #expect(throws: StoreError.self) {
                for _ in 0..<1_000 { _ = try await store.readRows(deadline: .now - .seconds(1)) }
            }
            #expect(try await store.readRows(deadline: patient()).isEmpty)
        }
    }

    @Test("A healthy store passes its check", arguments: StoreKind.available)
    func check(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in try await store.check(deadline: patient()) }
    }

    @Test("A closed store throws at once", arguments: StoreKind.available)
    func closed(kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            store.close()
            await #expect(throws: StoreError.unavailable("the store is closed")) {
                _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
            }
        }
    }

    @Test("A stored version is read by the next store on the same database", arguments: StoreKind.shared)
    func durable(kind: StoreKind) async throws {
        try await kind.withDatabase { open async throws in
            let first = try open()
            _ = try await first.apply(change("test", "one", "v0"), deadline: patient())
            first.close()
            let second = try open()
            #expect(try await second.apply(change("test", "one", "v0"), deadline: patient()) == .unchanged)
        }
    }

    @Test("A PUT through one store is read through another", arguments: StoreKind.shared)
    func readsOthersWrites(kind: StoreKind) async throws {
        try await kind.withDatabase { open async throws in
            let (one, other) = (try open(), try open())
            for number in 0..<20 {
                let writer = number.isMultiple(of: 2) ? one : other
                let reader = number.isMultiple(of: 2) ? other : one
                _ = try await writer.apply(change("test", "one", "v\(number)"), deadline: patient())
                #expect(try await reader.readRows(deadline: patient()).map(\.version) == ["v\(number)"])
            }
        }
    }
}
