import ArgumentParser
import EventLoop
import Logging
import Settings
import Telemetry
import Time

/// `megaphone serve`, and `megaphone` alone.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the broadcast service (the default command).",
        discussion: SettingsOptions.discussion)

    @Flag(
        name: .customLong("no-migrate"),
        help:
            "Do not update the MySQL schema; another user runs megaphone migrate. No effect on SQLite."
    )
    var leavesSchema = false

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let descriptors = DescriptorLimit.raise()
        let loaded = try options.load()
        let settings = loaded.settings
        let signals: SignalReceiver
        do {
            // Before the first thread starts, because threads inherit the signal mask.
            signals = try SignalReceiver()
        } catch {
            throw end(.systemRefuses, "cannot receive signals: \(error)")
        }
        let log = LogOutput(
            LogOutput.Configuration(settings), descriptor: standardOutput, clock: .system)
        defer { log.close() }
        let logger = log.logger("megaphone")
        func logNotes(of loaded: LoadedSettings) {
            for note in loaded.notes { logger.notice("\(note)") }
            let warnings = loaded.warnings + loaded.settings.warnings(descriptors: descriptors)
            for warning in warnings { logger.warning("\(warning)") }
        }
        let service = try Service(
            settings: settings, descriptors: descriptors, migrate: !leavesSchema, log: log)
        logger.notice("\(storeLine(loaded))")
        logNotes(of: loaded)
        var current = settings
        try service.run(signals) {
            ServiceManager.notify(.reloading)
            do {
                let changed = try options.reload(replacing: current)
                logNotes(of: changed)
                current = changed.settings
                return current
            } catch let problems as SettingsErrors {
                for problem in problems.problems {
                    logger.error(
                        "Reload failed, configuration unchanged", metadata: ["problem": "\(problem)"])
                }
            } catch {
                logger.error("Reload failed, configuration unchanged", metadata: ["problem": "\(error)"])
            }
            return nil
        }
    }
}

extension LogOutput.Configuration {
    init(_ settings: Settings) {
        self.init(
            json: settings.jsonLogging, level: .init(settings.reloadable.logLevel),
            loggerName: "megaphone-\(BuildInformation.version)", hasPriorities: isJournal(standardOutput))
    }
}
