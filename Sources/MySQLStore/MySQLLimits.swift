import Time

/// How long things may take, in whole seconds.
struct MySQLLimits: Sendable {
    /// For connecting and logging in, by the client library, at least 1. MariaDB's bounds the login by
    /// nothing else.
    let connect: UInt32
    /// For each read and write after that, by the client library, at least 1.
    let readAndWrite: UInt32
    /// For another session's lock, by the server, at least 1.
    let lock: UInt32
    /// For one statement, by the server, which goes on when the client is gone. Zero: for ever.
    let statement: UInt32

    /// For a caller, who leaves at the deadline anyhow: then another thread shuts the socket down. During the
    /// login there is no socket yet, and `connect` ends the thread's wait. The rest is a net below.
    static func serving(for time: Duration) -> MySQLLimits {
        let left = time.components
        let seconds = UInt32(clamping: left.attoseconds > 0 ? left.seconds + 1 : left.seconds)
        return MySQLLimits(
            connect: min(max(seconds, 1), 5), readAndWrite: 10, lock: lockOfOneRow, statement: 10)
    }

    /// For a probe of whether the database is back: that has to be noticed within two seconds, pauses
    /// included.
    static let probing = MySQLLimits(connect: 1, readAndWrite: 1, lock: lockOfOneRow, statement: 10)

    /// For changing tables.
    static let migrating = MySQLLimits(connect: 5, readAndWrite: 60, lock: 20, statement: 0)

    private static let lockOfOneRow: UInt32 = 1
}
