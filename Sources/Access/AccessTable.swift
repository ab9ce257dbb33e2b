/// Who asks, as far as the token of the request tells.
package enum Identity: Hashable, Sendable {
    /// May write under this id, and nothing else.
    case broadcaster(String)
    /// May read the board.
    case reader(String)
    /// Sent no token where `anonymous_reads` lets everybody read.
    case anonymous

    /// The id the token was configured under, for the log. Nil for the anonymous.
    package var id: String? {
        switch self {
        case .broadcaster(let id), .reader(let id): id
        case .anonymous: nil
        }
    }
}

/// Which tokens are known, and to whom they belong (config.example.toml).
package struct AccessTable: Sendable {
    /// Whether a request without a token may read.
    package let anonymousReads: Bool
    private let entries: [(digest: TokenDigest, identity: Identity)]

    /// Ids with the digests of their tokens. That no token stands here twice is for the caller to see to.
    package init(
        broadcasters: [String: [TokenDigest]], readers: [String: [TokenDigest]], anonymousReads: Bool
    ) {
        self.anonymousReads = anonymousReads
        entries =
            broadcasters.flatMap { id, digests in digests.map { ($0, .broadcaster(id)) } }
            + readers.flatMap { id, digests in digests.map { ($0, .reader(id)) } }
    }

    /// Whether no token is known, so that every PUT is refused.
    package var isEmpty: Bool { entries.isEmpty }

    /// Whose token this is, or nil when nobody's. Compares with every entry, so that the time taken tells
    /// neither whether the token is known nor where it stands.
    package func identity(ofToken token: ArraySlice<UInt8>) -> Identity? {
        let presented = TokenDigest(token: token)
        var match: Int?
        for index in entries.indices where entries[index].digest == presented {
            match = index
        }
        return match.map { entries[$0].identity }
    }
}
