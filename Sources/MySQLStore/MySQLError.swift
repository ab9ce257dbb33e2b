import StoreAddress

/// An error of the server, of the client library, or of our schema check.
struct MySQLError: Error, Hashable, Sendable {
    /// The operation that failed.
    enum Stage: Sendable {
        case login
        case statement
        /// A statement on the table of changes.
        case history
        /// Our schema check or a migration. An error of our own has the code `none`.
        case schema
    }

    let code: MySQLErrorCode
    let message: String
    let stage: Stage
    /// Whether the error belongs to a transaction whose COMMIT was not sent: nothing was stored.
    private(set) var isBeforeCommit = false

    init(code: MySQLErrorCode, message: String, stage: Stage) {
        self.code = code
        self.message = message
        self.stage = stage
    }

    /// The error, of a transaction whose COMMIT was not sent.
    var withoutCommit: MySQLError {
        var error = self
        error.isBeforeCommit = true
        return error
    }

    /// The error, as one of the table of changes.
    var inHistory: MySQLError { MySQLError(code: code, message: message, stage: .history) }

    /// Returns the error with what the operator can do about it.
    func advising(_ advice: String) -> MySQLError {
        MySQLError(code: code, message: "\(message); \(advice)", stage: stage)
    }

    /// Whether the connection broke or could not be made. It is unknown whether the statement ran: both
    /// client libraries report the same code before a statement was sent and after its answer was lost.
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

    /// Whether the server refuses all clients or this account.
    private var isRefusal: Bool {
        switch code {
        case .CR_UNKNOWN_HOST, .ER_CON_COUNT_ERROR, .ER_TOO_MANY_USER_CONNECTIONS, .ER_UNKNOWN_COM_ERROR,
            .ER_ERROR_DURING_COMMIT:
            true
        default: stage == .login
        }
    }

    /// Whether the server refused another session, of this account or of all, because there are too many.
    var isSessionLimit: Bool {
        stage == .login
            && [.ER_CON_COUNT_ERROR, .ER_TOO_MANY_USER_CONNECTIONS, .ER_USER_LIMIT_REACHED].contains(code)
    }

    /// Whether no server answered at the address.
    private var isUnreachable: Bool {
        [.CR_CONNECTION_ERROR, .CR_CONN_HOST_ERROR, .CR_UNKNOWN_HOST, .CR_SERVER_LOST].contains(code)
    }

    /// Whether this is an error of the connection or the server, not of one statement.
    var isConnectionTrouble: Bool { isBrokenConversation || isRefusal }

    /// Whether the transaction lost a conflict: it was chosen as the victim of a deadlock, or another
    /// transaction or server had written the row.
    var isConflict: Bool {
        [.ER_LOCK_DEADLOCK, .ER_CHECKREAD, .ER_DUP_ENTRY, .ER_TRANSACTION_ROLLBACK_DURING_COMMIT]
            .contains(code)
    }

    /// Whether a lock wait timed out, or the transaction lost a conflict. Nothing of the statement was
    /// stored.
    var isLockTrouble: Bool { code == .ER_LOCK_WAIT_TIMEOUT || isConflict }

    /// Whether the session does not fit any more: the server does not know its prepared statement, or a
    /// column that it found when it was opened is gone.
    private var isStaleStatement: Bool {
        code == .ER_UNKNOWN_STMT_HANDLER || code == .ER_NEED_REPREPARE
            || code == .ER_BAD_FIELD_ERROR && stage == .statement
    }

    /// Whether the server or the schema takes no writes; nothing of the statement was stored. The server may
    /// be a former primary that is a replica now and returns stale reads. The next session may reach the new
    /// primary.
    var isReadOnly: Bool {
        switch code {
        case .ER_OPTION_PREVENTS_STATEMENT, .ER_READ_ONLY_MODE, .ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION,
            .ER_OPEN_AS_READONLY, .ER_INNODB_READ_ONLY, .ER_INNODB_FORCED_RECOVERY, .ER_SCHEMA_READ_ONLY:
            true
        default: false
        }
    }

    /// Whether the account lacks a privilege.
    var isDenied: Bool { code == .ER_DBACCESS_DENIED_ERROR || code == .ER_TABLEACCESS_DENIED_ERROR }

    /// Whether the server works but refuses the account, the host or the database name.
    var refusesService: Bool {
        isDenied
            || [
                .ER_ACCESS_DENIED_ERROR, .ER_ACCESS_DENIED_NO_PASSWORD_ERROR, .ER_BAD_DB_ERROR,
                .ER_HOST_IS_BLOCKED, .ER_HOST_NOT_PRIVILEGED,
            ].contains(code)
    }

    /// Whether a value does not fit the new type of its column.
    var isMisfit: Bool { code == .ER_TRUNCATED_WRONG_VALUE_FOR_FIELD }

    /// Whether the table or the database does not exist.
    private var isMissingTable: Bool {
        stage != .history && [.ER_NO_SUCH_TABLE, .ER_BAD_DB_ERROR, .ER_NO_DB_ERROR].contains(code)
    }

    /// Whether the statement is at fault: its table, its privileges or its values, not the server, the
    /// connection or another transaction.
    var isOfStatement: Bool {
        !isConnectionTrouble && !isLockTrouble && !isStaleStatement && !isReadOnly
    }

    /// Whether the session must not be used again.
    var endsSession: Bool { isConnectionTrouble || isStaleStatement || isMissingTable }

    /// Whether the same statement may succeed if it is retried at once, on a new session if this one must not
    /// be used again. A statement that must not run twice is retried only if the error proves that nothing
    /// was stored.
    func isWorthRepeating(_ isRepeatable: Bool) -> Bool {
        if isLockTrouble || isStaleStatement { return true }
        if stage == .login { return isBrokenConversation || isSessionLimit }
        return (isRepeatable || isBeforeCommit) && isConnectionTrouble
    }

    /// Whether this error means that the database as a whole is in trouble.
    var isDatabaseTrouble: Bool { isConnectionTrouble || isMissingTable || stage == .schema }

    /// Returns one line for the operator, with user and address, never with the password.
    func explained(_ address: MySQLAddress) -> String {
        let place = address.place
        return switch stage {
        case .login where isUnreachable:
            """
            cannot reach MySQL at \(place): \(message) (\(code.rawValue)); is it running, and are host and \
            port right?
            """
        case .login: "cannot log in to MySQL at \(place) as \(address.user): \(message) (\(code.rawValue))"
        case .statement, .history: "MySQL at \(place): \(message) (\(code.rawValue))"
        case .schema: "database \(address.database) at \(place): \(message)"
        }
    }
}
