/// Returns the number in lower-case hexadecimal, with leading zeros up to `digits`, which is at most 16.
package func hexadecimal(_ number: some UnsignedInteger, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
