/// Settings and their origins.
package struct LoadedSettings: Sendable {
    package let settings: Settings
    /// The origin of each key's value; none for a default.
    let origins: [String: SettingOrigin]
    /// Ignored variables that look like settings, one line each.
    package let notes: [String]
    /// Unknown variables with the prefix `MEGAPHONE_`, one line each.
    package let warnings: [String]

    /// Returns the origin of a key's value, such as the name of a variable.
    package func origin(of key: String) -> String {
        (origins[key] ?? .defaultValue).description
    }

    /// Every setting with its value and its origin, one line each, as TOML with comments. Tokens and
    /// passwords are masked.
    package var summary: String {
        let width = 44
        return SettingsTable.all.map { setting in
            let line = "\(setting.key) = \(setting.show(settings))"
            let padding = String(repeating: " ", count: max(0, width - line.count))
            return "\(line)\(padding)  # \(origins[setting.key] ?? .defaultValue)\n"
        }.joined()
    }
}

/// The origin of a value.
enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case defaultValue
    case file(String, line: Int)
    /// The name of the variable.
    case environment(String)
    /// The option as it is typed.
    case commandLine(String)

    var description: String {
        switch self {
        case .defaultValue: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let variable): variable
        case .commandLine(let option): option
        }
    }
}
