internal import HTTP
internal import HTTPWire
internal import Time

/// The value of the `Date` field, rendered once a second (RFC 9110 section 6.6.1).
struct DateField {
    private(set) var bytes: [UInt8] = []
    private var second = Int.min

    /// Renders the value again when the second has changed.
    mutating func refresh(_ clock: Clock) {
        let now = clock.wallSeconds
        guard now != second else { return }
        second = now
        bytes = HTTPDate.render(unixSeconds: now)
    }
}
