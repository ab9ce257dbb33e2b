import HTTP
import HTTPTypes

/// The `If-None-Match` field: the entity tags that the client holds (RFC 9110 section 13.1.2).
struct IfNoneMatch: Sendable {
    private static let weak = Array("W/".utf8)

    private let list: [UInt8]

    /// Nil when the request has no such field.
    init?(_ request: Request) {
        guard let list = request.list(of: .ifNoneMatch) else { return nil }
        self.list = list
    }

    /// Whether the list is an empty entity tag, which curl sends when it has none.
    var isEmptyTag: Bool { list.elementsEqual([UInt8(ascii: "\""), UInt8(ascii: "\"")]) }

    /// Returns whether the list contains this entity tag by weak comparison (section 13.1.2), or is `*`.
    ///
    /// A malformed list is read up to its first error. If in doubt, the client gets the full response.
    func holds(_ entityTag: [UInt8]) -> Bool {
        let quote = UInt8(ascii: "\"")
        var rest = list[...].drop(while: isBlank)
        if rest.first == UInt8(ascii: "*") { return rest.dropFirst().allSatisfy(isBlank) }
        while true {
            rest = rest.drop { isBlank($0) || $0 == UInt8(ascii: ",") }
            if rest.starts(with: Self.weak) { rest = rest.dropFirst(2) }
            guard rest.first == quote, let end = rest.dropFirst().firstIndex(of: quote) else { return false }
            if rest[...end] == entityTag[...] { return true }
            rest = rest[(end + 1)...].drop(while: isBlank)
            guard rest.first == UInt8(ascii: ",") else { return false }
        }
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
}
