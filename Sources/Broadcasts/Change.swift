internal import Bytes

/// A change of a channel, requested by a PUT or a DELETE, with the rules that it obeys.
///
/// The rules travel with the change, so that a store has no settings of its own.
package struct Change: Hashable, Sendable {
    /// A new version, or none.
    package enum Action: Hashable, Sendable {
        /// The new version of the channel.
        case put(Version)
        case delete
    }

    package let channel: ChannelName
    /// What is asked for.
    package let action: Action
    package let requestID: String
    package var precondition = Precondition()
    /// Whether a smaller number does not replace a larger one (`monotonic_channels`).
    package var isMonotonic = false
    /// Number of history entries to keep for the channel (`history_limit`). Zero: the change is not recorded.
    package var historyLimit = 0

    package init(_ channel: ChannelName, _ action: Action, requestID: String) {
        self.channel = channel
        self.action = action
        self.requestID = requestID
    }

    /// The version that the change leaves; nil for a deletion.
    package var version: Version? {
        if case .put(let version) = action { version } else { nil }
    }

    /// Whether the present version decides what is written. If not, one statement is enough.
    package var needsDecision: Bool {
        version == nil || isMonotonic || historyLimit > 0 || precondition != Precondition()
    }

    /// Whether the change can create a channel.
    package var mayCreate: Bool { version != nil && precondition.allowsCreation }

    /// Whether a store may run the change again after the answer to its commit was lost. A change that runs
    /// twice is visible only if another client writes the same channel in between, as with any client that
    /// retries a failed request. With `If-None-Match` the second run could take its own first one, or that of
    /// another client with the same version, for a reason to fail or to succeed.
    package var isRepeatable: Bool { precondition.ifNoneMatch == nil }
}

/// The effect of a change.
package enum ChangeOutcome: Hashable, Sendable {
    /// The channel had no version.
    case created
    /// The channel had another version.
    case changed
    /// The channel was deleted.
    case deleted
    /// The channel already had this version; nothing was written.
    case unchanged
    /// The version is a smaller number than the present one of a monotonic channel; nothing was written.
    case outdated
    /// There is no channel to delete.
    case absent
    /// The precondition does not hold; nothing was written. With the entity tag of the channel if it exists.
    case preconditionFailed(entityTag: String?)

    /// Whether the change is written.
    package var isWritten: Bool {
        switch self {
        case .created, .changed, .deleted: true
        case .unchanged, .outdated, .absent, .preconditionFailed: false
        }
    }
}

extension Change {
    /// Decides the effect on the present version of the channel, nil if there is no channel (openapi.yaml;
    /// RFC 9110 section 13.2). Versions and tags are compared byte by byte.
    package func outcome(on present: String?) -> ChangeOutcome {
        guard let present else { return outcomeOnAbsentChannel }
        let isEqual = version.map { $0.text.utf8.elementsEqual(present.utf8) } ?? false
        if precondition != Precondition() {
            let tag = Board.content(of: channel.broadcasterID, channel.channelID, version: present).entityTag
            guard precondition.holds(for: tag, isEqual: isEqual) else {
                return .preconditionFailed(entityTag: tag)
            }
        }
        guard let version else { return .deleted }
        if isEqual { return .unchanged }
        return isOutdated(version, by: present) ? .outdated : .changed
    }

    private var outcomeOnAbsentChannel: ChangeOutcome {
        // RFC 9110 section 13.2.1: a precondition is ignored where the response without it would be 404.
        guard version != nil else { return .absent }
        return precondition.allowsCreation ? .created : .preconditionFailed(entityTag: nil)
    }

    private func isOutdated(_ version: Version, by present: String) -> Bool {
        guard isMonotonic, precondition == Precondition(), let new = number(version.text),
            let old = number(present)
        else { return false }
        return new < old
    }
}

/// Returns the number of a version: 1 to 18 digits, with or without double quotes around them. Nil for any
/// other text.
private func number(_ version: String) -> Int? {
    var digits = Substring(version).utf8
    if digits.first == UInt8(ascii: "\""), digits.last == UInt8(ascii: "\""), digits.count > 1 {
        digits = digits.dropFirst().dropLast()
    }
    return decimalNumber(digits, maximumDigits: 18)
}
