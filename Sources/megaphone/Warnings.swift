import Broadcasts
import Settings
import Threads

/// What an operator should know of settings that are right in themselves.
extension Settings {
    /// A line each. `descriptors` is how many files the process may have open.
    func warnings(descriptors: Int) -> [String] {
        var warnings: [String] = []
        if neededDescriptors > descriptors {
            warnings.append(
                """
                max_connections is \(maximumConnections), which needs up to \(neededDescriptors) file \
                descriptors, but the limit is \(descriptors): raise the limit (ulimit -n, LimitNOFILE) or \
                lower max_connections
                """)
        }
        if access.isEmpty {
            warnings.append(
                """
                No tokens are configured, so every PUT\(access.anonymousReads ? "" : " and GET") will be \
                rejected: set broadcaster_auth and reader_auth
                """)
        }
        return warnings
    }

    /// The file descriptors that a service with these settings has open at most.
    private var neededDescriptors: Int {
        maximumConnections + Self.turnedAway + 3 * (workers ?? allowedProcessors()) + storeDescriptors
            + Self.otherDescriptors
    }

    private var storeDescriptors: Int {
        switch database {
        // A socket, its duplicate and a latch for each thread, of which as many again may be stuck and left
        // behind, and for the watch.
        case .mysql: 3 * (2 * databasePoolMaximumSize + 1)
        // The file, its log, its index and a latch, for a writer and a reader.
        case .sqlite, .sqliteMemory: 8
        }
    }

    /// Connections beyond the limit that are told so at a time. A loop has a listener, a poller and a bell.
    private static let turnedAway = 64
    /// Standard streams, signals, the log, StatsD, the version file, /proc: some twenty.
    private static let otherDescriptors = 32
}
