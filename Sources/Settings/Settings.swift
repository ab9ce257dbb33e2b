package import Access
package import Broadcasts
package import StoreAddress

/// All settings, validated, with the defaults of config.example.toml.
package struct Settings: Sendable {
    /// A numeric IPv4 or IPv6 address, without brackets, or a host name.
    package var address = "127.0.0.1"
    /// 0 lets the system choose a free port.
    package var port: UInt16 = 8000
    /// Whether other processes of the same user may listen on the port too.
    package var sharesPort = false
    /// The realm of 401 responses. It contains no character that needs an escape in a quoted string.
    package var environment = "development"
    package var database = DatabaseAddress.sqlite(path: "megaphone.db")
    package var databasePoolMaximumSize = 10
    package var writeDeadline = Duration.seconds(2)
    package var jsonLogging = true
    var statsdHostName = ""
    package var statsdPort: UInt16 = 8125
    package var statsdLabel = "megaphone"
    package var statsdTags = true
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
    package var reloadable = Reloadable()

    /// Creates settings with all defaults.
    package init() {}

    /// Nil if nothing is sent to StatsD.
    package var statsdHost: String? { statsdHostName.isEmpty ? nil : statsdHostName }

    /// The number of event loops. Nil for one per processor that the process may use.
    package var workers: Int? { workerCount == 0 ? nil : workerCount }

    /// Returns the keys whose values differ in `other` and take effect only after a restart.
    package func changesThatWaitForARestart(in other: Settings) -> [String] {
        SettingsTable.all.filter { !$0.isReloadable && $0.differs(self, other) }.map(\.key)
    }

    /// The settings that SIGHUP applies. All others need a restart.
    package struct Reloadable: Sendable {
        var broadcasterTokens: [String: [Token]] = [:]
        var readerTokens: [String: [Token]] = [:]
        /// The broadcasters of the readers that may not read everything.
        var readerScopes: [String: Set<String>] = [:]
        var anonymousReads = false
        package var maximumStaleness = Duration.zero
        package var readDeadline = Duration.milliseconds(250)
        package var staleIfError = Duration.seconds(300)
        package var maximumChannels = 10_000
        package var historyLimit = 100
        package var monotonicChannels: Set<ChannelName> = []
        package var holdBack = HoldBack()
        package var maximumListeners = 8000
        package var maximumWait = Duration.seconds(45)
        package var watchInterval = Duration.milliseconds(200)
        package var streamKeepAlive = Duration.seconds(15)
        package var streamMaximumAge = Duration.seconds(600)
        /// Origins of web pages that may read, or only `*` for all.
        package var origins: [String] = []
        package var showsStatusPage = true
        package var logLevel = LogLevel.info
        package var drainDelay = Duration.zero

        /// The tokens and their owners, and whether reading needs a token.
        package var access: AccessTable {
            AccessTable(
                broadcasters: broadcasterTokens, readers: readerTokens, scopes: readerScopes,
                anonymousReads: anonymousReads)
        }
    }
}

/// Minimum severity to log, with swift-log's names.
package enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}
