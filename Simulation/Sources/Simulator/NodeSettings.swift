import API
import Access
import Broadcasts
import HTTP
import Time

/// The settings of a node, and how its database behaves.
struct NodeSettings {
    var loops = 1
    var maximumConnections = 40
    var maximumListeners = 20
    var limits = Limits(
        maximumHeaderBytes: 4096, maximumHeaders: 50, maximumBodyBytes: 1024, keepAlive: .seconds(20),
        headerTimeout: .seconds(3), bodyTimeout: .seconds(3))
    var freshness = BoardFeed.Freshness(
        maxStaleness: .zero, readDeadline: .milliseconds(250), staleIfError: .seconds(60),
        watchInterval: .milliseconds(200))
    var holdBack: [String: Duration] = [:]
    /// Tokens of readers. A reload may remove one.
    var readerTokens = ["reader", "other"]
    var store = StoreBehaviour()
    var transfersParts = false

    static let broadcasters = ["a", "b"]

    var rules: API.Rules {
        API.Rules(
            access: AccessTable(
                broadcasters: Dictionary(
                    uniqueKeysWithValues: Self.broadcasters.map { ($0, [Token(TokenDigest(token: $0))]) }),
                readers: ["reader": readerTokens.map { Token(TokenDigest(token: $0)) }], scopes: [:],
                anonymousReads: false),
            writes: API.Writes(
                maximumChannels: 100, historyLimit: 10, monotonicChannels: [],
                holdBack: HoldBack(
                    holdBack.reduce(into: [:]) { rules, rule in
                        if let scope = HoldBack.Scope(rule.key) { rules[scope] = rule.value }
                    })),
            live: API.Live(
                maximumListeners: maximumListeners, maximumWait: .seconds(20), keepAlive: .seconds(5),
                maximumAge: .seconds(30), origins: []),
            showsStatusPage: true)
    }

    func configuration(_ rules: API.Rules) -> API.Configuration {
        API.Configuration(
            realm: "simulation", writeDeadline: .seconds(2), rules: rules,
            maximumConnections: maximumConnections,
            build: API.Build(source: "", version: "", commit: "", build: ""))
    }
}
