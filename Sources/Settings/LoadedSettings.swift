/// Settings and how they came about.
package struct LoadedSettings: Sendable {
    package let settings: Settings
    /// Where the value of each key came from.
    let origins: [String: SettingOrigin]
    /// Variables that look like settings and were passed over, a line each.
    package let notes: [String]

    /// Every setting with the value in effect and where it came from, a line each, as TOML with comments.
    /// Tokens and passwords are masked.
    package var summary: String {
        let width = 44
        return SettingsTable.all.map { setting in
            let line = "\(setting.key) = \(setting.show(settings))"
            let padding = String(repeating: " ", count: max(0, width - line.count))
            return "\(line)\(padding)  # \(origins[setting.key] ?? .defaultValue)\n"
        }.joined()
    }
}

/// Where a value came from.
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
