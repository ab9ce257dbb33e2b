import TOML

/// One row of the table of settings: everything that the file, the environment, the help and the documents
/// say about one key.
package struct Setting: Sendable {
    package let key: String
    /// What the setting does, in whole sentences.
    package let help: String
    /// The valid values, as a phrase that follows the word "expects".
    let expectation: String
    /// Stores a value, or throws if it is not valid for this key.
    let store: @Sendable (SettingValue, inout Settings) throws(UnsuitableValue) -> Void
    /// Renders the value as in the file, with secrets masked.
    let show: @Sendable (Settings) -> String
    /// Returns whether two sets of settings differ in this key.
    let differs: @Sendable (Settings, Settings) -> Bool
    /// Whether SIGHUP applies a new value: whether the value is in `Settings.Reloadable`.
    let isReloadable: Bool

    /// The default, as in the file.
    package var defaultText: String { show(Settings()) }
}

/// A value that is not valid for its key. The error does not contain the value, which may be a secret.
struct UnsuitableValue: Error {
    /// The reasons, if "expects …" is not precise enough.
    var reasons: [String] = []
}

extension Setting {
    /// Creates a setting that is stored in one property, with functions that parse and render its value.
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

    /// Creates a setting that SIGHUP applies.
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
