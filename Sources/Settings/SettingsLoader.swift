import TOML

extension Settings {
    /// Returns the text of a file that holds the value of one setting. Throws a line that does not contain
    /// any part of it.
    package typealias ValueFile = (_ path: String) throws(SettingsErrors) -> String

    /// Loads the settings (config.example.toml). From highest to lowest precedence: the command line, by key;
    /// `MEGAPHONE_<KEY>` or the file named by `MEGAPHONE_<KEY>_FILE`; `ROCKET_<KEY>`; `PORT`; the file; the
    /// defaults.
    ///
    /// `valueFile` reads the file of a `_FILE` variable.
    ///
    /// - Throws: The problems of all sources, except of variables that a source of higher precedence
    ///   overrides.
    package static func load(
        file: (path: String, text: String)?, environment: [String: String],
        commandLine: [String: String] = [:], valueFile: ValueFile = noValueFile
    ) throws(SettingsErrors) -> LoadedSettings {
        var loader = SettingsLoader()
        if let file { loader.read(file: file.path, file.text) }
        loader.read(environment: environment, overriddenBy: commandLine, valueFile)
        loader.read(commandLine: commandLine)
        loader.problems += TokenTable.conflicts(in: loader.settings)
        loader.problems += ScopeTable.conflicts(in: loader.settings)
        guard loader.problems.isEmpty else { throw SettingsErrors(problems: loader.problems) }
        return LoadedSettings(
            settings: loader.settings, origins: loader.origins, notes: loader.notes,
            warnings: loader.warnings)
    }

    private static func noValueFile(_: String) throws(SettingsErrors) -> String {
        throw SettingsErrors(problems: ["cannot be read"])
    }
}

/// Stores the values of one source after the other, and collects the problems.
struct SettingsLoader {
    var settings = Settings()
    var origins: [String: SettingOrigin] = [:]
    var problems: [String] = []
    var notes: [String] = []
    var warnings: [String] = []

    mutating func read(file path: String, _ text: String) {
        let document = TOMLDocument(text)
        problems += document.problems.map { "\(path):\($0.line):\($0.column): \($0.reason)" }
        for entry in document.entries {
            let origin = SettingOrigin.file(path, line: entry.line)
            if let setting = SettingsTable.setting(entry.key) {
                store([SettingValue(entry.value)], for: setting, from: origin)
            } else {
                problems.append("\(origin): \(unknownKey(entry.key))")
            }
        }
    }

    mutating func read(
        environment: [String: String], overriddenBy commandLine: [String: String],
        _ valueFile: Settings.ValueFile
    ) {
        let variables = EnvironmentVariables(environment)
        notes += variables.notes
        warnings += variables.warnings
        for setting in SettingsTable.all where commandLine[setting.key] == nil {
            do throws(SettingsErrors) {
                guard let variable = try variables.variable(for: setting.key) else { continue }
                let origin = SettingOrigin.environment(variable.name)
                if variable.isFile {
                    let text = try Self.text(of: variable, valueFile)
                    store(SettingValue.readings(of: text), for: setting, from: origin)
                } else {
                    store(variable.value, for: setting, from: origin)
                }
            } catch {
                problems += error.problems
            }
        }
    }

    /// Returns the content of the file that a variable names, without one newline at its end.
    private static func text(
        of variable: EnvironmentVariables.Variable, _ valueFile: Settings.ValueFile
    ) throws(SettingsErrors) -> String {
        // Docker keeps quotes around a whole value in an environment file.
        let path = SettingValue.readings(of: variable.value).lazy.compactMap(\.text).first
        var text: String
        do {
            text = try valueFile(path ?? variable.value)
        } catch {
            throw SettingsErrors(problems: error.problems.map { "\(variable.name): \($0)" })
        }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        guard !text.isBlank else {
            throw SettingsErrors(problems: ["\(variable.name): the file is empty; expects a value"])
        }
        return text
    }

    mutating func read(commandLine: [String: String]) {
        for (key, value) in commandLine.sorted(by: { $0.key < $1.key }) {
            let option = legible("--" + key.map { $0 == "_" ? "-" : String($0) }.joined())
            if let setting = SettingsTable.setting(key) {
                store(value, for: setting, from: .commandLine(option))
            } else {
                problems.append("\(option): \(unknownKey(key))")
            }
        }
    }

    /// Stores text that was typed in a shell, which may have removed quotes.
    private mutating func store(_ text: String, for setting: Setting, from origin: SettingOrigin) {
        let hint =
            text.contains { "{}[]".contains($0) } ? "; in a shell, put the value in single quotes" : ""
        store(SettingValue.readings(of: text), for: setting, from: origin, hint: hint)
    }

    /// Stores the first reading that is valid for the key. If none is, reports the problems of the first,
    /// which is the best one.
    private mutating func store(
        _ readings: [SettingValue], for setting: Setting, from origin: SettingOrigin, hint: String = ""
    ) {
        var problem = UnsuitableValue()
        for (index, value) in readings.enumerated() {
            do {
                try setting.store(value, &settings)
                origins[setting.key] = origin
                return
            } catch {
                if index == 0 { problem = error }
            }
        }
        let reasons = problem.reasons.isEmpty ? ["expects \(setting.expectation)\(hint)"] : problem.reasons
        problems += reasons.map { "\(origin): \(setting.key) \($0)" }
    }

    private func unknownKey(_ key: String) -> String {
        if RocketNames.sections.contains(key) {
            return "\(quoted(key)) is a section of Rocket.toml; put its settings at the top level of the file"
        }
        return "unknown setting \(quoted(key))" + suggestion(for: key)
    }
}
