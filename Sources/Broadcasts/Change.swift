internal import Bytes
internal import Time

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
    /// Minimum time between two announcements of the channel (`hold_back`). Nil without a rule.
    package var interval: Duration?
    /// Whether the version is announced at once, whatever the interval (`Urgency: high`).
    package var isUrgent = false
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
        version == nil || isMonotonic || historyLimit > 0 || interval != nil || isUrgent
            || precondition != Precondition()
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
    /// The channel had another version. Readers see the new one from this time on, in microseconds since
    /// 1970.
    case held(until: Int)
    /// The version is the one that readers see: what was held is dropped.
    case cancelled
    /// The channel already had this version, which was held: readers see it now.
    case announced
    /// The channel was deleted.
    case deleted
    /// The channel already had this version; nothing was written.
    case unchanged
    /// The channel already had this version, which is held until this time; nothing was written.
    case stillHeld(until: Int)
    /// The version is a smaller number than the present one of a monotonic channel; nothing was written.
    case outdated
    /// There is no channel to delete.
    case absent
    /// The precondition does not hold; nothing was written. With the entity tag of the channel if it exists.
    case preconditionFailed(entityTag: String?)

    /// Whether the change is written.
    package var isWritten: Bool { changesVersion || self == .announced }

    /// Whether the change leaves another version than before, and so has an entry in the history.
    package var changesVersion: Bool {
        switch self {
        case .created, .changed, .held, .cancelled, .deleted: true
        case .announced, .unchanged, .stillHeld, .outdated, .absent, .preconditionFailed: false
        }
    }

    /// When readers will see the version that was sent, in microseconds since 1970. Nil if they see it now,
    /// or never.
    package var announceAt: Int? {
        switch self {
        case .held(let time), .stillHeld(let time): time
        default: nil
        }
    }
}

/// The decision about a change.
package struct ChangeDecision: Hashable, Sendable {
    package let outcome: ChangeOutcome
    /// The channel after the change; nil if it is absent, or deleted by the change.
    package let channel: StoredChannel?
}

extension Change {
    /// The version that announces at once and tells Firefox nothing.
    private static let noOperation = "____NOP____"

    /// Decides the effect on the channel, nil if it is absent (openapi.yaml; RFC 9110 section 13.2). `now` is
    /// the time of the database's clock in microseconds since 1970, read after the row was locked. Versions
    /// and tags are compared byte by byte.
    package func decision(on present: StoredChannel?, at now: Int) -> ChangeDecision {
        guard let present else {
            let outcome = outcomeOnAbsentChannel
            let channel = version.map { StoredChannel(version: $0.text, announceAt: now) }
            return ChangeDecision(outcome: outcome, channel: outcome == .created ? channel : nil)
        }
        func kept(_ outcome: ChangeOutcome) -> ChangeDecision {
            ChangeDecision(outcome: outcome, channel: present)
        }
        let isEqual = version.map { $0.text.utf8.elementsEqual(present.version.utf8) } ?? false
        if precondition != Precondition() {
            let tag = Board.content(of: channel, version: present.version).entityTag
            guard precondition.holds(for: tag, isEqual: isEqual) else {
                return kept(.preconditionFailed(entityTag: tag))
            }
        }
        guard let version else { return ChangeDecision(outcome: .deleted, channel: nil) }
        let isUrgent = isUrgent || version.text == Self.noOperation
        let isHeld = present.isHeld(at: now)
        if isEqual, !(isUrgent && isHeld) {
            return kept(isHeld ? .stillHeld(until: present.announceAt ?? now) : .unchanged)
        }
        if isOutdated(version, by: present.version) { return kept(.outdated) }
        let (channel, outcome) = present.replaced(
            by: version.text, at: now, interval: interval?.microseconds ?? 0, isUrgent: isUrgent)
        return ChangeDecision(outcome: outcome, channel: channel)
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
