import Synchronization

/// The sessions that this node has left behind in the middle of a statement. The server may keep them: the
/// commits of a semi-synchronous primary without a replica, for example, hang after their clients are gone.
final class LeftSessions: Sendable {
    private let limit: Int
    private let ids = Mutex<Set<UInt>>([])

    /// `limit` is the number of sessions that may be left behind before no others are opened.
    init(limit: Int) {
        self.limit = limit
    }

    /// Records a session.
    func add(_ id: UInt) {
        _ = ids.withLock { $0.insert(id) }
    }

    /// Uses a new session to end those left behind. Throws a refusal, as by the server itself, if too many of
    /// them remain.
    ///
    /// After a failover the numbers belong to sessions of another server. So only sessions of the same user
    /// that hang in a statement of ours on the same database are killed.
    func settle(_ connection: borrowing MySQLConnection) throws(MySQLError) {
        let left = ids.withLock { $0 }
        guard !left.isEmpty else { return }
        for id in try remaining(of: left, connection) {
            // The session may have ended by now.
            do throws(MySQLError) {
                try connection.query("KILL \(id)")
            } catch {
                guard !error.isConnectionTrouble else { throw error }
            }
        }
        let remaining = try remaining(of: left, connection)
        ids.withLock { $0.subtract(left.subtracting(remaining)) }
        guard remaining.count >= limit else { return }
        throw MySQLError(
            code: .ER_TOO_MANY_USER_CONNECTIONS,
            message: "the server has not ended \(remaining.count) sessions that hang in a statement",
            stage: .login)
    }

    private func remaining(
        of left: Set<UInt>, _ connection: borrowing MySQLConnection
    ) throws(MySQLError) -> Set<UInt> {
        try connection.query(
            """
            SELECT id FROM information_schema.processlist \
            WHERE id IN (\(left.map(String.init).joined(separator: ", "))) \
            AND user = SUBSTRING_INDEX(USER(), '@', 1) AND db = DATABASE() \
            AND (info LIKE 'INSERT INTO broadcastsv1%' OR info LIKE 'UPDATE broadcastsv1%' \
            OR info LIKE 'SELECT broadcaster_id%')
            """)
        var remaining: Set<UInt> = []
        while connection.nextRow() {
            if let id = connection.text(at: 0).flatMap({ UInt($0) }) { remaining.insert(id) }
        }
        return remaining
    }
}
