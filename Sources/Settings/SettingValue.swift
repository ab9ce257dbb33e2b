import TOML

/// What stands behind a key, before the key's type is known.
enum SettingValue: Equatable, Sendable {
    case text(String)
    /// Text without quotes from the environment: a number, a word or a token, whichever the key expects.
    case bare(String)
    case integer(Int)
    case flag(Bool)
    case list([SettingValue])
    case table([String: SettingValue])
    /// A kind that no setting has, such as a date.
    case unused

    var text: String? {
        switch self {
        case .text(let text), .bare(let text): text
        default: nil
        }
    }

    var integer: Int? {
        switch self {
        case .integer(let number): number
        case .bare(let text): Int(text)
        default: nil
        }
    }

    var flag: Bool? {
        switch self {
        case .flag(let flag): flag
        case .bare(let text): Bool(text)
        default: nil
        }
    }
}

extension SettingValue {
    init(_ value: TOMLValue) {
        self =
            switch value {
            case .string(let text): .text(text)
            case .integer(let number): .integer(number)
            case .boolean(let flag): .flag(flag)
            case .array(let elements): .list(elements.map(SettingValue.init))
            case .table(let entries): .table(entries.mapValues(SettingValue.init))
            case .other: .unused
            }
    }

    /// The ways to read a value of the environment or the command line, best one first: as TOML, where it is
    /// that, then in Rocket's lenient way.
    ///
    /// Both are needed even when the first succeeds. `{test=[12345]}`, whose quotes the shell took away, is a
    /// list of numbers in TOML, but a token for a key that expects tokens. And Docker leaves quotes that
    /// stand around a whole value in an environment file where they are, so what a text holds is read as
    /// well.
    static func readings(of text: String) -> [SettingValue] {
        let readings = [TOMLReader.value(of: text).map(SettingValue.init), LenientReader.read(text)]
            .compactMap(\.self)
        guard case .text(let inner) = readings.first else { return readings }
        return readings
            + [TOMLReader.value(of: inner).map(SettingValue.init), LenientReader.read(inner)].compactMap(
                \.self)
    }
}
