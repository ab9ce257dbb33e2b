import Broadcasts
import TOML

/// Parses `hold_back`: channels, each with a duration.
enum HoldBackTable {
    static let expectation = #"a table such as { "broadcaster/channel" = "5m", "broadcaster/*" = "1m" }"#
    private static let bounds: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)

    /// Returns the rules, or nil if the value is not a table. Throws a reason for every invalid entry.
    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> HoldBack? {
        guard case .table(let entries) = value else { return nil }
        var rules: [HoldBack.Scope: Duration] = [:]
        var reasons: [String] = []
        for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
            guard let scope = HoldBack.Scope(name) else {
                reasons.append("expects broadcaster/channel or broadcaster/*, but contains \(quoted(name))")
                continue
            }
            guard let interval = value.text.flatMap(DurationText.read), bounds.contains(interval) else {
                reasons.append("expects a duration from \"1s\" to \"24h\" for \(quoted(name))")
                continue
            }
            rules[scope] = interval
        }
        guard reasons.isEmpty else { throw UnsuitableValue(reasons: reasons) }
        return HoldBack(rules)
    }

    @Sendable
    static func show(_ holdBack: HoldBack) -> String {
        let entries = holdBack.rules.map { scope, interval in
            "\(quoted(scope.text)) = \(quoted(DurationText.render(interval)))"
        }
        return entries.isEmpty ? "{}" : "{ \(entries.sorted().joined(separator: ", ")) }"
    }
}
