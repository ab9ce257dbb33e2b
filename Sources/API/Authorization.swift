import Access
import Broadcasts
import HTTP
import HTTPTypes
import Synchronization

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
            guard let token = bearerToken(request.bytes[value]),
                let identity = access.withLock({ $0 }).identity(ofToken: token)
            else { throw .invalidAuthorization }
            context.identity = identity
            return identity
        }
    }

    /// Requires a reader's token. Throws 401 or 403.
    func authorizeReader(_ request: Request, _ context: inout RequestContext) throws(APIError) {
        if case .broadcaster = try authenticate(request, &context) { throw .accessDenied }
    }

    /// Requires a reader's token, unless `anonymous_reads` is on and the request has no `Authorization`
    /// field. Throws 401 or 403.
    func authorizeReaderOrAnonymous(_ request: Request, _ context: inout RequestContext) throws(APIError) {
        if access.withLock({ $0.anonymousReads }), request.firstValue(of: .authorization) == nil {
            context.identity = .anonymous
        } else {
            try authorizeReader(request, &context)
        }
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
