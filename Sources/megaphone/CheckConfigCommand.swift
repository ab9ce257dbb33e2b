import ArgumentParser
import Settings

/// `megaphone check-config`: what a start would do, without starting.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks the configuration and prints the settings in effect, with secrets masked.",
        discussion: "Exits with 78 and a line for every problem when the configuration is wrong.")

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let loaded = try options.load()
        for note in loaded.notes { printError("megaphone: \(note)") }
        print(loaded.summary, terminator: "")
    }
}
