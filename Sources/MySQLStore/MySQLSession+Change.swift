import Broadcasts
import Synchronization
import Time

/// The outcome of a change whose COMMIT was sent and whose answer was lost. If the next run finds what the
/// change would leave, the earlier run is taken to have stored it.
final class LostCommit: Sendable {
    private let sent = Mutex<ChangeOutcome?>(nil)

    var outcome: ChangeOutcome? {
        get { sent.withLock { $0 } }
        set { sent.withLock { $0 = newValue } }
    }
}

extension MySQLSession {
    /// After this long, a session tries again to record changes.
    private static let historyPause = Duration.seconds(10)

    /// Applies a change: with one statement if the present version does not matter, otherwise with one
    /// transaction that locks the row first. If the history cannot be written, the change is applied without
    /// an entry.
    mutating func apply(
        _ change: Change, _ lost: LostCommit, _ upkeep: HistoryUpkeep, at now: Instant
    ) throws(MySQLError) -> AppliedChange {
        if !change.needsDecision, let version = change.version {
            return AppliedChange(
                holdsBack ? try putAtOnce(change, version) : try put(change, version))
        }
        guard change.interval == nil || holdsBack else {
            throw MySQLError(
                code: .none,
                message: "hold_back needs columns that the table lacks; run megaphone migrate, then restart",
                stage: .statement)
        }
        try allowSeveralStatements()
        guard change.historyLimit > 0 else { return try write(change, lost, recording: false) }
        if let pause = historyPause, now < pause.end {
            return try writeWithoutEntry(change, lost, because: pause.reason)
        }
        do {
            if upkeep.isStopped { try resume(upkeep) }
            historyPause = nil
            return try write(change, lost, recording: true)
        } catch  where error.stage == .history {
            historyPause = (now + Self.historyPause, error.message)
            return try writeWithoutEntry(change, lost, because: error.message)
        }
    }

    /// Reads the history of a channel.
    func history(_ query: HistoryQuery) throws(MySQLError) -> HistoryPage? {
        try HistoryTable.read(query, connection).page(query)
    }

    /// Removes old entries of the history.
    func trim(_ change: Change, _ work: HistoryUpkeep.Work) throws(MySQLError) {
        if work.trimsChannel { try HistoryTable.trim(change, keeping: change.historyLimit, connection) }
        if work.removesDeletedChannels { try HistoryTable.removeDeletedChannels(connection) }
    }

    private func resume(_ upkeep: HistoryUpkeep) throws(MySQLError) {
        do {
            try HistoryTable.checkTrimming(connection)
            upkeep.resume()
        } catch {
            throw error.isOfStatement ? error.inHistory : error
        }
    }

    private func writeWithoutEntry(
        _ change: Change, _ lost: LostCommit, because reason: String
    ) throws(MySQLError) -> AppliedChange {
        var applied = try write(change, lost, recording: false)
        if applied.outcome.changesVersion { applied.historyError = reason }
        return applied
    }

    /// Decides and writes in one transaction, with three round trips: the row is locked and read, changed and
    /// recorded, committed. Never commits after an error: on Galera a COMMIT after a conflict succeeds and
    /// stores nothing.
    private func write(
        _ change: Change, _ lost: LostCommit, recording: Bool
    ) throws(MySQLError) -> AppliedChange {
        let earlier = lost.outcome
        var isCommitting = false
        do throws(MySQLError) {
            let (present, now) = try lockRow(of: change)
            let decision = change.decision(on: present?.channel, at: now)
            var applied = AppliedChange(decision.outcome)
            if let earlier {
                if change.isStored(present?.channel.version) {
                    applied = AppliedChange(earlier)
                    applied.isRecorded = recording && earlier.changesVersion
                    try connection.query("ROLLBACK")
                    return applied
                }
                // Another client may have changed what the earlier run stored.
                if case .preconditionFailed = applied.outcome { throw MySQLError.unknownOutcome }
            }
            guard applied.outcome.isWritten else {
                try connection.query("ROLLBACK")
                return applied
            }
            let recording = recording && applied.outcome.changesVersion
            try write(change, decision.channel, over: present, recording: recording)
            applied.isRecorded = recording
            isCommitting = true
            lost.outcome = applied.outcome
            try connection.query("COMMIT")
            return applied
        } catch {
            // With these errors, this COMMIT has stored nothing. That of an earlier run may have.
            if error.isLockTrouble || error.isReadOnly { lost.outcome = earlier }
            // The server rolls back when the session ends.
            guard error.endsSession else { throw rollBack(after: error, isCommitting) }
            throw isCommitting ? error : error.withoutCommit
        }
    }

    /// Rolls back after an error. Returns the error to throw.
    private func rollBack(after error: MySQLError, _ isCommitting: Bool) -> MySQLError {
        do {
            try connection.query("ROLLBACK")
            return error
        } catch {
            return isCommitting ? error : error.withoutCommit
        }
    }

