// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The error codes that the service distinguishes, by their names in the manuals of MySQL and MariaDB. The
/// `CR_` codes are client library errors.
struct MySQLErrorCode: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    /// The row has changed since it was read.
    static let ER_CHECKREAD = MySQLErrorCode(rawValue: 1020)
    /// Too many connections to the server.
    static let ER_CON_COUNT_ERROR = MySQLErrorCode(rawValue: 1040)
    /// MariaDB with `innodb_force_recovery`, or a read-only table.
    static let ER_OPEN_AS_READONLY = MySQLErrorCode(rawValue: 1036)
    static let ER_DBACCESS_DENIED_ERROR = MySQLErrorCode(rawValue: 1044)
    static let ER_ACCESS_DENIED_ERROR = MySQLErrorCode(rawValue: 1045)
    /// The session's database has been dropped.
    static let ER_NO_DB_ERROR = MySQLErrorCode(rawValue: 1046)
    /// On Galera: the node is not part of a cluster.
    static let ER_UNKNOWN_COM_ERROR = MySQLErrorCode(rawValue: 1047)
    static let ER_BAD_DB_ERROR = MySQLErrorCode(rawValue: 1049)
    static let ER_SERVER_SHUTDOWN = MySQLErrorCode(rawValue: 1053)
    /// Too many connections of this host were interrupted (`max_connect_errors`).
    static let ER_HOST_IS_BLOCKED = MySQLErrorCode(rawValue: 1129)
    static let ER_HOST_NOT_PRIVILEGED = MySQLErrorCode(rawValue: 1130)
    static let ER_TABLEACCESS_DENIED_ERROR = MySQLErrorCode(rawValue: 1142)
    static let ER_NO_SUCH_TABLE = MySQLErrorCode(rawValue: 1146)
    /// A column does not exist.
    static let ER_BAD_FIELD_ERROR = MySQLErrorCode(rawValue: 1054)
    /// A column exists already.
    static let ER_DUP_FIELDNAME = MySQLErrorCode(rawValue: 1060)
    static let ER_DUP_ENTRY = MySQLErrorCode(rawValue: 1062)
    static let ER_ABORTING_CONNECTION = MySQLErrorCode(rawValue: 1152)
    static let ER_NET_READ_ERROR = MySQLErrorCode(rawValue: 1158)
    static let ER_NET_READ_INTERRUPTED = MySQLErrorCode(rawValue: 1159)
    static let ER_NET_ERROR_ON_WRITE = MySQLErrorCode(rawValue: 1160)
    static let ER_NET_WRITE_INTERRUPTED = MySQLErrorCode(rawValue: 1161)
    /// On Galera: the node lost its cluster.
    static let ER_ERROR_DURING_COMMIT = MySQLErrorCode(rawValue: 1180)
    static let ER_NEW_ABORTING_CONNECTION = MySQLErrorCode(rawValue: 1184)
    static let ER_TOO_MANY_USER_CONNECTIONS = MySQLErrorCode(rawValue: 1203)
    static let ER_UNKNOWN_SYSTEM_VARIABLE = MySQLErrorCode(rawValue: 1193)
    static let ER_LOCK_WAIT_TIMEOUT = MySQLErrorCode(rawValue: 1205)
    /// On Galera also: another node has written the row.
    static let ER_LOCK_DEADLOCK = MySQLErrorCode(rawValue: 1213)
    /// The account has a limit, such as `MAX_USER_CONNECTIONS`.
    static let ER_USER_LIMIT_REACHED = MySQLErrorCode(rawValue: 1226)
    static let ER_UNKNOWN_STMT_HANDLER = MySQLErrorCode(rawValue: 1243)
    /// The server is read-only.
    static let ER_OPTION_PREVENTS_STATEMENT = MySQLErrorCode(rawValue: 1290)
    static let ER_TRUNCATED_WRONG_VALUE_FOR_FIELD = MySQLErrorCode(rawValue: 1366)
    static let ER_MAX_PREPARED_STMT_COUNT_REACHED = MySQLErrorCode(rawValue: 1461)
    static let ER_NEED_REPREPARE = MySQLErrorCode(rawValue: 1615)
    static let ER_VARIABLE_NOT_SETTABLE_IN_TRANSACTION = MySQLErrorCode(rawValue: 1766)
    static let ER_ACCESS_DENIED_NO_PASSWORD_ERROR = MySQLErrorCode(rawValue: 1698)
    static let ER_READ_ONLY_MODE = MySQLErrorCode(rawValue: 1836)
    /// The account, the session or the server begins read-only transactions.
    static let ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION = MySQLErrorCode(rawValue: 1792)
    static let ER_INNODB_READ_ONLY = MySQLErrorCode(rawValue: 1874)
    static let ER_INNODB_FORCED_RECOVERY = MySQLErrorCode(rawValue: 1881)
    /// MariaDB only.
    static let ER_CONNECTION_KILLED = MySQLErrorCode(rawValue: 1927)
    /// On MySQL Group Replication: another server has written the row.
    static let ER_TRANSACTION_ROLLBACK_DURING_COMMIT = MySQLErrorCode(rawValue: 3101)
    /// Since MySQL 8: `ALTER SCHEMA … READ ONLY = 1`.
    static let ER_SCHEMA_READ_ONLY = MySQLErrorCode(rawValue: 3989)
    static let CR_SOCKET_CREATE_ERROR = MySQLErrorCode(rawValue: 2001)
    static let CR_CONNECTION_ERROR = MySQLErrorCode(rawValue: 2002)
    static let CR_CONN_HOST_ERROR = MySQLErrorCode(rawValue: 2003)
    static let CR_UNKNOWN_HOST = MySQLErrorCode(rawValue: 2005)
    static let CR_SERVER_GONE_ERROR = MySQLErrorCode(rawValue: 2006)
    static let CR_OUT_OF_MEMORY = MySQLErrorCode(rawValue: 2008)
    static let CR_SERVER_LOST = MySQLErrorCode(rawValue: 2013)
    static let CR_SSL_CONNECTION_ERROR = MySQLErrorCode(rawValue: 2026)
    static let CR_MALFORMED_PACKET = MySQLErrorCode(rawValue: 2027)
    static let CR_SERVER_LOST_EXTENDED = MySQLErrorCode(rawValue: 2055)
    /// Since MySQL 8. The statement did not run.
    static let ER_CLIENT_INTERACTION_TIMEOUT = MySQLErrorCode(rawValue: 4031)

    /// No error of the server or the client library.
    static let none = MySQLErrorCode(rawValue: 0)
}
