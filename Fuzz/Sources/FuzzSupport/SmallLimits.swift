package import HTTP

extension Limits {
    /// Limits that short inputs can reach.
    package static let small = Limits(
        maximumHeaderBytes: 256, maximumHeaders: 8, maximumBodyBytes: 64, keepAlive: .seconds(75),
        headerTimeout: .seconds(10), bodyTimeout: .seconds(10))
}