    /// The row of a channel, and its version as the server's bytes.
    struct LockedRow {
        let channel: StoredChannel
        let version: [UInt8]
    }

    /// Begins a transaction, locks and reads the row, and then reads the clock. The locking read comes first,
    /// so that no snapshot is older than the lock. `READ WRITE` fails on a server that takes no writes: its
    /// row may be old, and a decision that writes nothing would not notice.
    private func lockRow(of change: Change) throws(MySQLError) -> (row: LockedRow?, now: Int) {
        let columns = holdsBack ? "version, shown, shown_at, announce_at, \(time.evaluated)" : "version"
        try connection.query(
            """
            START TRANSACTION READ WRITE; SELECT \(columns) FROM broadcastsv1 \
            WHERE \(channel(change.channel)) FOR UPDATE
            """)
        try connection.nextResult()
        guard connection.nextRow(), let version = connection.bytes(at: 0) else { return (nil, 0) }
        var channel = StoredChannel(version: String(decoding: version, as: UTF8.self))
        guard holdsBack else { return (LockedRow(channel: channel, version: version), 0) }
        channel.shown = connection.text(at: 1)
        channel.shownAt = connection.integer(at: 2)
        channel.announceAt = connection.integer(at: 3)
        return (LockedRow(channel: channel, version: version), connection.integer(at: 4) ?? 0)
    }

    /// Writes the row, and the entry of the history if it is recorded. The condition on the old version
    /// matters on Galera, where a row lock ends at the server.
    ///
    /// On Galera the entry is sent on its own. If another server aborts the transaction between two
    /// statements that were sent together, the second one runs and is committed without the first. Of 540
    /// acknowledged changes under contention, 3 vanished that way.
    func write(
        _ change: Change, _ new: StoredChannel?, over present: LockedRow?, recording: Bool
    ) throws(MySQLError) {
        let row = """
            WHERE \(channel(change.channel)) \
            AND CAST(CONVERT(version USING utf8mb4) AS BINARY) = \(literal(present?.version ?? []))
            """
        let entry = recording ? entry(of: change, new, over: present) : nil
        var statement =
            switch (new, present) {
            case (nil, _): "DELETE FROM broadcastsv1 \(row)"
            case (let new?, .some): "UPDATE broadcastsv1 SET \(assignments(new)) \(row)"
            case (let new?, nil): insert(change, new)
            }
        if let entry, !isInCluster { statement += "; \(entry)" }
        let rows: UInt64
        do {
            rows = try connection.update(statement)
        } catch {
            throw new == nil && error.isDenied ? error.advising("GRANT DELETE ON broadcastsv1") : error
        }
        if let entry {
            do {
                if isInCluster { try connection.query(entry) } else { try connection.nextResult() }
            } catch {
                throw error.inHistory.isOfStatement ? error.inHistory : error
            }
        }
        guard rows == 1 else {
            throw MySQLError(code: .ER_CHECKREAD, message: "another node changed the row", stage: .statement)
        }
    }

    /// Returns the statement that appends the entry of a change.
    private func entry(of change: Change, _ new: StoredChannel?, over present: LockedRow?) -> String {
        HistoryTable.insert(
            change, previous: present.map { "_utf8mb4 \(literal($0.version))" },
            announceAt: change.interval == nil ? nil : announceTime(new, of: change, isNew: present == nil))
    }

    private func assignments(_ channel: StoredChannel) -> String {
        let version = "version = \(literal(channel.version))"
        guard holdsBack else { return version }
        return """
            \(version), shown = \(channel.shown.map { literal($0) } ?? "NULL"), \
            shown_at = \(channel.shownAt.map(String.init) ?? "NULL"), \
            announce_at = \(channel.announceAt.map(String.init) ?? "NULL")
            """
    }

    /// A new channel is announced when it is inserted: no row was locked, so there is no time yet.
    private func insert(_ change: Change, _ channel: StoredChannel) -> String {
        let (columns, values) = holdsBack ? (", announce_at", ", \(time.statementBegan)") : ("", "")
        return """
            INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version\(columns)) \
            VALUES (\(ids(change.channel)), \(literal(channel.version))\(values))
            """
    }

    /// Returns when the version is announced, for the history.
    private func announceTime(_ new: StoredChannel?, of change: Change, isNew: Bool) -> String {
        guard isNew else { return new?.announceAt.map(String.init) ?? "NULL" }
        return "(SELECT announce_at FROM broadcastsv1 WHERE \(channel(change.channel)))"
    }
}

extension MySQLError {
    /// The error of a change that may have been stored by a COMMIT without an answer.
    fileprivate static let unknownOutcome = MySQLError(
        code: .none, message: "the answer to a COMMIT was lost, and the channel has changed since then",
        stage: .statement)
}

extension Change {
    /// Returns whether the present version is what this change leaves.
    fileprivate func isStored(_ present: String?) -> Bool {
        guard let version else { return present == nil }
        return present.map { version.text.utf8.elementsEqual($0.utf8) } ?? false
    }
}
