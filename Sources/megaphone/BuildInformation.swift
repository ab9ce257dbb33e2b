import API

/// The build information in the binary: its version. An image has more in its `version.json`.
enum BuildInformation {
    static let version = "1.0.0"
    static let build = API.Build(source: "", version: version, commit: "", build: "")
}
