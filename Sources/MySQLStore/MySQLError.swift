import StoreAddress

/// An error of the server or the client library, or of our own check of the schema.
struct MySQLError: Error, Hashable, Sendable {
    /// What was under way.
    enum Stage: Sendable {
        case login
        case statement
        /// Our own check of the schema; the code is `none`.
        case schema
    }

    let code: MySQLErrorCode
    let message: String
    let stage: Stage

    /// The conversation broke off, or did not begin. Whether the statement ran is unknown: both libraries
    /// give the same number before a statement was sent and after its answer was lost.
    var isBrokenConversation: Bool {
        switch code {
        case .CR_CONNECTION_ERROR, .CR_CONN_HOST_ERROR, .CR_SERVER_GONE_ERROR, .CR_SERVER_LOST,
            .CR_SSL_CONNECTION_ERROR, .CR_MALFORMED_PACKET, .CR_SERVER_LOST_EXTENDED,
            .ER_ABORTING_CONNECTION, .ER_NEW_ABORTING_CONNECTION, .ER_NET_READ_ERROR,
            .ER_NET_READ_INTERRUPTED,
            .ER_NET_ERROR_ON_WRITE, .ER_NET_WRITE_INTERRUPTED, .ER_SERVER_SHUTDOWN, .ER_CONNECTION_KILLED,
            .ER_CLIENT_INTERACTION_TIMEOUT:
            true
        default: false
        }
    }

    /// The server refuses everyone, or this account.
    private var isRefusal: Bool {
        switch code {
        case .CR_UNKNOWN_HOST, .ER_CON_COUNT_ERROR, .ER_TOO_MANY_USER_CONNECTIONS, .ER_UNKNOWN_COM_ERROR,
            .ER_ERROR_DURING_COMMIT:
            true
        default: stage == .login
        }
    }

    /// No server answered at the address.
    private var isUnreachable: Bool {
        [.CR_CONNECTION_ERROR, .CR_CONN_HOST_ERROR, .CR_UNKNOWN_HOST, .CR_SERVER_LOST].contains(code)
    }

    /// Trouble with the connection or the server, as opposed to trouble with one statement.
    var isConnectionTrouble: Bool { isBrokenConversation || isRefusal }

    /// Another transaction was first: the server ended a deadlock, or another Galera node has written the
    /// row.
    var isConflict: Bool { code == .ER_LOCK_DEADLOCK }

    /// A lock was not acquired in time, or lost to a conflict. Nothing of the statement was stored.
    var isLockTrouble: Bool { code == .ER_LOCK_WAIT_TIMEOUT || isConflict }

    /// The server does not know the prepared statement any more.
    private var isStaleStatement: Bool { code == .ER_UNKNOWN_STMT_HANDLER || code == .ER_NEED_REPREPARE }

    /// The server takes no writes: it may have been the primary and be a replica now, whose reads are old.
    /// The next session may reach the new primary.
    var isReadOnly: Bool { code == .ER_OPTION_PREVENTS_STATEMENT || code == .ER_READ_ONLY_MODE }

    /// The account lacks the right.
    var isDenied: Bool { code == .ER_DBACCESS_DENIED_ERROR || code == .ER_TABLEACCESS_DENIED_ERROR }

    /// A value does not fit into the new type of its column.
    var isMisfit: Bool { code == .ER_TRUNCATED_WRONG_VALUE_FOR_FIELD }

    /// The table or the database does not exist.
    private var isMissingTable: Bool { code == .ER_NO_SUCH_TABLE || code == .ER_BAD_DB_ERROR }

    /// Whether the session must not be used again.
    var endsSession: Bool { isConnectionTrouble || isStaleStatement || isReadOnly }

    /// Whether the same statement may succeed at once, on a new session where this one ended. One that must
    /// not run twice is repeated only where the error proves that nothing of it was stored.
    func isWorthRepeating(_ isRepeatable: Bool) -> Bool {
        if isLockTrouble || isStaleStatement { return true }
        if stage == .login { return isBrokenConversation }
        return isRepeatable && isConnectionTrouble
    }

    /// Whether this is trouble with the database as a whole, as far as one call can tell.
    var isDatabaseTrouble: Bool { isConnectionTrouble || isMissingTable || stage == .schema }

    /// One line for the operator, with account and address, never with the password.
    func explained(_ address: MySQLAddress) -> String {
        let place = address.place
        return switch stage {
        case .login where isUnreachable:
            """
            cannot reach MySQL at \(place): \(message) (\(code.rawValue)); is it running, and are host and \
            port right?
            """
        case .login: "cannot log in to MySQL at \(place) as \(address.user): \(message) (\(code.rawValue))"
        case .statement: "MySQL at \(place): \(message) (\(code.rawValue))"
        case .schema: "database \(address.database) at \(place): \(message)"
        }
    }
}
