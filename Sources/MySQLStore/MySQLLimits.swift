import Time

/// How long things may take, in whole seconds.
struct MySQLLimits: Hashable, Sendable {
    /// For connecting and logging in, by the client library, at least 1. MariaDB's bounds the login by
    /// nothing else.
    let connect: UInt32
    /// For each read and write after that, by the client library, at least 1.
    let readAndWrite: UInt32
    /// For another session's lock, by the server, at least 1.
    let lock: UInt32
    /// For one statement, by the server, which goes on when the client is gone. Zero: for ever.
    let statement: UInt32

    /// For a session of the pool. Callers leave at their deadlines, and then another thread shuts the socket
    /// down; `readAndWrite` only bounds what that cannot end. During the login there is no socket yet, and
    /// `connect` ends the wait.
    static func serving(connect: UInt32) -> MySQLLimits {
        MySQLLimits(connect: connect, readAndWrite: 10, lock: lockOfOneRow, statement: 10)
    }

    /// For opening a session where nothing is known about how long that takes.
    static let opening = serving(connect: 10)

    /// For a quick probe of whether the database is back: that has to be noticed within two seconds, pauses
    /// included.
    static let probing = MySQLLimits(connect: 1, readAndWrite: 1, lock: lockOfOneRow, statement: 10)

    /// For changing tables.
    static let migrating = MySQLLimits(connect: 5, readAndWrite: 60, lock: 20, statement: 0)

    static let lockOfOneRow: UInt32 = 1
}
