/// Why there are no settings: every problem that was found, a line each, none of which holds a value.
package struct SettingsErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [String]

    package init(problems: [String]) {
        self.problems = problems
    }

    package var description: String { problems.joined(separator: "\n") }
}
