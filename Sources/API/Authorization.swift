import Access
import Broadcasts
import HTTP
import HTTPTypes
import Synchronization
import Time

extension API {
    /// Returns the owner of the request's bearer token (RFC 6750 section 2.1), and sets it in the context.
    ///
    /// Accepts exactly one `Authorization` field: the scheme in any case, one space and the token. Throws 401
    /// otherwise, and for an unknown token.
    func authenticate(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Identity {
        switch request.occurrence(of: .authorization) {
        case .absent: throw .missingAuthorization
        case .repeated: throw .invalidAuthorization
        case .once(let value):
            guard let token = bearerToken(request.bytes[value]).map({ TokenDigest(token: $0) }),
                let identity = identity(of: token, context.rules)
            else { throw .invalidAuthorization }
            context.identity = identity
            context.token = token
            return identity
        }
    }

    /// Returns the owner of a token, nil if it is unknown or has expired.
    private func identity(of token: TokenDigest, _ rules: Rules) -> Identity? {
        let now = clock.wallTime
        rules.expiries.check(at: now, logger)
        return rules.access.identity(of: token, at: now)
    }

    /// Requires a reader's token. Throws 401 or 403.
    func authorizeReader(_ request: Request, _ context: inout RequestContext) throws(APIError) {
        if case .broadcaster = try authenticate(request, &context) { throw .accessDenied }
    }

    /// Returns the owner of the request's token, or `anonymous` if `anonymous_reads` is on and the request
    /// has no `Authorization` field. Throws 401.
    func authenticateOrAnonymous(
        _ request: Request, _ context: inout RequestContext
    ) throws(APIError) -> Identity {
        guard context.rules.access.anonymousReads, request.firstValue(of: .authorization) == nil
        else { return try authenticate(request, &context) }
        context.identity = .anonymous
        return .anonymous
    }

    /// Returns why a request that is held may no longer read this part of the board, or nil if it may.
    func revocation(of context: RequestContext, _ view: BoardView, _ access: AccessTable) -> APIError? {
        guard let token = context.token else { return access.anonymousReads ? nil : .missingAuthorization }
        guard let identity = access.identity(of: token, at: clock.wallTime) else {
            return .invalidAuthorization
        }
        return identity.mayRead(view) ? nil : .accessDenied
    }
}

private let bearer = Array("bearer".utf8)

/// Returns what follows `Bearer` and one space, or nil if the value has another form. A second space counts
/// as part of the token, and no token begins with a space.
private func bearerToken(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let space = value.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    // 0x20 turns an upper-case letter into a lower-case one, and no other byte into a letter.
    guard value[..<space].elementsEqual(bearer, by: { $0 | 0x20 == $1 }) else { return nil }
    return value[(space + 1)...]
}
