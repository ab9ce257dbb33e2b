/// What the binary knows of itself. An image says more in its `version.json`.
enum BuildInformation {
    static let version = "1.0.0"
    /// Where the source is published; empty until it is.
    static let source = ""
}
