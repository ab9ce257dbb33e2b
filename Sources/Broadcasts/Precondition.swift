/// The preconditions of a change (RFC 9110 section 13): all that are present must hold.
package struct Precondition: Hashable, Sendable {
    /// The value of a field that names entity tags.
    package enum Tags: Hashable, Sendable {
        /// `*`.
        case any
        case list([EntityTag])
        /// The value is neither of them. The precondition does not hold: in doubt nothing is written.
        case malformed
    }

    /// Compared strongly (section 13.1.1). Nil without the field.
    package var ifMatch: Tags?
    /// Compared weakly (section 13.1.2). Nil without the field.
    package var ifNoneMatch: Tags?

    package init(ifMatch: Tags? = nil, ifNoneMatch: Tags? = nil) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
    }

    /// Whether the preconditions hold for a channel that does not exist.
    var allowsCreation: Bool { ifMatch == nil && ifNoneMatch != .malformed }

    /// Returns whether the preconditions hold for a channel with this entity tag, which is strong.
    ///
    /// `isEqual`: the channel already has the version that the change would store. Then a tag that does not
    /// match is no failure, because the client may repeat a change whose response was lost (section 13.1.1).
    func holds(for entityTag: String, isEqual: Bool) -> Bool {
        switch ifMatch {
        case nil, .any: break
        case .malformed: return false
        case .list(let tags):
            guard isEqual || tags.contains(where: { !$0.isWeak && $0.text == entityTag }) else {
                return false
            }
        }
        return switch ifNoneMatch {
        case nil: true
        case .any, .malformed: false
        case .list(let tags): !tags.contains { $0.text == entityTag }
        }
    }
}

/// An entity tag that a client sent (RFC 9110 section 8.8.3).
package struct EntityTag: Hashable, Sendable {
    /// The opaque tag with its quotes.
    package let text: String
    package let isWeak: Bool

    package init(text: String, isWeak: Bool) {
        self.text = text
        self.isWeak = isWeak
    }
}
