/// A value of TOML, as far as settings need it.
package enum TOMLValue: Equatable, Sendable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case array([TOMLValue])
    case table([String: TOMLValue])
    case dateTime(TOMLDateTime)
    /// A kind that no setting takes: a float, a local date or a local time.
    case other
}
