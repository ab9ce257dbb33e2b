/// One row of the table of settings: everything that the file, the environment, the help and the documents say
/// about one key.
package struct Setting: Sendable {
    package let key: String
    /// What the setting does, in whole sentences.
    package let help: String
    /// What a value must be, to follow the word "expects".
    package let expectation: String
    /// A value as the file would give it, other than the default.
    package let example: String
    /// Takes a value over, or throws when it is none for this key.
    let store: @Sendable (SettingValue, inout Settings) throws(UnsuitableValue) -> Void
    /// The value as the file would give it, without secrets.
    let show: @Sendable (Settings) -> String

    /// The default as the file would give it, or in words where a file cannot.
    package var defaultText: String { show(Settings()) }
}

/// Why a value does not suit a key. It says nothing of the value, which may be a secret.
struct UnsuitableValue: Error {
    /// A sentence of its own, where "expects …" does not say enough.
    var reason: String?
}

extension Setting {
    /// A setting kept in one property, with a reader and a writer of its type.
    static func property<Value>(
        _ key: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, expects expectation: String,
        example: String, help: String,
        read: @escaping @Sendable (SettingValue) throws(UnsuitableValue) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) -> Setting {
        Setting(
            key: key, help: help, expectation: expectation, example: example,
            store: { value, settings throws(UnsuitableValue) in
                guard let value = try read(value) else { throw UnsuitableValue() }
                settings[keyPath: path] = value
            },
            show: { show($0[keyPath: path]) })
    }

    static func text(
        _ key: String, _ path: any WritableKeyPath<Settings, String> & Sendable,
        expects expectation: String, example: String, help: String,
        isValid: @escaping @Sendable (String) -> Bool
    ) -> Setting {
        property(
            key, path, expects: expectation, example: quoted(example), help: help,
            read: { $0.text.flatMap { isValid($0) ? $0 : nil } }, show: quoted)
    }

    static func integer<Value: FixedWidthInteger & Sendable>(
        _ key: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, _ bounds: ClosedRange<Value>,
        example: Value, help: String
    ) -> Setting {
        property(
            key, path, expects: "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
            example: "\(example)", help: help,
            read: { $0.integer.flatMap(Value.init(exactly:)).flatMap { bounds.contains($0) ? $0 : nil } },
            show: { "\($0)" })
    }

    static func flag(
        _ key: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable, help: String
    ) -> Setting {
        property(
            key, path, expects: "true or false", example: "\(!Settings()[keyPath: path])", help: help,
            read: \.flag, show: { "\($0)" })
    }

    static func duration(
        _ key: String, _ path: any WritableKeyPath<Settings, Duration> & Sendable,
        _ bounds: ClosedRange<Duration>, example: Duration, help: String
    ) -> Setting {
        let bottom = DurationText.render(bounds.lowerBound)
        let top = DurationText.render(bounds.upperBound)
        return property(
            key, path,
            expects: "a duration from \(bottom) to \(top): a number with ms, s, m or h, such as"
                + " \(quoted(DurationText.render(example)))",
            example: quoted(DurationText.render(example)), help: help,
            read: { $0.text.flatMap(DurationText.read).flatMap { bounds.contains($0) ? $0 : nil } },
            show: { quoted(DurationText.render($0)) })
    }
}

/// A TOML basic string, in one line whatever the text.
func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\u{20}"..."\u{7E}": String(scalar)
        default:
            "\\U" + String(repeating: "0", count: 8 - String(scalar.value, radix: 16).count)
                + String(scalar.value, radix: 16)
        }
    }
    return "\"\(escaped.joined())\""
}
