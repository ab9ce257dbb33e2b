import ArgumentParser
import Broadcasts
import Settings
import Telemetry
import Time

/// `megaphone migrate`: brings the schema up to date, for a user who may do what the service's own user may
/// not.
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database's schema up to date and ends.",
        discussion: """
            Safe to run again, and on several nodes at once. Exits with 69 when the database cannot be \
            reached, refuses, or has a newer schema than this program knows.
            """)

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let settings = try options.load().settings
        let log = LogOutput(
            LogOutput.Configuration(settings), descriptor: standardOutput, clock: .system)
        defer { log.close() }
        try migrateStore(settings, log: log)
        print("The schema of \(settings.database) is up to date")
    }
}
