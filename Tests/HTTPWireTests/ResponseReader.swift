/// Parses responses from the bytes that a server sends.
///
/// Shares no code with the encoder, so that both cannot have the same error.
struct ResponseReader {
    /// How the end of the content is found.
    enum Framing {
        /// By its length.
        case length
        /// The content is a stream: by its last chunk or, without chunks, by the end of the bytes.
        case stream
    }

    struct Message: Equatable {
        var status: Int
        var fields: [String: String]
        var body: [UInt8]
    }

    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// Returns the next response, or nil if the bytes do not begin with a complete and correctly framed one.
    mutating func next(answersHead: Bool, _ framing: Framing = .length) -> Message? {
        guard let statusLine = line(), statusLine.hasPrefix("HTTP/1.1 "),
            let status = Int(statusLine.dropFirst(9).prefix(3)), statusLine.dropFirst(12).first == " "
        else { return nil }
        var fields: [String: String] = [:]
        while let field = line() {
            if field.isEmpty {
                return switch framing {
                case .length: message(status, fields, answersHead)
                case .stream: stream(status, fields, answersHead)
                }
            }
            guard let colon = field.firstIndex(of: ":"), fields[String(field[..<colon])] == nil else {
                return nil
            }
            fields[String(field[..<colon])] = String(field[field.index(colon, offsetBy: 2)...])
        }
        return nil
    }

    private mutating func message(
        _ status: Int, _ fields: [String: String], _ answersHead: Bool
    ) -> Message? {
        let length = fields["Content-Length"].flatMap { Int($0) }
        if status < 200 || status == 204 {
            return length == nil ? Message(status: status, fields: fields, body: []) : nil
        }
        if status == 304 || answersHead { return Message(status: status, fields: fields, body: []) }
        guard let length, length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Message(status: status, fields: fields, body: Array(rest.prefix(length)))
    }

    private mutating func stream(
        _ status: Int, _ fields: [String: String], _ answersHead: Bool
    ) -> Message? {
        guard fields["Content-Length"] == nil, fields["Connection"] == "close" else { return nil }
        if answersHead { return Message(status: status, fields: fields, body: []) }
        guard let coding = fields["Transfer-Encoding"] else {
            defer { rest = [] }
            return Message(status: status, fields: fields, body: Array(rest))
        }
        guard coding == "chunked" else { return nil }
        var body: [UInt8] = []
        while let size = line().flatMap({ Int($0, radix: 16) }) {
            guard rest.count >= size + 2, rest.dropFirst(size).starts(with: [0x0D, 0x0A]) else { return nil }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
            if size == 0 { return Message(status: status, fields: fields, body: body) }
        }
        return nil
    }

    private mutating func line() -> String? {
        guard let end = rest.firstIndex(of: 0x0A), end > rest.startIndex, rest[end - 1] == 0x0D else {
            return nil
        }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[..<(end - 1)], as: UTF8.self)
    }
}
