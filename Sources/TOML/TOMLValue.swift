/// A value of TOML, as far as settings need it.
package enum TOMLValue: Equatable, Sendable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case array([TOMLValue])
    case table([String: TOMLValue])
    /// A kind that no setting takes: a float, a date or a time.
    case other
}
