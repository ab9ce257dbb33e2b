package import Broadcasts
package import HTTP
package import Time

extension Instant {
    /// The current instant of the system clock.
    package static var now: Instant { Clock.system.now }
}

extension Limits {
    /// The defaults of the settings.
    package static let defaults = Limits(
        maximumHeaderBytes: 16384, maximumHeaders: 100, maximumBodyBytes: 4096, keepAlive: .seconds(75),
        headerTimeout: .seconds(10), bodyTimeout: .seconds(10))
}

extension BoardFeed.Freshness {
    /// The defaults of the settings.
    package static let defaults = BoardFeed.Freshness(
        maxStaleness: .zero, readDeadline: .milliseconds(250), staleIfError: .seconds(300),
        watchInterval: .milliseconds(200))
}
