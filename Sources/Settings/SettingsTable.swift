import Access
import Broadcasts
import StoreAddress
import TOML

/// All settings, in the order of the help and the documents.
package enum SettingsTable {
    package static let all: [Setting] =
        listening + storage + access + freshness + live
        + telemetry + limits

    /// Returns the setting of this key, or nil if there is none.
    static func setting(_ key: String) -> Setting? {
        all.first { $0.key == key }
    }

    private static let listening: [Setting] = [
        .property(
            "address", \.address, expects: "an IPv4 or IPv6 address or a host name, without a port",
            help: """
                IP address to listen on. 0.0.0.0 means all IPv4 addresses of the host; :: means all IPv4 \
                and IPv6 addresses. A name is resolved at the start: to its first IPv4 address, or else to \
                its first IPv6 address.
                """,
            read: { $0.text.flatMap(host) }, show: quoted),
        .integer(
            "port", \.port, 0...65_535,
            help: "TCP port to listen on. 0 lets the system choose a free port."),
        .flag(
            "share_port", \.sharesPort,
            help: """
                Whether several processes of the same user may listen on the port at the same time, so that \
                a new one can take over from an old one. If false, a port that anything else listens on is \
                refused.
                """),
        .text(
            "environment", \.environment,
            expects: "1 to 64 printable ASCII characters without quotes or backslashes",
            help: "Realm sent in the `WWW-Authenticate` field of 401 responses."
        ) { text in
            (1...64).contains(text.utf8.count)
                && text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        },
    ]

    private static let storage: [Setting] = [
        .property(
            "database_url", \.database,
            expects: "sqlite:PATH, sqlite::memory: or mysql://user:password@host:port/database",
            help: """
                Database that stores the broadcasts: an SQLite file, MySQL or MariaDB. User name and \
                password must be percent-encoded. A mysql URL accepts the options ssl-mode, ssl-ca, \
                ssl-cert, ssl-key and socket.
                """,
            read: databaseAddress, show: { quoted($0.description) }),
        .integer(
            "database_pool_max_size", \.databasePoolMaximumSize, 1...1000,
            help: "Maximum number of connections in the MySQL pool of this node."),
        .integer(
            "max_channels", reloadable: \.maximumChannels, 1...1_000_000,
            help: """
                Maximum number of channels. A PUT of a new channel beyond it is refused with status 409. A \
                bound, not a quota: each node counts what it last read and what it created since.
                """),
        .integer(
            "history_limit", reloadable: \.historyLimit, 0...10_000,
            help: """
                Number of changes that are kept in the history of each channel. 0 records nothing and makes \
                a PUT cheaper.
                """),
        .property(
            "monotonic_channels", reloadable: \.monotonicChannels, expects: ChannelList.expectation,
            help: """
                Channels whose versions are increasing numbers: a list of broadcaster/channel. A PUT of a \
                smaller number than the present one changes nothing and gets a 200 response, so that a late \
                or repeated PUT does not take a version back.
                """,
            read: ChannelList.read, show: ChannelList.show),
        .property(
            "hold_back", reloadable: \.holdBack, expects: HoldBackTable.expectation,
            help: """
                Minimum time between two announced changes of a channel, or of each channel of a \
                broadcaster: a table such as { "remote-settings/monitor_changes" = "5m", \
                "normandy/*" = "1m" }. The exact name wins. A sooner change is held until the time has \
                passed; the latest one is announced then.
                """,
            read: HoldBackTable.read, show: HoldBackTable.show),
        .duration(
            "write_deadline", \.writeDeadline, .milliseconds(1) ... .seconds(60),
            help: "How long a PUT waits for the database. After that, the response is 503."),
    ]

    private static let access: [Setting] = [
        .property(
            "broadcaster_auth", reloadable: \.broadcasterTokens, expects: TokenTable.expectation,
            help: """
                Tokens that may write: a table of broadcaster IDs, each with a token or a list of tokens. A \
                broadcaster may write only under its own ID. A token may be given as its digest: sha256: \
                followed by 64 hexadecimal digits, as printed by `megaphone hash-token`. A token that ends \
                is given as { token = "…", expires = 2027-01-31T00:00:00Z }. Each token may appear only once.
                """,
            read: TokenTable.read, show: TokenTable.show
        ),
        .property(
            "reader_auth", reloadable: \.readerTokens, expects: TokenTable.expectation,
            help: """
                Tokens that may read: a table like broadcaster_auth. An ID must not appear in both tables.
                """,
            read: TokenTable.read, show: TokenTable.show
        ),
        .property(
            "reader_scopes", reloadable: \.readerScopes, expects: ScopeTable.expectation,
            help: """
                Readers that may read only some broadcasters: a table of reader IDs, each with a list of \
                broadcaster IDs. Such a reader gets 403 for the whole board. Readers that are not in the \
                table may read everything.
                """,
            read: ScopeTable.read, show: ScopeTable.show),
        .flag(
            "anonymous_reads", reloadable: \.anonymousReads,
            help: "Whether reading is allowed without a token. An unknown token is still rejected."
        ),
    ]

    private static let freshness: [Setting] = [
        .duration(
            "max_staleness", reloadable: \.maximumStaleness, .zero ... .hours(24),
            help: """
                Maximum age of a board that is served without reading the database. With 0s, a response \
                reflects every PUT that any node acknowledged before the GET arrived.
                """
        ),
        .duration(
            "read_deadline", reloadable: \.readDeadline, .milliseconds(1) ... .seconds(60),
            help: "How long a GET waits for the database. After that, the last board read is served."
        ),
        .duration(
            "stale_if_error", reloadable: \.staleIfError, .zero ... .hours(8760),
            help: """
                Maximum age of a board that is served because the database failed or missed read_deadline. \
                If the last board is older, the response is 503.
                """
        ),
    ]

    private static let live: [Setting] = [
        .integer(
            "max_listeners", reloadable: \.maximumListeners, 0...1_000_000,
            help: """
                Maximum number of requests that this node holds: those that wait for a change, and event \
                streams. They take at most four fifths of max_connections. 0 switches both off.
                """),
        .duration(
            "max_wait", reloadable: \.maximumWait, .seconds(1) ... .seconds(600),
            help: """
                The longest that a GET with `Prefer: wait` is held. Set it below the timeouts of proxies, \
                which often are 50 or 60 seconds.
                """),
        .duration(
            "watch_interval", reloadable: \.watchInterval, .milliseconds(50) ... .seconds(60),
            help: "How often the database is read while a request is held."),
        .duration(
            "stream_keep_alive", reloadable: \.streamKeepAlive, .seconds(1) ... .seconds(600),
            help: "After this time without another event, an event stream gets a keep-alive event."),
        .duration(
            "stream_max_age", reloadable: \.streamMaximumAge, .seconds(10) ... .hours(24),
            help: """
                The longest that an event stream lasts. Clients then connect again, so that they spread over \
                the nodes.
                """),
        .property(
            "cors_origins", reloadable: \.origins, expects: Origins.expectation,
            help: """
                Origins of web pages that may read: a list such as ["https://example.com"], or "*" for all. \
                If empty, browsers let no page of another origin read.
                """,
            read: Origins.read, show: Origins.show),
        .flag(
            "status_page", reloadable: \.showsStatusPage,
            help: """
                Whether / is a page that shows the board and its changes in a browser. The page is public; \
                it asks for a token to read anything.
                """),
    ]

    private static let telemetry: [Setting] = [
        .flag(
            "json_logging", \.jsonLogging,
            help: """
                Format of the log on standard output: true for mozlog JSON, false for plain text.
                """),
        .property(
            "log_level", reloadable: \.logLevel,
            expects: "one of " + LogLevel.allCases.map { quoted($0.rawValue) }.joined(separator: ", "),
            help: "Minimum severity to log.",
            read: { $0.text.flatMap(LogLevel.init(rawValue:)) }, show: { quoted($0.rawValue) }
        ),
        .property(
            "statsd_host", \.statsdHostName,
            expects: "an IPv4 or IPv6 address or a host name, without a port, which is statsd_port",
            help: "Host that receives StatsD metrics over UDP. If empty, no StatsD metrics are sent.",
            read: { $0.text.flatMap { $0.isEmpty ? "" : host($0) } }, show: quoted
        ),
        .integer("statsd_port", \.statsdPort, 1...65_535, help: "UDP port of statsd_host."),
        .text(
            "statsd_label", \.statsdLabel,
            expects: "at most 64 letters, digits, dots, dashes or underscores",
            help: "Prefix of StatsD metric names, followed by a dot."
        ) { text in
            text.utf8.count <= 64
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
        },
        .flag(
            "statsd_tags", \.statsdTags,
            help: """
                Whether StatsD metrics have tags, in DogStatsD's format. Set it to false if the server \
                rejects them.
                """),
        .text(
            "version_file", \.versionFile, expects: "a path",
            help: """
                File that /__version__ returns. If it does not exist, the version built into the program is \
                returned.
                """
        ) { !$0.isEmpty && !$0.utf8.contains(0) },
    ]

    private static let limits: [Setting] = [
        .integer(
            "workers", \.workerCount, 0...1024,
            help: """
                Number of event loops, each on its own thread. 0 means one for each processor that the \
                process may use.
                """),
        .duration(
            "keep_alive", \.keepAlive, .seconds(1) ... .hours(1),
            help: "How long a connection may stay idle before its next request."),
        .duration(
            "header_timeout", \.headerTimeout, .milliseconds(100) ... .seconds(600),
            help: "How long a client may take to send the request line and header section."),
        .duration(
            "body_timeout", \.bodyTimeout, .milliseconds(100) ... .seconds(600),
            help: """
                How long a client may take to send a request body. Also how long a client may accept no \
                response data before its connection is closed.
                """),
        .integer(
            "max_connections", \.maximumConnections, 1...1_000_000,
            help: """
                Maximum number of open connections. Beyond it, a new connection takes the place of the one \
                that has been idle longest, for at least a second; if there is none, it gets a 503 response. \
                Each connection needs one file descriptor; a limit on those lowers this number.
                """),
        .integer(
            "max_header_bytes", \.maximumHeaderBytes, 1024...1_048_576,
            help: """
                Maximum size of the request line and header section together. A larger request gets a 414 or \
                431 response.
                """),
        .integer(
            "max_headers", \.maximumHeaders, 10...1000,
            help: "Maximum number of field lines in a request. A request with more gets a 431 response."),
        .integer(
            "max_body_bytes", \.maximumBodyBytes, Version.maximumLength...1_048_576,
            help: "Maximum size of a request body. A larger request gets a 413 response."),
        .duration(
            "drain_delay", reloadable: \.drainDelay, .zero ... .seconds(600),
            help: """
                How long the service goes on accepting and answering requests after SIGTERM, while \
                /__lbheartbeat__ returns 503, so that load balancers leave it. Then shutdown_grace begins.
                """),
        .duration(
            "shutdown_grace", \.shutdownGrace, .zero ... .hours(1),
            help: "How long requests in flight may take to finish after SIGTERM and drain_delay."),
    ]
}

@Sendable
private func databaseAddress(_ value: SettingValue) throws(UnsuitableValue) -> DatabaseAddress? {
    guard let url = value.text else { return nil }
    do throws(DatabaseAddressError) {
        return try DatabaseAddress(url: url)
    } catch {
        throw UnsuitableValue(reasons: [error.description])
    }
}

extension Duration {
    fileprivate static func hours(_ hours: Int) -> Duration { .seconds(hours * 3600) }
}
