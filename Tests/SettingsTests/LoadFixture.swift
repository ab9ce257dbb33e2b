import Access
import Broadcasts
import Settings
import Testing

/// Loads settings that must be fine.
func load(
    _ file: String = "", environment: [String: String] = [:], commandLine: [String: String] = [:]
) throws -> LoadedSettings {
    try Settings.load(file: ("test.toml", file), environment: environment, commandLine: commandLine)
}

/// The problems of settings that must have some.
func problems(
    _ file: String = "", environment: [String: String] = [:], commandLine: [String: String] = [:]
) -> [String] {
    do {
        _ = try load(file, environment: environment, commandLine: commandLine)
        return []
    } catch let errors as SettingsErrors {
        return errors.problems
    } catch {
        return ["\(error)"]
    }
}

extension Settings {
    /// Whose token this is.
    func identity(of token: String) -> Identity? {
        reloadable.access.identity(ofToken: Array(token.utf8)[...])
    }
}
