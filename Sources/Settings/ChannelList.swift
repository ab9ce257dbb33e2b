import Broadcasts
import Bytes
import TOML

/// Parses a list of channels, each written as `broadcaster/channel`.
enum ChannelList {
    static let expectation = #"a list of channels such as ["broadcaster/channel"]"#

    /// Returns the channels, or nil if the value has another form. Throws a reason for each text that is
    /// not a channel. It does not quote the text, which may be a token that was given to the wrong setting.
    @Sendable
    static func read(_ value: SettingValue) throws(UnsuitableValue) -> Set<ChannelName>? {
        let values: [SettingValue] = if case .list(let list) = value { list } else { [value] }
        let texts = values.compactMap(\.text)
        guard texts.count == values.count else { return nil }
        let reasons = texts.indices.filter { ChannelName(texts[$0]) == nil }.map { index in
            "expects broadcaster/channel as item \(index + 1) of the list"
        }
        guard reasons.isEmpty else { throw UnsuitableValue(reasons: reasons) }
        return Set(texts.compactMap(ChannelName.init))
    }

    @Sendable
    static func show(_ channels: Set<ChannelName>) -> String {
        "[\(channels.map { quoted($0.text) }.sorted().joined(separator: ", "))]"
    }
}
