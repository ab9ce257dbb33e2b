import Access
import Broadcasts
import Settings
import Testing

/// Loads settings that must be valid.
func load(
    _ file: String = "", environment: [String: String] = [:], commandLine: [String: String] = [:]
) throws -> LoadedSettings {
    try Settings.load(file: ("test.toml", file), environment: environment, commandLine: commandLine)
}

/// Returns the problems of settings; empty if they load.
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
    /// Returns the identity that a token belongs to.
    func identity(of token: String) -> Identity? {
        reloadable.access.identity(of: TokenDigest(token: token))
    }
}
