import ArgumentParser
import Broadcasts
import Settings
import Telemetry
import Time

/// `megaphone migrate`: updates the schema, as a database user with more privileges than the service's own.
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Updates the database schema and exits.",
        discussion: """
            Safe to run repeatedly, and on several nodes at the same time. Exits with 69 if the database \
            cannot be reached, denies access, or has a newer schema than this program supports.
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
