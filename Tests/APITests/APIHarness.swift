import API
import Access
import Broadcasts
import Glibc
import HTTP
import HTTPWire
import Logging
import Randomness
import Synchronization
import Telemetry
import TestSupport
import Time

/// The API on an in-memory store, with the tokens of the README: broadcaster `test` has `foobar`, reader
/// `autopush` has `quux`.
struct APIHarness {
    let store = MemoryStore()
    let feed: BoardFeed
    let api: API
    let registry = MetricsRegistry()
    let log: LoggedLines
    /// Moves only when a test advances it.
    private let clock = ManualClock()
    private let exchange: any Exchange

    var now: Instant { clock.now }

    func advance(_ duration: Duration) {
        clock.advance(by: duration)
    }

    init(
        _ depth: Depth = .withoutSockets, anonymousReads: Bool = false, limits: Limits = .defaults,
        logLevel: Logger.Level = .debug, freshness: BoardFeed.Freshness = .defaults,
        statsD: StatsDSender? = nil, writes: API.Writes = .defaults, live: API.Live = .defaults,
        configure: (inout API.Configuration) -> Void = { _ in }
    ) throws {
        var configuration = API.Configuration(
            realm: "development", writeDeadline: .seconds(2),
            rules: API.Rules(
                access: Self.access(anonymousReads: anonymousReads), writes: writes,
                live: live, showsStatusPage: true),
            maximumConnections: 10_000,
            build: API.Build(source: "https://example.com", version: "1.2.3", commit: "abc", build: "\"7\""))
        configure(&configuration)
        feed = BoardFeed(store: store, freshness: freshness, clock: Clock(clock))
        log = try LoggedLines(logLevel)
        api = API(
            feed: feed, health: StoreHealth(store: store, clock: Clock(clock)), configuration: configuration,
            log: log.output, metrics: registry, statsD: statsD,
            clock: Clock(clock), random: .system)
        exchange = try depth.connect(api, limits)
    }

    /// Replaces the tokens and the settings of held requests, as SIGHUP does.
    func apply(_ access: AccessTable, live: API.Live = .defaults, showsStatusPage: Bool = true) {
        api.apply(
            API.Rules(access: access, writes: .defaults, live: live, showsStatusPage: showsStatusPage))
    }

    static func access(anonymousReads: Bool) -> AccessTable {
        AccessTable(
            broadcasters: ["test": [Token(TokenDigest(token: "foobar"))]],
            readers: ["autopush": [Token(TokenDigest(token: "quux"))]], scopes: [:],
            anonymousReads: anonymousReads)
    }

    func send(_ request: [UInt8]) async throws -> ReceivedResponse {
        try await exchange.send(request)
    }

    /// Sends a request with `Host`, with `Content-Length` if there is a body, and with the given field lines.
    func send(
        _ method: String, _ target: String, _ fields: [String] = [], body: [UInt8]? = nil
    ) async throws -> ReceivedResponse {
        let length = body.map { ["Content-Length: \($0.count)"] } ?? []
        let lines = ["\(method) \(target) HTTP/1.1", "Host: localhost:8000"] + fields + length + ["", ""]
        return try await send(Array(lines.joined(separator: "\r\n").utf8) + (body ?? []))
    }

    /// Puts a version as broadcaster `test`.
    func put(_ channel: String, _ version: String) async throws -> ReceivedResponse {
        try await send(
            "PUT", "/v1/broadcasts/test/\(channel)", [.broadcaster], body: Array(version.utf8))
    }

    /// Gets the board as reader `autopush`.
    func get(_ fields: String...) async throws -> ReceivedResponse {
        try await send("GET", "/v1/broadcasts", [.reader] + fields)
    }
}

extension API.Writes {
    /// The defaults of the settings, but without a history, which most tests do not need.
    static let defaults = API.Writes(
        maximumChannels: 10_000, historyLimit: 0, monotonicChannels: [], holdBack: HoldBack())
}

extension API.Live {
    /// The defaults of the settings.
    static let defaults = API.Live(
        maximumListeners: 8000, maximumWait: .seconds(45), keepAlive: .seconds(15),
        maximumAge: .seconds(600), origins: [])
}

extension String {
    static let broadcaster = "Authorization: Bearer foobar"
    static let reader = "Authorization: Bearer quux"
}

/// A log output that writes to a pipe, from which the test reads the lines.
final class LoggedLines: Sendable {
    let output: LogOutput
    private let readEnd: Int32
    private let writeEnd: Int32

    struct NoPipe: Error {}

    init(_ level: Logger.Level) throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw NoPipe() }
        (readEnd, writeEnd) = (ends[0], ends[1])
        output = LogOutput(
            LogOutput.Configuration(json: true, level: level, loggerName: "megaphone-test", hostname: "host"),
            descriptor: writeEnd, clock: .system)
    }

    deinit {
        output.close()
        close(readEnd)
        close(writeEnd)
    }

    /// Closes the log and returns its lines. A pipe holds 64 KiB, more than any test writes.
    func lines() -> [String] {
        output.close(within: .seconds(60))
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(readEnd, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }
}
