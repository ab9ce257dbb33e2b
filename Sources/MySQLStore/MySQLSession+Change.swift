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
            return AppliedChange(try put(change, version))
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
        if applied.outcome.isWritten { applied.historyError = reason }
        return applied
    }

    /// Decides and writes in one transaction, with three round trips: the row is locked and read, changed and
    /// recorded, committed. Never commits after an error: on Galera a COMMIT after a conflict succeeds and
    /// stores nothing.
    private func write(
        _ change: Change, _ lost: LostCommit, recording: Bool
    ) throws(MySQLError) -> AppliedChange {
        var isCommitting = false
        do {
            let present = try lockRow(of: change)
            var applied = AppliedChange(change.outcome(on: present?.text))
            if let outcome = lost.outcome, change.isStored(present?.text) {
                applied = AppliedChange(outcome)
                applied.isRecorded = recording
                try connection.query("ROLLBACK")
                return applied
            }
            guard applied.outcome.isWritten else {
                try connection.query("ROLLBACK")
                return applied
            }
            try write(change, over: present, recording: recording)
            applied.isRecorded = recording
            isCommitting = true
            lost.outcome = applied.outcome
            try connection.query("COMMIT")
            return applied
        } catch {
            if error.isLockTrouble { lost.outcome = nil }
            // The server rolls back when the session ends.
            guard error.endsSession else {
                try connection.query("ROLLBACK")
                throw error
            }
            throw isCommitting ? error : error.withoutCommit
        }
    }

    /// Begins a transaction, and locks and reads the row. The locking read comes first, so that no snapshot
    /// is older than the lock.
    private func lockRow(of change: Change) throws(MySQLError) -> (text: String, bytes: [UInt8])? {
        let channel = channel(change.channel)
        try connection.query(
            "START TRANSACTION; SELECT version FROM broadcastsv1 WHERE \(channel) FOR UPDATE")
        try connection.nextResult()
        guard connection.nextRow(), let bytes = connection.bytes(at: 0) else { return nil }
        return (String(decoding: bytes, as: UTF8.self), bytes)
    }

    /// Writes the row, and the entry of the history if it is recorded. The condition on the old version
    /// matters on Galera, where a row lock ends at the server.
    private func write(
        _ change: Change, over present: (text: String, bytes: [UInt8])?, recording: Bool
    ) throws(MySQLError) {
        let version = change.version.map { literal($0.text) }
        let row = """
            WHERE \(channel(change.channel)) \
            AND CAST(CONVERT(version USING utf8mb4) AS BINARY) = \(literal(present?.bytes ?? []))
            """
        var statement =
            switch (version, present) {
            case (nil, _): "DELETE FROM broadcastsv1 \(row)"
            case (let version?, .some): "UPDATE broadcastsv1 SET version = \(version) \(row)"
            case (let version?, nil):
                """
                INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) \
                VALUES (\(ids(change.channel)), \(version))
                """
            }
        if recording {
            let previous = present.map { "_utf8mb4 \(literal($0.bytes))" }
            statement += "; \(HistoryTable.insert(change, previous: previous))"
        }
        let rows: UInt64
        do {
            rows = try connection.update(statement)
        } catch {
            throw version == nil && error.isDenied ? error.advising("GRANT DELETE ON broadcastsv1") : error
        }
        if recording {
            do {
                try connection.nextResult()
            } catch {
                throw error.isOfStatement ? error.inHistory : error
            }
        }
        guard rows == 1 else {
            throw MySQLError(code: .ER_CHECKREAD, message: "another node changed the row", stage: .statement)
        }
    }
}

extension Change {
    /// Returns whether the present version is what this change leaves.
    fileprivate func isStored(_ present: String?) -> Bool {
        guard let version else { return present == nil }
        return present.map { version.text.utf8.elementsEqual($0.utf8) } ?? false
    }
}
