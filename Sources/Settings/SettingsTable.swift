import Access
import Broadcasts
import StoreAddress
import TOML

/// All settings, in the order in which people read them.
package enum SettingsTable {
    package static let all: [Setting] = listening + storage + access + freshness + telemetry + limits

    /// The setting of this key, or nil when there is none.
    static func setting(_ key: String) -> Setting? {
        all.first { $0.key == key }
    }

    private static let listening: [Setting] = [
        .text(
            "address", \.address, expects: "a numeric IPv4 or IPv6 address",
            help:
                "Where to listen. 0.0.0.0 is every IPv4 address of the host, :: every address of both kinds.",
            isValid: isNumericAddress),
        .integer("port", \.port, 0...65_535, help: "Where to listen. 0 lets the system choose."),
        .text(
            "environment", \.environment,
            expects: "1 to 64 printable ASCII characters without quotes and backslashes",
            help: "The realm that answers with status 401 name."
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
                Where broadcasts are kept: a SQLite file, or MySQL or MariaDB. User and password are \
                percent-encoded. Options of a mysql URL are ssl-mode, ssl-ca, ssl-cert, ssl-key and socket.
                """,
            read: databaseAddress, show: { quoted($0.description) }),
        .integer(
            "database_pool_max_size", \.databasePoolMaximumSize, 1...1000,
            help: "The most connections to MySQL that this node holds."),
        .duration(
            "write_deadline", \.writeDeadline, .milliseconds(1) ... .seconds(60),
            help: "How long the answer to a PUT may take. Where the database takes longer, it is 503."),
    ]

    private static let access: [Setting] = [
        .property(
            "broadcaster_auth", reloadable: \.broadcasterTokens, expects: TokenTable.expectation,
            help: """
                Who may write, each under its own id: id and token, or id and list of tokens. A token may \
                be given as sha256: and 64 hexadecimal digits, as `megaphone hash-token` prints it. No \
                token may stand twice.
                """,
            read: TokenTable.read, show: TokenTable.show
        ),
        .property(
            "reader_auth", reloadable: \.readerTokens, expects: TokenTable.expectation,
            help: "Who may read: a table like broadcaster_auth. No id may stand in both.",
            read: TokenTable.read, show: TokenTable.show
        ),
        .flag(
            "anonymous_reads", reloadable: \.anonymousReads,
            help: "Whether readers need no token. A wrong token is refused all the same."
        ),
    ]

    private static let freshness: [Setting] = [
        .duration(
            "max_staleness", reloadable: \.maximumStaleness, .zero ... .hours(24),
            help: """
                How old a board may be that is served without asking the database. With 0s an answer \
                reflects every PUT that any node acknowledged before the GET came.
                """
        ),
        .duration(
            "read_deadline", reloadable: \.readDeadline, .milliseconds(1) ... .seconds(60),
            help: "How long a GET waits for the database before it is served the last board."
        ),
        .duration(
            "stale_if_error", reloadable: \.staleIfError, .zero ... .hours(8760),
            help: "How old that last board may be. Past that age, GET answers with status 503."
        ),
    ]

    private static let telemetry: [Setting] = [
        .flag(
            "json_logging", \.jsonLogging,
            help: """
                Whether the log on standard output is mozlog JSON for a log pipeline, or text for people.
                """),
        .property(
            "log_level", reloadable: \.logLevel,
            expects: "one of " + LogLevel.allCases.map { quoted($0.rawValue) }.joined(separator: ", "),
            help: "The least grave lines that are logged.",
            read: { $0.text.flatMap(LogLevel.init(rawValue:)) }, show: { quoted($0.rawValue) }
        ),
        .text(
            "statsd_host", \.statsdHostName, expects: "a host name or an address",
            help: "Where metrics are sent by UDP, beside /metrics. When it is empty, none are sent."
        ) { $0.isEmpty || isHostName($0) },
        .integer("statsd_port", \.statsdPort, 1...65_535, help: "The port of statsd_host."),
        .text(
            "statsd_label", \.statsdLabel,
            expects: "at most 64 letters, digits, dots, dashes and underscores",
            help: "What the names of StatsD metrics begin with, before a dot."
        ) { text in
            text.utf8.count <= 64
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
        },
        .text(
            "version_file", \.versionFile, expects: "a path",
            help: "The file that /__version__ answers with. It may be missing."
        ) { !$0.isEmpty && !$0.utf8.contains(0) },
    ]

    private static let limits: [Setting] = [
        .integer(
            "workers", \.workerCount, 0...1024,
            help:
                """
                The number of event loops, each a thread of its own. 0 is one for each processor that the \
                process may use.
                """
        ),
        .duration(
            "keep_alive", \.keepAlive, .seconds(1) ... .hours(1),
            help: "How long a connection may wait for its next request."),
        .duration(
            "header_timeout", \.headerTimeout, .milliseconds(100) ... .seconds(600),
            help: "How long the head of a request may take."),
        .duration(
            "body_timeout", \.bodyTimeout, .milliseconds(100) ... .seconds(600),
            help:
                """
                How long the body of a request may take, and how long a client may take nothing of an \
                answer.
                """
        ),
        .integer(
            "max_connections", \.maximumConnections, 1...1_000_000,
            help: "Further connections are answered with status 503. Each takes one file descriptor."),
        .integer(
            "max_header_bytes", \.maximumHeaderBytes, 1024...1_048_576,
            help: "Request line and header section together. More is refused with status 414 or 431."),
        .integer(
            "max_headers", \.maximumHeaders, 10...1000,
            help: "Field lines of one request. More is refused with status 431."),
        .integer(
            "max_body_bytes", \.maximumBodyBytes, Version.maximumLength...1_048_576,
            help: "The body of one request. More is refused with status 413."),
        .duration(
            "shutdown_grace", \.shutdownGrace, .zero ... .hours(1),
            help: "How long requests in flight may take to finish after SIGTERM."),
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
