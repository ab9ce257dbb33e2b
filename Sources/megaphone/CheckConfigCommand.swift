import ArgumentParser
import Settings

/// `megaphone check-config`: validates and prints the settings. Connects to neither a database nor a name
/// server.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks the configuration and prints the settings in effect, with secrets masked.",
        discussion: "Exits with 78 and one line for each problem if the configuration is invalid.")

    @Flag(help: "Print problems and warnings only.")
    var quiet = false

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let descriptors = DescriptorLimit.raise()
        let loaded = try options.load()
        let warnings = loaded.warnings + loaded.settings.warnings(descriptors: descriptors)
        for line in loaded.notes + warnings { printError("megaphone: \(line)", priority: 4) }
        if !quiet { print(loaded.summary, terminator: "") }
    }
}
