package import Broadcasts

/// Everything an operator may set, checked, with the defaults of config.example.toml.
package struct Settings: Sendable {
    /// A numeric IPv4 or IPv6 address, without brackets.
    package var address = "127.0.0.1"
    /// 0 lets the system choose.
    package var port: UInt16 = 8000
    /// The realm of 401 answers. It holds nothing that needs an escape in a quoted string.
    package var environment = "development"
    package var database = DatabaseAddress.sqlite(path: "megaphone.db")
    package var databasePoolMaximumSize = 10
    var broadcasterTokens: [String: [TokenDigest]] = [:]
    var readerTokens: [String: [TokenDigest]] = [:]
    var anonymousReads = false
    package var maximumStaleness = Duration.zero
    package var readDeadline = Duration.milliseconds(250)
    package var staleIfError = Duration.seconds(300)
    package var writeDeadline = Duration.seconds(2)
    package var jsonLogging = true
    package var logLevel = LogLevel.info
    var statsdHostName = ""
    package var statsdPort: UInt16 = 8125
    package var statsdLabel = "megaphone"
    package var versionFile = "version.json"
    var workerCount = 0
    package var keepAlive = Duration.seconds(75)
    package var headerTimeout = Duration.seconds(10)
    package var bodyTimeout = Duration.seconds(10)
    package var maximumConnections = 10_000
    package var maximumHeaderBytes = 16_384
    package var maximumHeaders = 100
    package var maximumBodyBytes = 4096
    package var shutdownGrace = Duration.seconds(10)

    /// The defaults.
    package init() {}

    /// Nil when nothing is sent to StatsD.
    package var statsdHost: String? { statsdHostName.isEmpty ? nil : statsdHostName }

    /// The number of event loops. Nil for one a core.
    package var workers: Int? { workerCount == 0 ? nil : workerCount }

    /// The keys in which other settings differ from these and that a running service does not take over.
    package func changesThatWaitForARestart(in other: Settings) -> [String] {
        SettingsTable.all.filter { !$0.isReloaded && $0.differs(self, other) }.map(\.key)
    }

    /// Whose token is whose, and whether readers need one.
    package var access: AccessTable {
        AccessTable(broadcasters: broadcasterTokens, readers: readerTokens, anonymousReads: anonymousReads)
    }
}

/// The least grave line that is logged. The words are swift-log's.
package enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}
