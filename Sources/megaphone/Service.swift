import API
import ArgumentParser
import Broadcasts
import Bytes
import EventLoop
import HTTP
import HTTPServer
import Logging
import Randomness
import Settings
import Synchronization
import Telemetry
import Threads
import Time

/// A running service: store, feed, API and server, created in this order and stopped in the reverse one.
struct Service {
    private let settings: Settings
    private let store: any BroadcastStore
    private let versionFile: VersionFile
    private let feed: BoardFeed
    private let api: API
    private let server: Server
    private let log: LogOutput
    private let logger: Logger

    /// Opens the store and listens. Prints an error that prevents the start in one line, and throws its exit
    /// code.
    init(settings: Settings, descriptors: DescriptorLimit, migrate: Bool, log: LogOutput) throws(ExitCode) {
        let budget = DescriptorBudget(settings, descriptors)
        if let problem = budget.problem { throw end(.systemRefuses, problem) }
        self.settings = settings
        self.log = log
        logger = log.logger("megaphone")
        let metrics = MetricsRegistry()
        ProcessMetrics.register(in: metrics, clock: .system)
        let address = try settings.socketAddress()
        let statsD = try Self.statsD(settings, log)
        do {
            versionFile = try VersionFile(path: settings.versionFile, clock: .system)
        } catch {
            throw end(.systemRefuses, "cannot start the thread that reads version_file: \(error)")
        }
        store = try openStore(settings, migrate: migrate, metrics: metrics, log: log)
        feed = BoardFeed(store: store, freshness: BoardFeed.Freshness(settings.reloadable), clock: .system)
        feed.warmUp()
        api = API(
            feed: feed, health: StoreHealth(store: store, clock: .system),
            configuration: API.Configuration(settings, budget, versionFile), log: log,
            metrics: metrics, statsD: statsD, clock: .system, random: .system)
        do {
            server = try Server(
                configuration: ServerConfiguration(settings, budget, address: address), responder: api,
                logger: log.logger("megaphone.http"))
        } catch {
            store.close()
            throw end(.systemRefuses, "cannot listen on \(settings.address) port \(settings.port): \(error)")
        }
        metrics.gauge("megaphone_http_open_connections", help: "Number of open connections.") { [server] in
            Double(server.openConnections)
        }
        metrics.gauge("megaphone_http_max_connections", help: "Limit on open connections.") { [server] in
            Double(server.maximumConnections)
        }
        let build = BuildInformation.build
        metrics.gauge(
            "megaphone_build_info", help: "Always 1; the labels describe the build.",
            labels: ["version": build.version, "commit": build.commit, "source": build.source]
        ) { 1 }
        metrics.counter(
            "megaphone_log_lines_dropped_total",
            help: "Number of log lines dropped because the log buffer was full."
        ) { [log] in log.droppedLines }
    }

    /// Serves until SIGTERM or SIGINT, then drains. SIGHUP calls `reload` and applies the settings that it
    /// returns.
    ///
    /// If an event loop fails, the other loops are drained, and the process exits with `systemRefuses`, so
    /// that a supervisor restarts it.
    func run(_ signals: SignalReceiver, reload: () -> Settings?) throws(ExitCode) {
        let failure = LoopFailure()
        do {
            try server.start { error in
                failure.note(error)
                signals.notify()
            } whenAllHaveEnded: {
                signals.notify()
            }
            announce()
            let reloadable = try serve(signals, failure, reload)
            let delay = failure.error == nil ? reloadable.drainDelay : .zero
            ServiceManager.notify(.stopping)
            let drain = ServiceDrain(server: server, api: api, signals: signals, logger: logger)
            try drain.run(delay: delay, grace: settings.shutdownGrace) { failure.error != nil }
        } catch {
            throw end(.systemRefuses, "cannot continue: \(error)")
        }
        server.waitUntilStopped()
        store.close()
        versionFile.close()
        if let error = failure.error { throw end(.systemRefuses, "an event loop failed: \(error)") }
        logger.notice("Stopped")
    }

    /// Returns on SIGTERM or SIGINT, or when a loop has failed. The result is the settings then in effect.
    private func serve(
        _ signals: SignalReceiver, _ failure: LoopFailure, _ reload: () -> Settings?
    ) throws(SystemError) -> Settings.Reloadable {
        var current = settings.reloadable
        while failure.error == nil {
            switch try signals.next() {
            case .signal(.hangUp):
                if let changed = reload() { current = applyReloaded(changed, replacing: current) }
                ServiceManager.notify(.ready)
            case .signal(.terminate), .signal(.interrupt): return current
            case .notification: continue
            }
        }
        return current
    }

