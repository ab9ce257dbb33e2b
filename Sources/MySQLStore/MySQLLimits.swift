import Time

/// Timeouts of a session, in whole seconds.
struct MySQLLimits: Hashable, Sendable {
    /// Client timeout for connecting and logging in, at least 1. It is the only limit of a login with
    /// MariaDB's client library.
    let connect: UInt32
    /// Client timeout for each read and write after the login, at least 1.
    let readAndWrite: UInt32
    /// Server timeout for waiting for a lock, at least 1.
    let lock: UInt32
    /// Server timeout of a statement; zero: no limit. The server continues a statement when its client has
    /// disconnected.
    let statement: UInt32

    /// For a session of the pool. When a call's deadline has passed, the timekeeper shuts down the socket;
    /// `readAndWrite` bounds only what that does not end. During the login no socket is registered yet, and
    /// `connect` bounds the wait.
    static func serving(connect: UInt32) -> MySQLLimits {
        MySQLLimits(connect: connect, readAndWrite: 10, lock: lockOfOneRow, statement: 10)
    }

    /// For opening a session when the duration of a login is not known yet.
    static let opening = serving(connect: 10)

    /// For a quick probe that finds out whether the database is back. That must be noticed within two
    /// seconds, including the backoff.
    static let probing = MySQLLimits(connect: 1, readAndWrite: 1, lock: lockOfOneRow, statement: 10)

    /// For migrating the schema. While an ALTER waits for the lock of a table, all later statements on the
    /// table wait behind it, also those of old nodes.
    static let migrating = MySQLLimits(connect: 5, readAndWrite: 60, lock: 1, statement: 0)

    static let lockOfOneRow: UInt32 = 1
}
