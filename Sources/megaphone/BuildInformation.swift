import API

/// What the binary knows of itself: its version. An image says more in its `version.json`.
enum BuildInformation {
    static let version = "1.0.0"
    static let build = API.Build(source: "", version: version, commit: "", build: "")
}
