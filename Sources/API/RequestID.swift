import HTTP
import HTTPTypes
import Randomness
import Synchronization

/// Assigns the request IDs of log lines and responses.
final class RequestIDs: Sendable {
    /// Maximum length in bytes of an ID accepted from a client.
    private static let maximumLength = 128

    /// Starts at a random number, so that two processes are unlikely to use the same IDs.
    private let counter: Atomic<UInt64>

    init(_ random: RandomSource) {
        counter = Atomic(random.bits())
    }

    /// Returns the ID that the client sent if it is safe in a log line and in a field, otherwise a new one.
    func id(of request: Request) -> String {
        guard let value = request.firstValue(of: .xRequestID) else { return next() }
        let bytes = request.bytes[value]
        // VCHAR (RFC 5234 appendix B.1) without quotes and backslashes.
        let isFit =
            (1...Self.maximumLength).contains(bytes.count)
            && bytes.allSatisfy { byte in
                (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            }
        return isFit ? String(decoding: bytes, as: UTF8.self) : next()
    }

    /// Returns a new ID of 13 characters, which a `String` holds without an allocation.
    ///
    /// `mixed` is a bijection, so no ID is used twice in one process.
    func next() -> String {
        base32(mixed(counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue))
    }
}

/// Returns 13 characters of `0-9` and `a-v`. `String(_:radix:)` takes four times as long, for every response.
private func base32(_ number: UInt64) -> String {
    var text = [13 of UInt8](repeating: 0)
    for index in text.indices {
        let digit = UInt8(truncatingIfNeeded: number >> UInt64(5 * index) & 31)
        text[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
    guard let characters = try? UTF8Span(validating: text.span) else { preconditionFailure("This is ASCII.") }
    return String(copying: characters)
}
