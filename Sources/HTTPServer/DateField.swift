internal import EventLoop
internal import HTTPWire

/// The value of the `Date` field, rendered once a second (RFC 9110 section 6.6.1).
struct DateField {
    private(set) var bytes: [UInt8] = []
    private var second = Int64.min

    /// Renders anew when the second has changed.
    mutating func refresh(_ system: SystemCalls) {
        let now = system.unixSeconds()
        guard now != second else { return }
        second = now
        bytes = HTTPDate.render(unixSeconds: now)
    }
}
