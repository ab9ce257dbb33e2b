/// Why there are no settings: every problem that was found, a line each, none of which holds a value.
package struct SettingsErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [String]

    package init(problems: [String]) {
        self.problems = problems
    }

    package var description: String { problems.joined(separator: "\n") }
}

/// Where a value came from.
package enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case defaultValue
    case file(String, line: Int)
    /// The name of the variable.
    case environment(String)
    /// The option as it is typed.
    case commandLine(String)

    package var description: String {
        switch self {
        case .defaultValue: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let variable): variable
        case .commandLine(let option): option
        }
    }
}
