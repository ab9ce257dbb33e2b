import Access
import Broadcasts
import Settings
import Testing
import Time

/// Loads settings that must be valid.
func load(
    _ file: String = "", environment: [String: String] = [:], commandLine: [String: String] = [:],
    valueFiles: [String: String] = [:]
) throws -> LoadedSettings {
    try Settings.load(file: ("test.toml", file), environment: environment, commandLine: commandLine) {
        path throws(SettingsErrors) in
        guard let text = valueFiles[path] else {
            throw SettingsErrors(problems: ["\(path): No such file or directory"])
        }
        return text
    }
}

/// Returns the problems of settings; empty if they load.
func problems(
    _ file: String = "", environment: [String: String] = [:], commandLine: [String: String] = [:],
    valueFiles: [String: String] = [:]
) -> [String] {
    do {
        _ = try load(file, environment: environment, commandLine: commandLine, valueFiles: valueFiles)
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
        reloadable.access.identity(of: TokenDigest(token: token), at: UnixTime(nanoseconds: 0))
    }
}
