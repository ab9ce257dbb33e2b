import Bytes
import TOML

/// The value of a key before its type is known.
enum SettingValue: Equatable, Sendable {
    case text(String)
    /// Text without quotes from the environment: a number, a word or a token, as the key expects.
    case bare(String)
    case integer(Int)
    case flag(Bool)
    case list([SettingValue])
    case table([String: SettingValue])
    case dateTime(TOMLDateTime)
    /// A type that no setting has, such as a date without a time.
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
            case .dateTime(let dateTime): .dateTime(dateTime)
            case .other: .unused
            }
    }

    /// Parses a value of the environment or the command line in all ways that apply, the best first: as TOML,
    /// then as Rocket does.
    ///
    /// Both are needed even if the first succeeds. `{test=[12345]}`, whose quotes the shell removed, is a
    /// list of numbers in TOML, but a list of tokens for a key that expects tokens. Docker keeps quotes
    /// around a whole value in an environment file, so the content of a string is parsed as well.
    static func readings(of text: String) -> [SettingValue] {
        // An IPv6 address in brackets is not a list, although it begins like one.
        if text.trimmed.hasPrefix("["), IPAddress(text.trimmed.dropFirst().dropLast()) != nil {
            return [.bare(String(text.trimmed))]
        }
        let readings = [TOMLReader.value(of: text).map(SettingValue.init), LenientReader.read(text)]
            .compactMap(\.self)
        guard case .text(let inner) = readings.first else { return readings }
        return readings
            + [TOMLReader.value(of: inner).map(SettingValue.init), LenientReader.read(inner)].compactMap(
                \.self)
    }
}
