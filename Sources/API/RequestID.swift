import HTTP
import HTTPTypes
import Randomness
import Synchronization

/// Gives requests the ids that their log lines and answers carry.
final class RequestIDs: Sendable {
    /// The longest id that is taken over from a client.
    private static let maximumLength = 128

    /// Counts from a random start, so that two processes do not use the same ids.
    private let counter: Atomic<UInt64>

    init(_ random: RandomSource) {
        counter = Atomic(random.bits())
    }

    /// The id that the client sent when it is fit for a log line and a field, or a new one.
    func id(of request: Request) -> String {
        guard let value = request.firstValue(of: .xRequestID) else { return next() }
        let bytes = request.bytes[value]
        // Visible ASCII (RFC 5234 appendix B.1) without the quotes and the backslash.
        let isFit =
            (1...Self.maximumLength).contains(bytes.count)
            && bytes.allSatisfy { byte in
                (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            }
        return isFit ? String(decoding: bytes, as: UTF8.self) : next()
    }

    /// A new id of 13 characters, which a `String` holds without an allocation.
    ///
    /// `mixed` is a bijection, so no id is used twice in one process.
    func next() -> String {
        base32(mixed(counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue))
    }
}

/// Digits and small letters. `String(_:radix:)` takes four times as long, which every answer would pay for.
private func base32(_ number: UInt64) -> String {
    var text = [13 of UInt8](repeating: 0)
    for index in text.indices {
        let digit = UInt8(truncatingIfNeeded: number >> UInt64(5 * index) & 31)
        text[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
    guard let characters = try? UTF8Span(validating: text.span) else { preconditionFailure("This is ASCII.") }
    return String(copying: characters)
}
