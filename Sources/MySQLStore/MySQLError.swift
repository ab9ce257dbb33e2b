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

    /// The conversation broke off, or did not begin. Whether the statement ran is unknown: both libraries
    /// give the same number before it was sent and after its answer was lost.
    private var isBrokenConversation: Bool {
        switch number {
        case 2002, 2003: true  // Not connected, by a reset as well.
        case 2006, 2013, 2026, 2027, 2055: true  // The client library's own.
        case 1152, 1158...1161, 1184: true  // The server's: broken in the middle of a packet.
        case 1053, 1927, 4031: true  // Shut down, killed, idle for too long.
        default: false
        }
    }

    /// The server is there for nobody, or not for us.
    private var isRefusal: Bool {
        switch number {
        case 2005: true  // Unknown host.
        case 1040, 1203: true  // Too many connections.
        case 1047, 1180: true  // A Galera node without its cluster.
        default: stage == .login
        }
    }

    /// Nobody answered where the server should be.
    private var isUnreachable: Bool { [2002, 2003, 2005, 2013].contains(number) }

    /// Connection or server trouble, as opposed to trouble with this statement.
    var isConnectionTrouble: Bool { isBrokenConversation || isRefusal }

    /// Another transaction was first: a deadlock was broken, or another Galera node has written the row.
    var isConflict: Bool { number == 1213 }

    /// A lock was not had in time, or lost to a conflict. Nothing of the statement was stored.
    var isLockTrouble: Bool { number == 1205 || isConflict }

    /// A prepared statement that the server does not know any more.
    private var isStaleStatement: Bool { number == 1243 || number == 1615 }

    /// The server takes no writes: it may have been the primary and be a replica now, whose reads are of the
    /// past. The next session may be with the one that took its place.
    var isReadOnly: Bool { number == 1290 || number == 1836 }

    /// The user may not do this.
    var isDenied: Bool { number == 1044 || number == 1142 }

    /// A value does not fit into the new type of its column.
    var isMisfit: Bool { number == 1366 }

    /// The table or the database is gone.
    private var isMissingTable: Bool { number == 1146 || number == 1049 }

    /// Whether the session must not be used again.
    var endsSession: Bool { isConnectionTrouble || isStaleStatement || isReadOnly }

    /// Whether the same statement may do better at once, with a new session where this one ended.
    var isWorthRepeating: Bool {
        isBrokenConversation || isLockTrouble || isStaleStatement || stage == .statement && isRefusal
    }

    /// Whether the database as a whole is in trouble, as far as this call can tell.
    var isDatabaseTrouble: Bool { isConnectionTrouble || isMissingTable || stage == .schema }

    /// One line for the operator, with user and place, and never the password.
    func explained(_ address: MySQLAddress) -> String {
        let place = address.place
        return switch stage {
        case .login where isUnreachable:
            """
            cannot reach MySQL at \(place): \(message) (\(number)); is it running, and are host and \
            port right?
            """
        case .login: "cannot log in to MySQL at \(place) as \(address.user): \(message) (\(number))"
        case .statement: "MySQL at \(place): \(message) (\(number))"
        case .schema: "database \(address.database) at \(place): \(message)"
        }
    }
}
