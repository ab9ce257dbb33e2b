import API
import ArgumentParser
import Broadcasts
import EventLoop
import HTTPServer
import HTTPWire
import Logging
import Settings
import Telemetry

/// A running service: store, board, API and server, made in this order and ended in the reverse one.
struct Service {
    private let store: any BroadcastStore
    private let boards: BoardReader
    private let api: API
    private let server: Server
    private let log: LogOutput
    private let databaseName: String
    private let logger: Logger

    /// Opens the store and listens. Whatever stops the start is printed in one line.
    init(settings: Settings, migrate: Bool, log: LogOutput) throws(ExitCode) {
        self.log = log
        logger = log.logger("megaphone")
        let metrics = MetricsRegistry()
        ProcessMetrics.register(in: metrics)
        guard let address = SocketAddress(settings.address, port: settings.port) else {
            throw end(.configuration, "address: expects an IPv4 or IPv6 address, not a name")
        }
        let statsD = try Self.statsD(settings)
        let database = settings.database
        databaseName = "\(database)"
        store = try openStore(database, settings, migrate: migrate, observer: StoreMetrics(metrics), log: log)
        boards = BoardReader(store: store, freshness: BoardReader.Freshness(settings))
        api = API(
            boards: boards, configuration: API.Configuration(settings), log: log, metrics: metrics,
            statsD: statsD)
        do {
            server = try Server(
                configuration: ServerConfiguration(settings, address: address), responder: api,
                logger: log.logger("megaphone.http"))
        } catch {
            store.close()
            throw end(.systemRefuses, "cannot listen on \(settings.address) port \(settings.port): \(error)")
        }
        metrics.gauge("megaphone_http_open_connections", help: "Connections open now.") { [server] in
            Double(server.openConnections)
        }
        metrics.gauge("megaphone_log_lines_dropped", help: "Log lines that found no room.") { [log] in
            Double(log.droppedLines)
        }
    }

    /// Serves until SIGTERM or SIGINT, then drains. SIGHUP calls `reload` and takes what it returns over.
    func run(
        _ settings: Settings, signals: borrowing SignalReceiver, reload: () -> Settings?
    ) throws(ExitCode) {
        do {
            try server.start()
            announce(settings)
            while try signals.next() == .hangUp {
                if let changed = reload() { take(changed) }
            }
        } catch {
            throw end(.systemRefuses, "cannot go on: \(error)")
        }
        logger.notice("Draining: requests in flight are answered")
        server.drain(within: settings.shutdownGrace)
        server.waitUntilStopped()
        store.close()
        logger.notice("Stopped")
    }

    private func announce(_ settings: Settings) {
        let host = settings.address.contains(":") ? "[\(settings.address)]" : settings.address
        logger.notice("Listening on http://\(host):\(server.address.port)")
        logger.notice("Broadcasts are kept in \(databaseName)")
        if settings.access.isEmpty {
            logger.warning(
                """
                No tokens are configured, so every PUT\(settings.access.anonymousReads ? "" : " and GET") will be \
                refused: set broadcaster_auth and reader_auth
                """)
        }
    }

    /// Tokens, freshness and the log level take effect at once; the rest needs a new start, and says so.
    private func take(_ changed: Settings) {
        api.replaceAccess(changed.access)
        boards.freshness = BoardReader.Freshness(changed)
        log.level = Logger.Level(changed.logLevel)
        logger.notice("The configuration was read again: tokens, freshness and log level are in effect")
    }

    private static func statsD(_ settings: Settings) throws(ExitCode) -> StatsDSender? {
        guard let host = settings.statsdHost else { return nil }
        do {
            return try StatsDSender(host: host, port: settings.statsdPort, label: settings.statsdLabel)
        } catch {
            throw end(.configuration, "statsd_host: \(error)")
        }
    }
}

extension BoardReader.Freshness {
    init(_ settings: Settings) {
        self.init()
        maxStaleness = settings.maximumStaleness
        readDeadline = settings.readDeadline
        staleIfError = settings.staleIfError
    }
}

extension ServerConfiguration {
    init(_ settings: Settings, address: SocketAddress) {
        var limits = Limits()
        limits.maximumHeaderBytes = settings.maximumHeaderBytes
        limits.maximumHeaders = settings.maximumHeaders
        limits.maximumBodyBytes = settings.maximumBodyBytes
        limits.keepAlive = settings.keepAlive
        limits.headerTimeout = settings.headerTimeout
        limits.bodyTimeout = settings.bodyTimeout
        self.init(
            address: address, workers: settings.workers ?? processorCount(), limits: limits,
            maximumConnections: settings.maximumConnections)
    }
}

extension API.Configuration {
    init(_ settings: Settings) {
        self.init(
            access: settings.access,
            build: API.Build(
                source: BuildInformation.source, version: BuildInformation.version, commit: "", build: ""))
        realm = settings.environment
        writeDeadline = settings.writeDeadline
        versionFile = { [path = settings.versionFile] () throws(API.VersionFileError) -> [UInt8]? in
            do throws(FileError) {
                return try readFile(path)
            } catch {
                if error.isMissing { return nil }
                throw API.VersionFileError(reason: "\(path): \(error.reason)")
            }
        }
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
