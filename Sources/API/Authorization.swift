import Access
import Broadcasts
import HTTP
import HTTPTypes
import Synchronization

extension API {
    /// Whose token the request carries (RFC 6750 section 2.1).
    ///
    /// One `Authorization` field is allowed, with the scheme in any case, exactly one space and the token.
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

    /// Lets readers pass.
    func authorizeReader(_ request: Request, _ context: inout RequestContext) throws(APIError) {
        if case .broadcaster = try authenticate(request, &context) { throw .accessDenied }
    }

    /// Lets readers pass, and whoever sends no token where `anonymous_reads` is on.
    func authorizeReaderOrAnonymous(_ request: Request, _ context: inout RequestContext) throws(APIError) {
        if access.withLock({ $0.anonymousReads }), request.firstValue(of: .authorization) == nil {
            context.identity = .anonymous
        } else {
            try authorizeReader(request, &context)
        }
    }
}

private let bearer = Array("bearer".utf8)

/// What follows `Bearer` and one space, or nil when the value has another form. A second space would be a
/// part of the token, and so of none that is known.
private func bearerToken(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let space = value.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    // Setting this bit makes a letter a small one, and nothing else a letter.
    guard value[..<space].elementsEqual(bearer, by: { $0 | 0x20 == $1 }) else { return nil }
    return value[(space + 1)...]
}
