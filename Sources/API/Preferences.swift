import Bytes
import HTTP
import HTTPTypes

/// Returns whether the `Accept` field names `text/event-stream` with a quality above zero, and above that of
/// `application/json` where that is named too (RFC 9110 section 12.5.1). Ranges such as `*/*` name neither.
func prefersEventStream(_ request: Request) -> Bool {
    var eventStream = 0
    var json = -1
    for value in request.values(of: .accept) {
        for range in request.bytes[value].split(separator: UInt8(ascii: ",")) {
            // A range that begins with a semicolon has no type.
            let parts = range.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            guard let type = parts.first?.trimmingBlanks() else { continue }
            if type.equalsIgnoringCase("text/event-stream") {
                eventStream = max(eventStream, quality(parts.dropFirst()))
            } else if type.equalsIgnoringCase("application/json") {
                json = max(json, quality(parts.dropFirst()))
            }
        }
    }
    return eventStream > max(json, 0)
}

/// Returns the weight of a media range in thousandths (RFC 9110 section 12.4.2). A malformed one counts as
/// zero.
private func quality(_ parameters: ArraySlice<ArraySlice<UInt8>>) -> Int {
    for parameter in parameters {
        let text = parameter.trimmingBlanks()
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")),
            text[..<equals].equalsIgnoringCase("q")
        else { continue }
        return thousandths(text[(equals + 1)...])
    }
    return 1000
}

/// `0[.ddd]` or `1[.000]`.
private func thousandths(_ text: ArraySlice<UInt8>) -> Int {
    guard let first = text.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"),
        text.count <= 5, text.count < 2 || text[text.startIndex + 1] == UInt8(ascii: ".")
    else { return 0 }
    var value = Int(first - UInt8(ascii: "0")) * 1000
    for (digit, unit) in zip(text.dropFirst(2), [100, 10, 1]) {
        guard let number = digit.decimalValue else { return 0 }
        value += number * unit
    }
    return value <= 1000 ? value : 0
}

/// Returns the seconds of the first `wait` preference (RFC 7240 section 4.3), which has one to nine digits.
/// Nil without one, or if its value is something else.
func preferredWait(_ request: Request) -> Int? {
    for value in request.values(of: .prefer) {
        for preference in request.bytes[value].split(separator: UInt8(ascii: ",")) {
            let text = preference.prefix { $0 != UInt8(ascii: ";") }.trimmingBlanks()
            let name = text.prefix { $0 != UInt8(ascii: "=") }
            guard name.trimmingBlanks().equalsIgnoringCase("wait") else { continue }
            return decimalNumber(
                text.dropFirst(name.count + 1).trimmingBlanks(), maximumDigits: 9)
        }
    }
    return nil
}

/// Returns the value of `Last-Event-ID`: the state that the client knows. Nil if it is absent or empty.
func lastEventID(of request: Request) -> String? {
    guard let value = request.firstValue(of: .lastEventID), !value.isEmpty else { return nil }
    return request.text(value)
}

extension ArraySlice<UInt8> {
    fileprivate func trimmingBlanks() -> ArraySlice<UInt8> {
        let start = drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let count = start.reversed().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
        return start.prefix(count)
    }

    fileprivate func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount
            && enumerated().allSatisfy { $1.lowercased == text.byte(at: $0) }
    }
}
