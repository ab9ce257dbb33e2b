import Access
import HTTPServer
import MySQLStore
import SQLiteStore
import Settings
import StoreAddress
import Telemetry
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
        if reloadable.access.isEmpty {
            let reads = reloadable.access.anonymousReads ? "" : " and GET"
            warnings.append(
                """
                No tokens are configured, so every PUT\(reads) will be rejected: set broadcaster_auth and \
                reader_auth
                """)
        }
        return warnings
    }

    /// The file descriptors that a service with these settings has open at most.
    private var neededDescriptors: Int {
        maximumConnections + Server.descriptors(workers: workers ?? allowedProcessors()) + storeDescriptors
            + VersionFile.descriptors + LogOutput.descriptors + StatsDSender.descriptors + Self.ownDescriptors
    }

    private var storeDescriptors: Int {
        switch database {
        case .mysql: MySQLStore.descriptors(poolSize: databasePoolMaximumSize)
        case .sqlite, .sqliteMemory: SQLiteStore.descriptors
        }
    }

    /// The standard streams, the signals and their notification, a file of settings and two of /proc.
    private static let ownDescriptors = 8
}
