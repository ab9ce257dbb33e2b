import Access
import ArgumentParser
import Settings

/// `--config`, and every setting as an option: the same for all commands that need settings.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Read settings from this TOML file (default: the file named by MEGAPHONE_CONFIG, if any).",
            valueName: "file"))
    var config: String?

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp(
            "Any setting, as --key=value or --key value; see megaphone serve --help.", valueName: "setting"))
    var rest: [String] = []

    /// Every key with its meaning and default, for `--help`.
    static let discussion: String = {
        let entries = SettingsTable.all.map { setting in
            "  --\(optionName(setting.key))\n"
                + wrapped("\(setting.help) Default: \(setting.defaultText)", indentation: 6)
        }
        return """
            Each setting below can be given as an option, as an environment variable MEGAPHONE_<KEY>, or \
            as a key of the TOML file (with _ instead of -). An option overrides the environment; the \
            environment overrides the file.

            \(entries.joined(separator: "\n"))
            """
    }()

    /// Breaks a text into lines of at most 78 columns, each indented.
    private static func wrapped(_ text: String, indentation: Int) -> String {
        let margin = String(repeating: " ", count: indentation)
        var lines = [margin]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + word.count >= 78 { lines.append(margin) }
            if lines[lines.count - 1].count > indentation { lines[lines.count - 1] += " " }
            lines[lines.count - 1] += word
        }
        return lines.joined(separator: "\n")
    }

    private static func optionName(_ key: String) -> String {
        String(key.map { $0 == "_" ? "-" : $0 })
    }

    /// Reads file, environment and options. Prints every problem, one line each, and throws the exit code.
    func load() throws -> LoadedSettings {
        do {
            return try read(.any)
        } catch let problems as SettingsErrors {
            for problem in problems.problems { printError("megaphone: \(problem)") }
            throw ExitCode.configuration
        }
    }

    /// Reads the same sources again for a running service.
    ///
    /// Only a regular file is read: a pipe was read at the start and is empty, and a FIFO would block the
    /// caller until it has a writer. Settings without any token are rejected if `current` has some.
    ///
    /// - Throws: `SettingsErrors`, or a usage error of the command line.
    func reload(replacing current: Settings) throws -> LoadedSettings {
        let loaded = try read(.regular)
        if loaded.settings.reloadable.access.isEmpty, !current.reloadable.access.isEmpty {
            throw SettingsErrors(problems: [
                "no token is left in broadcaster_auth and reader_auth; only a restart removes the last one"
            ])
        }
        return loaded
    }

    private func read(_ kind: FileKind) throws -> LoadedSettings {
        try Settings.load(
            file: file(kind), environment: environmentVariables(), commandLine: commandLine(),
            valueFile: Self.valueFile)
    }

    /// Returns the content of a file that a `_FILE` variable names.
    private static func valueFile(_ path: String) throws(SettingsErrors) -> String {
        do throws(FileError) {
            guard let text = String(validating: try readFile(path, .regular), as: UTF8.self) else {
                throw FileError(reason: "not UTF-8 text", isMissing: false)
            }
            return text
        } catch {
            throw SettingsErrors(problems: ["\(path): \(error.reason)"])
        }
    }

    private func file(_ kind: FileKind) throws -> (path: String, text: String)? {
        let variable = environmentVariables()["MEGAPHONE_CONFIG"]
        guard let config = config ?? (variable == "" ? nil : variable) else { return nil }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try readFile(config, kind)
        } catch {
            throw SettingsErrors(problems: ["\(config): \(error.reason)"])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SettingsErrors(problems: ["\(config): not UTF-8 text"])
        }
        return (config, text)
    }

    /// Returns `--key=value` and `--key value`, by key. Another word may be a part of a token that the shell
    /// split, so the error gives its position and does not quote it.
    private func commandLine() throws -> [String: String] {
        var values: [String: String] = [:]
        var words = rest[...]
        var place = "The first argument"
        while let word = words.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                throw ValidationError(
                    """
                    \(place) is neither a command nor an option; in a shell, put values in single quotes. \
                    See megaphone serve --help
                    """)
            }
            let parts = word.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(parts[0].map { $0 == "-" ? "_" : $0 })
            guard let value = parts.count == 2 ? String(parts[1]) : words.popFirst() else {
                throw ValidationError("Missing value for '\(word)'")
            }
            guard values.updateValue(value, forKey: key) == nil else {
                throw ValidationError("Option '--\(parts[0])' is given more than once")
            }
            place = "The argument after --\(parts[0]) and its value"
        }
        return values
    }
}
