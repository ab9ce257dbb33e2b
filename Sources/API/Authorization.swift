import Broadcasts
import HTTPTypes
import HTTPWire
import Synchronization

extension API {
    /// Whose token the request carries (RFC 6750 section 2.1).
    ///
    /// One `Authorization` field is allowed, with the scheme in any case, exactly one space and the token.
    func authenticate(_ context: inout RequestContext) throws(APIError) -> Identity {
        let request = context.request
        let values = request.values(of: .authorization)
        guard let value = values.first else { throw .missingAuthorization }
        guard values.count == 1, let token = bearerToken(request.bytes[value]),
            let identity = access.withLock({ $0 }).identity(ofToken: token)
        else { throw .invalidAuthorization }
        context.record.identity = identity
        return identity
    }

    /// Lets readers pass.
    func authorizeReader(_ context: inout RequestContext) throws(APIError) {
        if case .broadcaster = try authenticate(&context) { throw .accessDenied }
    }

    /// Lets readers pass, and whoever sends no token where `anonymous_reads` is on.
    func authorizeReaderOrAnonymous(_ context: inout RequestContext) throws(APIError) {
        let isWithoutToken = context.request.firstValue(of: .authorization) == nil
        if isWithoutToken, access.withLock({ $0.anonymousReads }) {
            context.record.identity = .anonymous
        } else {
            try authorizeReader(&context)
        }
    }
}

/// What follows `Bearer` and one space, or nil when the value has another form.
private func bearerToken(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let scheme = "bearer ".utf8
    guard value.count > scheme.count else { return nil }
    let token = value.dropFirst(scheme.count)
    let hasScheme = zip(value, scheme).allSatisfy { byte, expected in
        byte == expected || (expected != UInt8(ascii: " ") && byte | 0x20 == expected)
    }
    return hasScheme && token.first != UInt8(ascii: " ") ? token : nil
}
