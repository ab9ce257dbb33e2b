/// Settings and how they came about.
package struct LoadedSettings: Sendable {
    package let settings: Settings
    /// Where the value of each key came from.
    package let origins: [String: SettingOrigin]
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
