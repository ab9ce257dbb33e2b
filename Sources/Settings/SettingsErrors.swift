/// All problems of the configuration, one line each. No line contains a value.
package struct SettingsErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [String]

    package init(problems: [String]) {
        self.problems = problems
    }

    package var description: String { problems.joined(separator: "\n") }
}
