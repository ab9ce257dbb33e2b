import Bytes
import HTTP

/// The parameters of a query, `name=value` separated by `&`, percent-decoded. Unknown ones are ignored.
struct QueryParameters {
    private let pairs: [(name: [UInt8], value: [UInt8]?)]

    init(_ request: Request) {
        guard let query = request.query else {
            pairs = []
            return
        }
        pairs = request.bytes[query].split(separator: UInt8(ascii: "&")).map { pair in
            let parts = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? percentDecoded(parts[1]) : []
            return (percentDecoded(parts[0]) ?? [], value)
        }
    }

    /// Returns a number in decimal digits; nil without the parameter. Throws 400 if it is repeated, empty,
    /// not a number or out of bounds.
    func number(_ name: String, in bounds: ClosedRange<Int>) throws(APIError) -> Int? {
        let values = pairs.filter { $0.name.elementsEqual(name.utf8) }
        guard let first = values.first else { return nil }
        guard values.count == 1, let value = first.value,
            let number = decimalNumber(value, maximumDigits: 18), bounds.contains(number)
        else { throw .invalidQuery }
        return number
    }
}
