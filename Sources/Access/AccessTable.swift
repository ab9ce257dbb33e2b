package import Time

/// The sender of a request, identified by its token.
package enum Identity: Hashable, Sendable {
    /// May write under this broadcaster ID only. May read its own channels.
    case broadcaster(String)
    /// May read the board. With the reader's ID.
    case reader(String)
    /// May read the channels of these broadcasters only (`reader_scopes`). With the reader's ID.
    case scopedReader(String, broadcasters: Set<String>)
    /// Sent no token, and `anonymous_reads` is on.
    case anonymous

    /// The ID under which the token is configured, for the log. Nil for `anonymous`.
    package var id: String? {
        switch self {
        case .broadcaster(let id), .reader(let id), .scopedReader(let id, _): id
        case .anonymous: nil
        }
    }
}

/// A configured token.
package struct Token: Hashable, Sendable {
    package let digest: TokenDigest
    /// From this time on, the token is unknown. Nil: it has no end.
    package let expiry: UnixTime?

    package init(_ digest: TokenDigest, expiry: UnixTime? = nil) {
        self.digest = digest
        self.expiry = expiry
    }

    /// Whether the token is known at this time.
    package func isValid(at time: UnixTime) -> Bool { expiry.map { time < $0 } ?? true }
}

/// The configured tokens and their owners (config.example.toml).
package struct AccessTable: Sendable {
    /// Whether a request without a token may read.
    package let anonymousReads: Bool
    /// The tokens that have an end, earliest first, each with the ID of its owner.
    package let expiries: [(time: UnixTime, id: String)]
    private let entries: [(token: Token, identity: Identity)]

    /// Creates a table of IDs and their tokens. `scopes` has the broadcasters of the readers that may not
    /// read everything. The caller ensures that no digest occurs twice.
    package init(
        broadcasters: [String: [Token]], readers: [String: [Token]], scopes: [String: Set<String>],
        anonymousReads: Bool
    ) {
        self.anonymousReads = anonymousReads
        let owned =
            broadcasters.map { id, tokens in (tokens, Identity.broadcaster(id)) }
            + readers.map { id, tokens in
                (tokens, scopes[id].map { .scopedReader(id, broadcasters: $0) } ?? .reader(id))
            }
        let entries = owned.flatMap { tokens, identity in tokens.map { ($0, identity) } }
        self.entries = entries
        expiries = entries.compactMap { token, identity in token.expiry.map { ($0, identity.id ?? "") } }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { (time: $0.0, id: $0.1) }
    }

    /// Whether no token is configured, so that every PUT is rejected.
    package var isEmpty: Bool { entries.isEmpty }

    /// Returns the owner of a token by its digest, or nil for a token that is unknown at this time. Compares
    /// with every entry, so that the time reveals neither whether the token is known nor its position.
    package func identity(of presented: TokenDigest, at time: UnixTime) -> Identity? {
        var match: Int?
        for index in entries.indices where entries[index].token.digest == presented {
            match = index
        }
        guard let match, entries[match].token.isValid(at: time) else { return nil }
        return entries[match].identity
    }

    /// Returns when the next token of each ID expires, or when the last one did if all have.
    package func nextExpiries(at time: UnixTime) -> [(id: String, time: UnixTime)] {
        var next: [String: UnixTime] = [:]
        // The earliest one that is still to come wins, else the latest one.
        for expiry in expiries where next[expiry.id].map({ $0 <= time }) ?? true {
            next[expiry.id] = expiry.time
        }
        return next.sorted { $0.key < $1.key }.map { (id: $0.key, time: $0.value) }
    }
}
