import ArgumentParser

/// The program, which consists of its commands.
@main
struct Megaphone: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "megaphone",
        abstract: "Stores the current version of each broadcast channel and serves it over HTTP.",
        discussion: """
            Broadcasters PUT the new version of a channel; readers GET the versions of all channels. \
            Without a command, megaphone runs the service.
            """,
        version: BuildInformation.text,
        subcommands: [
            ServeCommand.self, CheckConfigCommand.self, HealthcheckCommand.self, HashTokenCommand.self,
            MigrateCommand.self,
        ],
        defaultSubcommand: ServeCommand.self)
}
