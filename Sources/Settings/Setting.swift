import TOML

/// One row of the table of settings: everything that the file, the environment, the help and the documents
/// say about one key.
package struct Setting: Sendable {
    package let key: String
    /// What the setting does, in whole sentences.
    package let help: String
    /// What a value must be, to follow the word "expects".
    let expectation: String
    /// Takes a value over, or throws when it is none for this key.
    let store: @Sendable (SettingValue, inout Settings) throws(UnsuitableValue) -> Void
    /// The value as the file would give it, without secrets.
    let show: @Sendable (Settings) -> String
    /// Whether two settings differ in this key.
    let differs: @Sendable (Settings, Settings) -> Bool
    /// Whether a running service takes over a new value: whether the value is one of `Settings.Reloadable`.
    let isReloadable: Bool

    /// The default as the file would give it, or in words where a file cannot.
    package var defaultText: String { show(Settings()) }
}

/// Why a value does not suit a key. It says nothing of the value, which may be a secret.
struct UnsuitableValue: Error {
    /// Sentences of their own, where "expects …" does not say enough.
    var reasons: [String] = []
}

extension Setting {
    /// A setting kept in one property, with a reader and a writer of its type.
    static func property<Value: Equatable & Sendable>(
        _ key: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, expects expectation: String,
        help: String, read: @escaping @Sendable (SettingValue) throws(UnsuitableValue) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) -> Setting {
        Setting(
            key: key, help: help, expectation: expectation,
            store: { value, settings throws(UnsuitableValue) in
                guard let value = try read(value) else { throw UnsuitableValue() }
                settings[keyPath: path] = value
            },
            show: { show($0[keyPath: path]) },
            differs: { $0[keyPath: path] != $1[keyPath: path] },
            isReloadable: false)
    }

    /// The same for a property that a running service takes over.
    static func property<Value: Equatable & Sendable>(
        _ key: String, reloadable path: any WritableKeyPath<Settings.Reloadable, Value> & Sendable,
        expects expectation: String, help: String,
        read: @escaping @Sendable (SettingValue) throws(UnsuitableValue) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) -> Setting {
        Setting(
            key: key, help: help, expectation: expectation,
            store: { value, settings throws(UnsuitableValue) in
                guard let value = try read(value) else { throw UnsuitableValue() }
                settings.reloadable[keyPath: path] = value
            },
            show: { show($0.reloadable[keyPath: path]) },
            differs: { $0.reloadable[keyPath: path] != $1.reloadable[keyPath: path] },
            isReloadable: true)
    }

    static func text(
        _ key: String, _ path: any WritableKeyPath<Settings, String> & Sendable,
        expects expectation: String, help: String,
        isValid: @escaping @Sendable (String) -> Bool
    ) -> Setting {
        property(
            key, path, expects: expectation, help: help,
            read: { $0.text.flatMap { isValid($0) ? $0 : nil } }, show: quoted)
    }

    static func integer<Value: FixedWidthInteger & Sendable>(
        _ key: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, _ bounds: ClosedRange<Value>,
        help: String
    ) -> Setting {
        property(
            key, path, expects: "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
            help: help,
            read: { $0.integer.flatMap(Value.init(exactly:)).flatMap { bounds.contains($0) ? $0 : nil } },
            show: { "\($0)" })
    }

    static func integer(
        _ key: String, reloadable path: any WritableKeyPath<Settings.Reloadable, Int> & Sendable,
        _ bounds: ClosedRange<Int>, help: String
    ) -> Setting {
        property(
            key, reloadable: path,
            expects: "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
            help: help, read: { $0.integer.flatMap { bounds.contains($0) ? $0 : nil } }, show: { "\($0)" })
    }

    static func flag(
        _ key: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable, help: String
    ) -> Setting {
        property(key, path, expects: "true or false", help: help, read: \.flag, show: { "\($0)" })
    }

    static func flag(
        _ key: String, reloadable path: any WritableKeyPath<Settings.Reloadable, Bool> & Sendable,
        help: String
    ) -> Setting {
        property(
            key, reloadable: path, expects: "true or false", help: help, read: \.flag, show: { "\($0)" })
    }

    static func duration(
        _ key: String, _ path: any WritableKeyPath<Settings, Duration> & Sendable,
        _ bounds: ClosedRange<Duration>, help: String
    ) -> Setting {
        property(
            key, path, expects: expectation(of: bounds), help: help, read: { duration($0, in: bounds) },
            show: { quoted(DurationText.render($0)) })
    }

    static func duration(
        _ key: String, reloadable path: any WritableKeyPath<Settings.Reloadable, Duration> & Sendable,
        _ bounds: ClosedRange<Duration>, help: String
    ) -> Setting {
        property(
            key, reloadable: path, expects: expectation(of: bounds), help: help,
            read: { duration($0, in: bounds) }, show: { quoted(DurationText.render($0)) })
    }

    private static func expectation(of bounds: ClosedRange<Duration>) -> String {
        let (lower, upper) = (DurationText.render(bounds.lowerBound), DurationText.render(bounds.upperBound))
        return "a duration from \(quoted(lower)) to \(quoted(upper)): a number with ms, s, m or h"
    }

    private static func duration(_ value: SettingValue, in bounds: ClosedRange<Duration>) -> Duration? {
        value.text.flatMap(DurationText.read).flatMap { bounds.contains($0) ? $0 : nil }
    }
}
