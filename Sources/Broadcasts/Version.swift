/// Why a body is not a valid version (openapi.yaml, errno 102 and 103).
package enum VersionError: Error, Hashable, Sendable {
    /// The body is not UTF-8.
    case notText
    /// The body is empty, longer than 200 bytes, or not ASCII.
    case outOfRange
}

/// The version of a broadcast: 1 to 200 bytes of ASCII, stored unchanged.
package struct Version: Hashable, Sendable {
    package let text: String

    /// Maximum length in bytes, as in the original's `varchar(200)`.
    package static let maximumLength = 200

    package init(bytes: [UInt8]) throws(VersionError) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        guard (1...Self.maximumLength).contains(bytes.count), bytes.allSatisfy({ $0 < 0x80 }) else {
            throw .outOfRange
        }
        self.text = text
    }
}
