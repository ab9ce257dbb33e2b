import Access
import HTTPServer
import MySQLStore
import SQLiteStore
import Settings
import StoreAddress
import Telemetry
import Threads

/// Warnings about valid settings.
extension Settings {
    /// Returns the warnings, one line each. `descriptors` is the limit on open descriptors.
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

    /// Maximum number of descriptors that a service with these settings has open.
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

    /// Three standard streams, the signalfd and its notification, a configuration file, and two files of
    /// /proc.
    private static let ownDescriptors = 8
}
