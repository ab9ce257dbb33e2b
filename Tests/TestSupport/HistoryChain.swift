package import Broadcasts
internal import Synchronization
internal import Time

/// Returns the strong entity tag of a channel of broadcaster `test` with a version, as the list of a
/// precondition.
package func entityTags(_ channel: String, _ version: String) throws -> Precondition.Tags {
    guard let channel = ChannelName("test/\(channel)") else {
        preconditionFailure("invalid channel in a test")
    }
    let content = Board.content(of: channel, version: version)
    return .list([EntityTag(text: content.entityTag, isWeak: false)])
}

/// The versions of another program, which writes without a history.
package func isForeign(_ version: String?) -> Bool { version?.hasPrefix("foreign") ?? false }

/// The history of one channel, from its first change on.
package struct HistoryChain: Sendable {
    /// Oldest first.
    package var entries: [HistoryEntry]
    /// The present version; nil without a channel.
    package var present: String?

    package init(entries: [HistoryEntry], present: String?) {
        self.entries = entries
        self.present = present
    }

    /// Reads the whole history of a channel of broadcaster `test`, page by page.
    package static func read(
        _ channel: String, from store: any BroadcastStore
    ) async throws -> HistoryChain {
        guard let name = ChannelName("test/\(channel)") else {
            preconditionFailure("invalid channel in a test")
        }
        var (newestFirst, before): ([HistoryEntry], Int?) = ([], nil)
        repeat {
            let page = try await store.history(
                HistoryQuery(name, limit: 100, before: before), deadline: patient())
            newestFirst += page?.entries ?? []
            before = page?.hasMore ?? false ? page?.entries.last?.id : nil
        } while before != nil
        // The first entry is a change of another program if it has no ID.
        let present = newestFirst.first?.version
        return HistoryChain(entries: newestFirst.reversed().filter { $0.id != nil }, present: present)
    }

    /// Returns what is wrong: each entry must have replaced the version of the entry before it, or one of
    /// another program, and the channel must have the last version, or one of another program.
    package var problems: [String] {
        var (found, last): ([String], HistoryEntry?) = ([], nil)
        for entry in entries {
            let text = "\(entry.id ?? 0): \(entry.version ?? "-") over \(entry.previous ?? "-")"
            if entry.previous != last?.version, !isForeign(entry.previous) {
                found.append("\(text) follows \(last?.version ?? "-")")
            }
            if entry.previous == entry.version { found.append("\(text) changes nothing") }
            if (entry.id ?? 0) <= last?.id ?? 0 { found.append("\(text) is out of order") }
            last = entry
        }
        if present != last?.version, !isForeign(present) {
            found.append("the channel has \(present ?? "-") after \(last?.version ?? "-")")
        }
        return found
    }

    /// Returns the entries that are not one step from what they replaced, if the versions are counts:
    /// `3.something` is one step from `2.something` and from `foreign.2`.
    package var missteps: [String] {
        func count(_ version: String?) -> Int {
            let parts = version?.split(separator: ".") ?? []
            return parts.first { Int($0) != nil }.flatMap { Int($0) } ?? 0
        }
        return entries.filter { count($0.version) != count($0.previous) + 1 }.map {
            "\($0.version ?? "-") over \($0.previous ?? "-")"
        }
    }
}

/// What became of changes, by their request IDs.
package final class ChangeLedger: Sendable {
    private struct State {
        var written: Set<String> = []
        var writtenCount = 0
        var refused: Set<String> = []
        var total = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The number of changes that a store has acknowledged and written.
    package var writtenCount: Int { state.withLock { $0.writtenCount } }
    /// The number of changes that have been tried.
    package var total: Int { state.withLock { $0.total } }

    /// Applies a change and notes its outcome. Nil if that is unknown.
    @discardableResult
    package func apply(_ change: Change, on store: any BroadcastStore) async -> ChangeOutcome? {
        let outcome = try? await store.apply(change, deadline: soon(.seconds(5)))
        state.withLock { state in
            state.total += 1
            guard let outcome else { return }
            state.writtenCount += outcome.isWritten ? 1 : 0
            if outcome.isWritten {
                // After a lost COMMIT, a change may find that another client has left what it would leave.
                guard change.version?.text != "same", change.version != nil else { return }
                state.written.insert(change.requestID)
            } else {
                state.refused.insert(change.requestID)
            }
        }
        return outcome
    }

    /// Returns what is wrong with the entries of all channels: each acknowledged change must have one, and
    /// none may be of a change that was acknowledged as not written.
    package func problems(_ chains: [HistoryChain]) -> [String] {
        let recorded = Set(chains.flatMap { $0.entries.compactMap(\.requestID) })
        return state.withLock { state in
            state.written.subtracting(recorded).map { "\($0) has no entry" }
                + state.refused.intersection(recorded).map { "\($0) was refused and has an entry" }
        }
    }
}

/// Applies random changes to a few channels of broadcaster `test`.
package struct RandomChanges {
    /// The number of changes of a test. 10,000 take half a minute.
    package static let total = TestServer.variable("MEGAPHONE_TEST_CHANGES").flatMap { Int($0) } ?? 2_000
    package static let channels = ["a", "b", "c", "d"]
    private var generator: SeededGenerator
    private let name: String
    private var number = 0
    /// The version last seen of each channel.
    private var seen: [String: String] = [:]

    package init(_ name: String, _ seed: TestSeed) {
        self.name = name
        generator = TestSeed(seed.value &+ UInt64(name.utf8.reduce(0) { $0 * 31 + Int($1) })).generator
    }

    private mutating func next() throws -> Change {
        number += 1
        let channel = Self.channels.randomElement(using: &generator) ?? "a"
        let requestID = "\(name)-\(number)"
        var precondition = Precondition()
        let draw = Int.random(in: 0..<100, using: &generator)
        switch draw {
        case ..<45, 90...94: break
        case ..<70, 95...: precondition.ifMatch = try seen[channel].map { try entityTags(channel, $0) }
        case ..<80: precondition.ifNoneMatch = .any
        default: precondition.ifNoneMatch = try seen[channel].map { try entityTags(channel, $0) }
        }
        let version = draw % 10 == 9 ? "same" : requestID
        if draw >= 90 {
            return deletion("test", channel, precondition, historyLimit: 1_000_000, requestID: requestID)
        }
        return change(
            "test", channel, version, precondition, historyLimit: 1_000_000, requestID: requestID)
    }

    /// Notes what the channel holds now, for the next preconditions.
    private mutating func note(_ change: Change, _ outcome: ChangeOutcome?) {
        guard let outcome, outcome.isWritten else { return }
        seen[change.channel.channelID.text] = change.version?.text
    }

    /// Applies random changes to a store.
    package mutating func run(_ count: Int, on store: any BroadcastStore, _ ledger: ChangeLedger) async throws
    {
        for round in 0..<count {
            if round % 8 == 0, let rows = try? await store.readRows(deadline: soon(.seconds(5))) {
                seen = Dictionary(uniqueKeysWithValues: rows.map { ($0.channelID, $0.version) })
            }
            let next = try next()
            note(next, await ledger.apply(next, on: store))
        }
    }
}
