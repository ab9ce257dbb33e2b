import ArgumentParser
import EventLoop
import Logging
import Settings
import Telemetry

/// `megaphone serve`, and `megaphone` alone.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves broadcasts over HTTP (the default command).",
        discussion: SettingsOptions.discussion)

    @Flag(
        name: .customLong("no-migrate"), help: "Do not touch the schema: another user runs megaphone migrate."
    )
    var leavesSchema = false

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let loaded = try options.load()
        let settings = loaded.settings
        let signals: SignalReceiver
        do {
            // Before the first thread starts, because threads inherit what is blocked.
            signals = try SignalReceiver()
        } catch {
            throw end(.systemRefuses, "cannot receive signals: \(error)")
        }
        let log = LogOutput(LogOutput.Configuration(settings), descriptor: standardOutput)
        defer { log.close() }
        let logger = log.logger("megaphone")
        for note in loaded.notes { logger.notice("\(note)") }
        let descriptors = raiseDescriptorLimit()
        if settings.maximumConnections + settings.databasePoolMaximumSize + Self.ownDescriptors > descriptors
        {
            logger.warning(
                """
                max_connections is \(settings.maximumConnections), but only \(descriptors) files may be open: raise \
                the limit (ulimit -n, LimitNOFILE) or lower max_connections
                """)
        }
        let service = try Service(settings: settings, migrate: !leavesSchema, log: log)
        try service.run(settings, signals: signals) {
            do {
                return try options.read().settings
            } catch let problems as SettingsErrors {
                for problem in problems.problems {
                    logger.error("The configuration was left as it is", metadata: ["problem": "\(problem)"])
                }
            } catch {
                logger.error("The configuration was left as it is", metadata: ["problem": "\(error)"])
            }
            return nil
        }
    }

    /// Listeners, pollers, bells, the log and SQLite's files, generously counted.
    private static let ownDescriptors = 64
}

extension LogOutput.Configuration {
    init(_ settings: Settings) {
        self.init(
            json: settings.jsonLogging, level: .init(settings.logLevel),
            loggerName: "megaphone-\(BuildInformation.version)")
    }
}
