/// The minimum time between two announced changes of a channel (`hold_back`).
package struct HoldBack: Hashable, Sendable {
    /// Whose channels a rule is for.
    package enum Scope: Hashable, Sendable {
        case channel(ChannelName)
        /// Every channel of a broadcaster that has no rule of its own.
        case broadcaster(BroadcasterID)

        /// Parses `broadcaster/channel` or `broadcaster/*`. Nil for anything else.
        package init?(_ text: String) {
            if text.hasSuffix("/*"), let id = BroadcasterID(String(text.dropLast(2))) {
                self = .broadcaster(id)
            } else if let name = ChannelName(text) {
                self = .channel(name)
            } else {
                return nil
            }
        }

        /// The text that `init` parses.
        package var text: String {
            switch self {
            case .channel(let name): name.text
            case .broadcaster(let id): "\(id.text)/*"
            }
        }
    }

    package let rules: [Scope: Duration]

    package init(_ rules: [Scope: Duration] = [:]) {
        self.rules = rules
    }

    /// Returns the interval of a channel; nil without a rule. The exact name wins.
    package func interval(of channel: ChannelName) -> Duration? {
        guard !rules.isEmpty else { return nil }
        return rules[.channel(channel)] ?? rules[.broadcaster(channel.broadcasterID)]
    }
}