    private func announce() {
        logger.notice("Listening on http://\(settings.authority(port: server.address.port))")
        ServiceManager.notify(.ready)
    }

    /// Applies the reloadable settings, and logs which other changes need a restart. Returns the settings in
    /// effect.
    private func applyReloaded(
        _ changed: Settings, replacing current: Settings.Reloadable
    ) -> Settings.Reloadable {
        var reloadable = changed.reloadable
        if current.holdBack.rules.isEmpty, !reloadable.holdBack.rules.isEmpty, !store.canHoldBack() {
            logger.error(
                """
                hold_back is not applied: the database lacks the columns that it needs; run megaphone \
                migrate, then reload
                """)
            reloadable.holdBack = current.holdBack
        }
        apply(reloadable)
        logger.notice("Configuration reloaded: all reloadable settings are in effect")
        let waiting = settings.changesThatWaitForARestart(in: changed)
        if !waiting.isEmpty {
            logger.warning("These changes take effect after a restart: \(waiting.joined(separator: ", "))")
        }
        return reloadable
    }

    private func apply(_ settings: Settings.Reloadable) {
        feed.freshness = BoardFeed.Freshness(settings)
        api.apply(API.Rules(settings))
        log.level = Logger.Level(settings.logLevel)
    }

    private static func statsD(_ settings: Settings, _ log: LogOutput) throws(ExitCode) -> StatsDSender? {
        guard let host = settings.statsdHost else { return nil }
        do {
            return try StatsDSender(
                host: host, port: settings.statsdPort, label: settings.statsdLabel,
                hasTags: settings.statsdTags, logger: log.logger("megaphone.statsd"))
        } catch {
            throw end(.systemRefuses, "cannot start the thread that resolves statsd_host: \(error)")
        }
    }
}

/// The first error that ended an event loop, passed from its thread to the main thread.
private final class LoopFailure: Sendable {
    private let first = Mutex<SystemError?>(nil)

    var error: SystemError? { first.withLock { $0 } }

    func note(_ error: SystemError) {
        first.withLock { $0 = $0 ?? error }
    }
}

extension BoardFeed.Freshness {
    init(_ settings: Settings.Reloadable) {
        self.init(
            maxStaleness: settings.maximumStaleness, readDeadline: settings.readDeadline,
            staleIfError: settings.staleIfError, watchInterval: settings.watchInterval)
    }
}

extension ServerConfiguration {
    init(_ settings: Settings, _ budget: DescriptorBudget, address: SocketAddress) {
        let limits = Limits(
            maximumHeaderBytes: settings.maximumHeaderBytes, maximumHeaders: settings.maximumHeaders,
            maximumBodyBytes: settings.maximumBodyBytes, keepAlive: settings.keepAlive,
            headerTimeout: settings.headerTimeout, bodyTimeout: settings.bodyTimeout)
        self.init(
            address: address, sharesPort: settings.sharesPort,
            workers: settings.workers ?? allowedProcessors(), limits: limits,
            maximumConnections: budget.connections, clock: .system)
        maximumRejectedConnections = budget.rejected
    }
}

extension API.Configuration {
    init(_ settings: Settings, _ budget: DescriptorBudget, _ file: VersionFile) {
        self.init(
            realm: settings.environment, writeDeadline: settings.writeDeadline,
            rules: API.Rules(settings.reloadable), maximumConnections: budget.connections,
            build: BuildInformation.build)
        versionFile = { () async throws(API.VersionFileError) in try await file.read() }
    }
}

extension API.Rules {
    convenience init(_ settings: Settings.Reloadable) {
        self.init(
            access: settings.access,
            writes: API.Writes(
                maximumChannels: settings.maximumChannels, historyLimit: settings.historyLimit,
                monotonicChannels: settings.monotonicChannels, holdBack: settings.holdBack),
            live: API.Live(
                maximumListeners: settings.maximumListeners, maximumWait: settings.maximumWait,
                keepAlive: settings.streamKeepAlive, maximumAge: settings.streamMaximumAge,
                origins: settings.origins),
            showsStatusPage: settings.showsStatusPage)
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
