import API
import CBuildInformation

/// The build information in the binary: its version, and the commit and source if the build command gave
/// them (`make deb`). An image has more in its `version.json`.
enum BuildInformation {
    static let version = "1.0.0"
    static let commit = unsafe String(cString: megaphone_build_commit())
    static let build = API.Build(
        source: unsafe String(cString: megaphone_build_source()), version: version, commit: commit, build: "")

    /// What `--version` prints.
    static var text: String { commit.isEmpty ? version : "\(version) (\(commit))" }
}
