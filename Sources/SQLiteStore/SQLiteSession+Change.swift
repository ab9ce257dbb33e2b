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
        guard change.interval == nil || holdsBack else {
            throw SQLiteError(
                code: SQLITE_SCHEMA,
                message: "hold_back needs columns that its table lacks; run megaphone migrate, then restart")
        }
        return try connection.withTransaction { connection throws(SQLiteError) in
            let (present, now) = try find(change.channel)
            let decision = change.decision(on: present, at: now)
            var applied = AppliedChange(decision.outcome)
            guard applied.outcome.isWritten else { return applied }
            try write(change, decision.channel)
            guard change.historyLimit > 0, applied.outcome.changesVersion else { return applied }
            do throws(SQLiteError) {
                try SQLiteHistory.append(
                    change, previous: present?.version, announceAt: decision.channel?.announceAt, connection)
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

    /// Whether the table has the columns of `SQLiteHoldBack`.
    var holdsBack: Bool { holdBack != nil }

    /// Stores one version with one autocommitted statement.
    private func put(_ change: Change, _ version: Version) throws(SQLiteError) -> ChangeOutcome {
        connection.forgetLastInsertedRow()
        if let holdBack {
            try execute(holdBack.upsert, change.channel, version.text)
        } else {
            try execute(upsert, change.channel, version.text)
        }
        if connection.changes == 0 { return .unchanged }
        return connection.lastInsertedRow == 0 ? .changed : .created
    }

    /// Returns the channel, nil if it is absent, and the time if it may be held back.
    private func find(_ channel: ChannelName) throws(SQLiteError) -> (StoredChannel?, now: Int) {
        guard let holdBack else {
            defer { find.reset() }
            try bind(channel, to: find)
            return (try find.step() ? StoredChannel(version: find.text(at: 0)) : nil, 0)
        }
        return try find(channel, holdBack.find)
    }

    private func find(
        _ channel: ChannelName, _ find: borrowing SQLiteStatement
    ) throws(SQLiteError) -> (StoredChannel?, now: Int) {
        defer { find.reset() }
        try bind(channel, to: find)
        guard try find.step() else { return (nil, try time()) }
        let found = StoredChannel(
            version: find.text(at: 0), shown: find.optionalText(at: 1),
            shownAt: find.optionalInteger(at: 2), announceAt: find.optionalInteger(at: 3))
        return (found, Int(find.integer(at: 4)))
    }

    /// Writes the channel as it was decided, or removes it.
    private func write(_ change: Change, _ new: StoredChannel?) throws(SQLiteError) {
        guard let new else {
            try bind(change.channel, to: remove)
            _ = try remove.step()
            return
        }
        guard let holdBack else {
            return try execute(upsert, change.channel, new.version)
        }
        try holdBack.store.bind(new.shown, at: 4)
        try holdBack.store.bind(new.shownAt.map(Int64.init), at: 5)
        try holdBack.store.bind(new.announceAt.map(Int64.init), at: 6)
        try execute(holdBack.store, change.channel, new.version)
    }

    private func execute(
        _ statement: borrowing SQLiteStatement, _ channel: ChannelName, _ version: String
    ) throws(SQLiteError) {
        try bind(channel, to: statement)
        try statement.bind(version, at: 3)
        _ = try statement.step()
    }

    private func bind(
        _ channel: ChannelName, to statement: borrowing SQLiteStatement
    ) throws(SQLiteError) {
        try statement.bind(channel.broadcasterID.text, at: 1)
        try statement.bind(channel.channelID.text, at: 2)
    }
}

extension SQLiteError {
    /// Whether the error is one of the statement alone: its table does not exist or does not take the row.
    /// The transaction goes on.
    fileprivate var isOfStatement: Bool { [SQLITE_ERROR, SQLITE_CONSTRAINT].contains(primaryCode) }
}
