import HTTPServer
import MySQLStore
import SQLiteStore
import Settings
import StoreAddress
import Telemetry
import Threads

/// How the descriptors that the process may open are shared between its clients and itself.
struct DescriptorBudget {
    /// The limit on open descriptors.
    let limit: Int
    /// Maximum number that the service has open itself: for the store, the log, files and event loops, and
    /// what it got from its parent.
    let reserved: Int
    /// `max_connections`, lowered to what the limit allows. Not positive if the limit is too low to serve.
    let connections: Int
    /// Maximum number of connections beyond that, each open until its 503 has been sent.
    let rejected: Int

    init(_ settings: Settings, _ descriptors: DescriptorLimit) {
        limit = descriptors.maximum
        reserved = settings.ownDescriptors + descriptors.inherited
        let room = limit - reserved
        rejected = min(
            max(room - settings.maximumConnections, room / 8, 1), ServerConfiguration.mostRejectedConnections)
        connections = min(settings.maximumConnections, room - rejected)
    }

    /// Why the service cannot start. Nil if there is room for at least one connection.
    var problem: String? {
        guard connections < 1 else { return nil }
        return """
            the limit of \(limit) file descriptors leaves none for connections, because the service itself \
            needs up to \(reserved): raise the limit (ulimit -n, LimitNOFILE) to at least \(reserved + 2)
            """
    }

    /// A warning in one line if `max_connections` is lowered.
    func warning(for settings: Settings) -> String? {
        guard connections < settings.maximumConnections else { return nil }
        if let problem { return problem }
        return """
            max_connections is \(settings.maximumConnections), but the limit of \(limit) file descriptors \
            allows only \(connections) connections, which is the maximum now: raise the limit (ulimit -n, \
            LimitNOFILE) or lower max_connections
            """
    }
}

extension Settings {
    /// Maximum number of descriptors that a service with these settings opens for itself.
    fileprivate var ownDescriptors: Int {
        Server.descriptors(workers: workers ?? allowedProcessors()) + storeDescriptors
            + VersionFile.descriptors + LogOutput.descriptors + StatsDSender.descriptors
            + Self.programDescriptors
    }

    private var storeDescriptors: Int {
        switch database {
        case .mysql: MySQLStore.descriptors(poolSize: databasePoolMaximumSize)
        case .sqlite, .sqliteMemory: SQLiteStore.descriptors
        }
    }

    /// Three standard streams, the signalfd and its notification, a configuration file, and two files of
    /// /proc.
    private static let programDescriptors = 8
}
