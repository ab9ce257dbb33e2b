import Bytes

/// The environment variables that are settings, and messages about those that only look like settings.
struct EnvironmentVariables {
    private let environment: [String: String]
    /// Errors: variables with the prefix `MEGAPHONE_` that are not settings, one line each.
    private(set) var problems: [String] = []
    /// Notes: ignored variables with the prefix `ROCKET_`, and those set by a container platform.
    private(set) var notes: [String] = []

    private static let ownPrefix = "MEGAPHONE_"
    private static let rocketPrefix = "ROCKET_"

    init(_ environment: [String: String]) {
        // docker-compose passes `NAME: ${NAME}` as an empty value if the variable is not set.
        let environment = environment.filter { !$0.value.trimmed.isEmpty }
        var serviceLinks: [String] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            if Self.isServiceLink(name, value) {
                serviceLinks.append(name)
            } else if let key = Self.unknownKey(name, Self.ownPrefix) {
                problems.append(
                    "\(legible(name)): unknown setting" + suggestion(for: key, prefix: Self.ownPrefix))
            } else if let key = Self.unknownKey(name, Self.rocketPrefix) {
                let reason = RocketNames.ignoredKeys.contains(key) ? "not supported" : "unknown setting"
                notes.append(
                    "\(legible(name)): \(reason), ignored"
                        + suggestion(for: key, prefix: Self.rocketPrefix))
            }
        }
        if !serviceLinks.isEmpty {
            let names = serviceLinks.map(legible).joined(separator: ", ")
            notes.append("\(names): set by the container platform, ignored")
        }
        self.environment = environment.filter { !serviceLinks.contains($0.key) }
    }

    /// Returns the variable that sets a key, and its value. `MEGAPHONE_<KEY>` overrides `ROCKET_<KEY>`, which
    /// overrides `PORT`.
    func value(of key: String) -> (name: String, value: String)? {
        var names = [Self.ownPrefix + key.uppercased(), Self.rocketPrefix + key.uppercased()]
        if key == "port" { names.append("PORT") }
        for name in names {
            guard let value = environment[name] else { continue }
            // Rocket accepts this duration as a number of seconds.
            let isRocketsNumber =
                name == "ROCKET_KEEP_ALIVE" && value.isDecimal
            return (name, isRocketsNumber ? value + "s" : value)
        }
        return nil
    }

    /// Returns the key of a variable with this prefix if there is no such setting, otherwise nil.
    private static func unknownKey(_ name: String, _ prefix: String) -> String? {
        guard name.hasPrefix(prefix) else { return nil }
        let isKnown = SettingsTable.all.contains { name == prefix + $0.key.uppercased() }
        return isKnown ? nil : name.dropFirst(prefix.count).lowercased()
    }

    /// Returns whether Kubernetes set this variable for a service whose name begins with `megaphone`. Every
    /// container of the namespace gets such variables, `MEGAPHONE_PORT=tcp://10.0.0.1:8000` among them.
    private static func isServiceLink(_ name: String, _ value: String) -> Bool {
        guard name.hasPrefix(ownPrefix) else { return false }
        if name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") { return true }
        let schemes = ["tcp://", "udp://", "sctp://"]
        if name.hasSuffix("_PORT"), schemes.contains(where: value.hasPrefix) { return true }
        let words = name.split(separator: "_")
        return words.indices.dropFirst().dropLast().contains { index in
            words[index - 1] == "PORT" && Int(words[index]) != nil
                && ["TCP", "UDP", "SCTP"].contains(words[index + 1])
        }
    }
}

/// Names of Rocket 0.4 and the original Megaphone that this program does not use.
enum RocketNames {
    static let ignoredKeys: Set = [
        "cli_colors", "database_use_test_transactions", "env", "limits", "log", "read_timeout", "secret_key",
        "sentry_dsn", "template_dir", "tls", "write_timeout",
    ]

    /// The sections of a Rocket.toml: one for each of Rocket's environments, and one for all.
    static let sections: Set = [
        "dev", "development", "global", "prod", "production", "stage", "staging",
    ]
}
