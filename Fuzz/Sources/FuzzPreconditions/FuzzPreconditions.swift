import Bytes
import FuzzSupport
import HTTP
import HTTPTypes
import Time

@testable import API
@testable import Broadcasts

/// Reads the preconditions and the query of a request, and compares with a second reader that works on texts.
///
/// The first byte is the number of field lines, and each of them begins with the length of its value. The rest
/// is the query.
func checkPreconditions(_ data: [UInt8]) {
    var input = FuzzInput(data)
    let values = (0..<Int(input.byte() & 3)).map { _ in fieldValue(input.bytes(Int(input.byte()))) }
    let query = input.remainder().filter { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }
    let request = makeRequest(values, query)
    checkTags(request, values)
    checkQuery(request, query)
}

// MARK: - Lists of entity tags

private func checkTags(_ request: Request, _ values: [[UInt8]]) {
    let joined = Array(values.joined(separator: [UInt8(ascii: ",")]))
    let tags = request.list(of: .ifMatch).map(Precondition.Tags.init)
    require((tags == nil) == values.isEmpty, "a field is absent or a list")
    guard let tags else { return }
    require(tags == expectedTags(joined), "a list is read as specified")
    require(Precondition.Tags(joined) == tags, "a list may be one line or several")
    guard case .list(let list) = tags else { return }
    let written = list.map { ($0.isWeak ? "W/" : "") + $0.text }.joined(separator: " ,, ")
    require(Precondition.Tags(Array(written.utf8)) == tags, "a list that is written again is the same")
    let present = IfNoneMatch(makeRequest([joined], []))
    for tag in list {
        require(present?.holds(Array(tag.text.utf8)) ?? true, "If-None-Match on GET finds each tag")
    }
    let strong = list.filter { !$0.isWeak }.map(\.text)
    for tag in list {
        require(
            Precondition(ifMatch: tags).holds(for: tag.text, isEqual: false) == strong.contains(tag.text),
            "If-Match compares strongly")
        require(
            !Precondition(ifNoneMatch: tags).holds(for: tag.text, isEqual: false),
            "If-None-Match compares weakly")
    }
}

/// RFC 9110 section 8.8.3, one character after the other.
private func expectedTags(_ value: [UInt8]) -> Precondition.Tags {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    if value.filter({ !isBlank($0) }) == [UInt8(ascii: "*")] { return .any }
    var tags: [EntityTag] = []
    var element: [UInt8] = []
    var isQuoted = false
    for byte in value + [UInt8(ascii: ",")] {
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        guard byte == UInt8(ascii: ","), !isQuoted else {
            element.append(byte)
            continue
        }
        let trimmed = Array(element.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        element = []
        if trimmed.isEmpty { continue }
        guard let tag = expectedTag(trimmed) else { return .malformed }
        tags.append(tag)
    }
    return tags.isEmpty || isQuoted ? .malformed : .list(tags)
}

private func expectedTag(_ element: [UInt8]) -> EntityTag? {
    let isWeak = element.starts(with: Array("W/".utf8))
    let opaque = Array(element.dropFirst(isWeak ? 2 : 0))
    guard opaque.count >= 2, opaque.first == 0x22, opaque.last == 0x22,
        opaque.dropFirst().dropLast().allSatisfy({ $0 == 0x21 || $0 > 0x22 && $0 != 0x7F }),
        let text = String(validating: opaque, as: UTF8.self)
    else { return nil }
    return EntityTag(text: text, isWeak: isWeak)
}

// MARK: - Queries

private func checkQuery(_ request: Request, _ query: [UInt8]) {
    let parameters = QueryParameters(request)
    let pairs = String(decoding: query, as: UTF8.self).split(separator: "&").map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (name: decoded(parts[0]) ?? [], value: parts.count > 1 ? decoded(parts[1]) : [])
    }
    for (name, bounds) in [("limit", 1...100), ("before", 1...Int.max)] {
        let values = pairs.filter { $0.name == Array(name.utf8) }.map(\.value)
        let digits = values.first.flatMap(\.self).map { String(decoding: $0, as: UTF8.self) }
        let isNumber = digits.map { text in
            (1...18).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        let number = isNumber == true ? digits.flatMap { Int($0) } : nil
        let isValid = values.count == 1 && number.map(bounds.contains) == true
        do throws(APIError) {
            let read = try parameters.number(name, in: bounds)
            require(values.isEmpty ? read == nil : isValid && read == number, "\(name) is \(read ?? -1)")
        } catch {
            require(!values.isEmpty && !isValid, "\(name) is refused")
        }
    }
}

/// Decodes percent-encoding once. Nil if an escape is malformed.
private func decoded(_ text: Substring) -> [UInt8]? {
    var rest = Array(text.utf8)[...]
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard digits.utf8.count == 2, !digits.hasPrefix("+"), !digits.hasPrefix("-"),
            let value = UInt8(digits, radix: 16)
        else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    return bytes
}

// MARK: - The request

/// Returns bytes that the parser of heads allows as a field value.
private func fieldValue(_ bytes: [UInt8]) -> [UInt8] {
    let value = bytes.map { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F ? 0x20 : $0 }
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    return Array(Array(value.drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
}

/// Returns a request with a line `If-Match` and a line `If-None-Match` for each value.
private func makeRequest(_ values: [[UInt8]], _ query: [UInt8]) -> Request {
    var bytes = Array("/?".utf8) + query
    let queryRange = 2..<bytes.count
    bytes += Array("\r\n".utf8)
    var lines: [Request.FieldLine] = []
    for value in values {
        for name in ["If-Match", "If-None-Match"] {
            let start = bytes.count
            bytes += Array("\(name): ".utf8)
            let valueStart = bytes.count
            bytes += value
            lines.append(
                Request.FieldLine(
                    name: start..<start + name.utf8.count, value: valueStart..<bytes.count))
            bytes += Array("\r\n".utf8)
        }
    }
    return Request(
        bytes: bytes, method: .get, path: 0..<1, query: queryRange, fieldLines: lines, hasBody: false,
        receivedAt: ManualClock().now, remoteAddress: .version4(0x7F00_0001, port: 1))
}
