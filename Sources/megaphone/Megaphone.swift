import ArgumentParser

/// The program: its commands, and nothing else.
@main
struct Megaphone: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "megaphone",
        abstract: "Tells everyone who asks which version of a broadcast is current.",
        discussion: """
            Broadcasters PUT the new version of a channel; readers GET the map of all channels. \
            Without a command, the service is started.
            """,
        version: BuildInformation.version,
        subcommands: [
            ServeCommand.self, CheckConfigCommand.self, HealthcheckCommand.self, HashTokenCommand.self,
            MigrateCommand.self,
        ],
        defaultSubcommand: ServeCommand.self)
}
