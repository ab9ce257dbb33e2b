/// A response as the simulated client sees it.
struct ReceivedResponse {
    var status = 0
    /// By lower-case name.
    var fields: [String: String] = [:]
    var body = ""
}

/// Reads the responses of one connection, in order. A stream's body is read piece by piece.
struct ResponseReader {
    enum Step {
        case needsMore
        case response(ReceivedResponse)
        /// The head of a stream.
        case streamBegins(ReceivedResponse)
        /// A part of the body of a stream.
        case streamPart(String)
        case streamEnds
        case malformed(String)
    }

    private var bytes: [UInt8] = []
    private var isStream = false

    var isEmpty: Bool { bytes.isEmpty }
    /// What has been received of the next step.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

    /// Returns the next step. `isHead`: whether the response is to HEAD and has no body.
    mutating func next(isHead: Bool) -> Step {
        if isStream { return nextPart() }
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return .needsMore }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components("\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            return .malformed(lines[0])
        }
        var response = ReceivedResponse(status: status)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return .malformed(line) }
            let name = line[..<colon].lowercased()
            if response.fields[name] != nil { return .malformed("\(name) is repeated") }
            response.fields[name] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        if response.fields["transfer-encoding"] == "chunked", !isHead {
            bytes.removeSubrange(..<end.upperBound)
            isStream = true
            return .streamBegins(response)
        }
        let hasBody = !isHead && status != 304 && status != 204 && status >= 200
        let length = hasBody ? Int(response.fields["content-length"] ?? "") : 0
        guard let length else { return .malformed("no Content-Length") }
        guard bytes.count - end.upperBound >= length else { return .needsMore }
        response.body = String(decoding: bytes[end.upperBound..<end.upperBound + length], as: UTF8.self)
        bytes.removeSubrange(..<(end.upperBound + length))
        return .response(response)
    }

    private mutating func nextPart() -> Step {
        guard let end = bytes.firstRange(of: Array("\r\n".utf8)) else { return .needsMore }
        let digits = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        guard let length = Int(digits, radix: 16) else { return .malformed("chunk size \(digits)") }
        let last = end.upperBound + length + 2
        guard bytes.count >= last else { return .needsMore }
        let part = String(decoding: bytes[end.upperBound..<(last - 2)], as: UTF8.self)
        bytes.removeSubrange(..<last)
        if length == 0 {
            isStream = false
            return .streamEnds
        }
        return .streamPart(part)
    }
}

extension String {
    /// Splits at each separator.
    func components(_ separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
