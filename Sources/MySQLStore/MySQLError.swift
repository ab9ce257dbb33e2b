import Broadcasts

/// What the server or the client library answered in place of a result.
struct MySQLError: Error, Hashable, Sendable {
    /// What was being done.
    enum Stage: Sendable {
        case login
        case statement
        /// Our own judgement of the schema; the number is zero.
        case schema
    }

    /// The server's error number, or the client library's from 2000 on.
    let number: UInt32
    let message: String
    let stage: Stage

    /// Connection or server trouble. Whether the statement ran is unknown for most of them: the same number comes
    /// before it was sent and after its answer was lost (DATABASES.md, timeouts and lost connections).
    var isConnectionTrouble: Bool {
        switch number {
        case 2002, 2003, 2005, 2006, 2013, 2026, 2027, 2055: true  // The client library's own.
        case 1040, 1203: true  // Too many connections.
        case 1053, 1927, 4031: true  // Shut down, killed, idle for too long.
        case 1047, 1180: true  // A Galera node without its cluster.
        case 1152, 1158...1161, 1184: true  // Broken in the middle of a packet.
        default: stage == .login
        }
    }

    /// A lock was not had in time, or a deadlock was broken. Nothing of the statement was stored.
    var isLockTrouble: Bool { number == 1205 || number == 1213 }

    /// A prepared statement that the server does not know any more.
    private var isStaleStatement: Bool { number == 1243 || number == 1615 }

    /// The server takes no writes. The next session may be with one that does.
    private var isReadOnly: Bool { number == 1290 || number == 1836 }

    /// The table or the database is gone.
    private var isMissingTable: Bool { number == 1146 || number == 1049 }

    /// Whether the session must not be used again.
    var endsSession: Bool { isConnectionTrouble || isStaleStatement || isReadOnly }

    /// Whether the same statement may do better at once, with a new session where this one ended.
    var isWorthRepeating: Bool {
        stage == .statement && (isConnectionTrouble || isLockTrouble || isStaleStatement)
    }

    /// Whether the database as a whole is in trouble, as far as this call can tell.
    var isDatabaseTrouble: Bool { isConnectionTrouble || isMissingTable || stage == .schema }

    /// One line for the operator, with user and place, and never the password.
    func explained(_ address: MySQLAddress) -> String {
        let place = address.socket ?? "\(address.host):\(address.port)"
        return switch stage {
        case .login: "cannot log in to MySQL at \(place) as \(address.user): \(message) (\(number))"
        case .statement: "MySQL at \(place): \(message) (\(number))"
        case .schema: "database \(address.database) at \(place): \(message)"
        }
    }
}
