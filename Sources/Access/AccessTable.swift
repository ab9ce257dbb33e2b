/// The sender of a request, identified by its token.
package enum Identity: Hashable, Sendable {
    /// May write under this broadcaster ID only. May not read.
    case broadcaster(String)
    /// May read the board. With the reader's ID.
    case reader(String)
    /// Sent no token, and `anonymous_reads` is on.
    case anonymous

    /// The ID under which the token is configured, for the log. Nil for `anonymous`.
    package var id: String? {
        switch self {
        case .broadcaster(let id), .reader(let id): id
        case .anonymous: nil
        }
    }
}

/// The configured tokens and their owners (config.example.toml).
package struct AccessTable: Sendable {
    /// Whether a request without a token may read.
    package let anonymousReads: Bool
    private let entries: [(digest: TokenDigest, identity: Identity)]

    /// Creates a table of IDs and the digests of their tokens. The caller ensures that no digest occurs
    /// twice.
    package init(
        broadcasters: [String: [TokenDigest]], readers: [String: [TokenDigest]], anonymousReads: Bool
    ) {
        self.anonymousReads = anonymousReads
        entries =
            broadcasters.flatMap { id, digests in digests.map { ($0, .broadcaster(id)) } }
            + readers.flatMap { id, digests in digests.map { ($0, .reader(id)) } }
    }

    /// Whether no token is configured, so that every PUT is rejected.
    package var isEmpty: Bool { entries.isEmpty }

    /// Returns the owner of a token by its digest, or nil for an unknown token. Compares with every entry, so
    /// that the time reveals neither whether the token is known nor its position.
    package func identity(of presented: TokenDigest) -> Identity? {
        var match: Int?
        for index in entries.indices where entries[index].digest == presented {
            match = index
        }
        return match.map { entries[$0].identity }
    }
}
