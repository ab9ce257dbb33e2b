import Broadcasts
import CSQLite
import Time

extension SQLiteSession {
    /// Applies a change: with one statement if the present version does not matter, otherwise with one
    /// transaction that holds the write lock from its beginning.
    func apply(_ change: Change, deadline: Instant) throws(SQLiteError) -> AppliedChange {
        limitWaiting(deadline)
        if !change.needsDecision, let version = change.version {
            return AppliedChange(try put(change, version))
        }
        return try connection.withTransaction { connection throws(SQLiteError) in
            let present = try presentVersion(of: change)
            var applied = AppliedChange(change.outcome(on: present))
            guard applied.outcome.isWritten else { return applied }
            try write(change)
            guard change.historyLimit > 0 else { return applied }
            do throws(SQLiteError) {
                try SQLiteHistory.append(change, previous: present, connection)
                applied.isRecorded = true
            } catch  where error.isOfStatement {
                applied.historyError = error.message
            }
            return applied
        }
    }

    /// Reads the history of a channel.
    func history(_ query: HistoryQuery, deadline: Instant) throws(SQLiteError) -> HistoryPage? {
        limitWaiting(deadline)
        return try SQLiteHistory.read(query, connection).page(query)
    }

    /// Removes old entries of the history.
    func trim(_ change: Change, _ work: HistoryUpkeep.Work, deadline: Instant) throws(SQLiteError) {
        limitWaiting(deadline)
        if work.trimsChannel { try SQLiteHistory.trim(change, keeping: change.historyLimit, connection) }
        if work.removesDeletedChannels { try SQLiteHistory.removeDeletedChannels(connection) }
    }

    /// Stores one version with one autocommitted statement.
    private func put(_ change: Change, _ version: Version) throws(SQLiteError) -> ChangeOutcome {
        connection.forgetLastInsertedRow()
        try upsert.bind(change.channel.broadcasterID.text, at: 1)
        try upsert.bind(change.channel.channelID.text, at: 2)
        try upsert.bind(version.text, at: 3)
        _ = try upsert.step()
        if connection.changes == 0 { return .unchanged }
        return connection.lastInsertedRow == 0 ? .changed : .created
    }

    /// Returns the version of the channel, or nil if it does not exist.
    private func presentVersion(of change: Change) throws(SQLiteError) -> String? {
        try find.bind(change.channel.broadcasterID.text, at: 1)
        try find.bind(change.channel.channelID.text, at: 2)
        let version = try find.step() ? find.text(at: 0) : nil
        find.reset()
        return version
    }

    private func write(_ change: Change) throws(SQLiteError) {
        guard let version = change.version else {
            try remove.bind(change.channel.broadcasterID.text, at: 1)
            try remove.bind(change.channel.channelID.text, at: 2)
            _ = try remove.step()
            return
        }
        _ = try put(change, version)
    }
}

extension SQLiteError {
    /// Whether the error is one of the statement alone: its table does not exist or does not take the row.
    /// The transaction goes on.
    fileprivate var isOfStatement: Bool { [SQLITE_ERROR, SQLITE_CONSTRAINT].contains(primaryCode) }
}
