import Bytes

/// The environment variables that are settings, and messages about those that only look like settings.
struct EnvironmentVariables {
    /// The variable that sets a key.
    struct Variable {
        let name: String
        let value: String
        /// Whether the value is the path of a file that holds the setting.
        let isFile: Bool
    }

    private let environment: [String: String]
    /// Notes: ignored variables with the prefix `ROCKET_`, and those set by a container platform.
    private(set) var notes: [String] = []
    /// Warnings: ignored variables with the prefix `MEGAPHONE_`, one line each.
    private(set) var warnings: [String] = []

    private static let ownPrefix = "MEGAPHONE_"
    private static let rocketPrefix = "ROCKET_"
    private static let fileSuffix = "_FILE"
    /// Read by the program itself: the configuration file.
    private static let configName = "MEGAPHONE_CONFIG"

    init(_ environment: [String: String]) {
        var serviceLinks: [String] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where !value.isBlank {
            if Self.isServiceLink(name, value) {
                serviceLinks.append(name)
            } else if let key = Self.unknownKey(name, Self.ownPrefix) {
                warnings.append(
                    "\(legible(name)): unknown setting, ignored"
                        + suggestion(for: key, prefix: Self.ownPrefix))
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

    /// Returns the variable that sets a key. `MEGAPHONE_<KEY>` and `MEGAPHONE_<KEY>_FILE` override
    /// `ROCKET_<KEY>`, which overrides `PORT`.
    ///
    /// A blank value counts as not set: docker-compose passes `NAME: ${NAME}` as an empty value if the
    /// variable is not set. A blank URL of the database is an error, because the service would otherwise
    /// store the broadcasts in the default SQLite file.
    ///
    /// - Throws: A problem, in one line.
    func variable(for key: String) throws(SettingsErrors) -> Variable? {
        let own = Self.ownPrefix + key.uppercased()
        let file = own + Self.fileSuffix
        if let path = value(of: file) {
            guard value(of: own) == nil else {
                throw SettingsErrors(problems: ["\(own): set together with \(file); set only one of them"])
            }
            return Variable(name: file, value: path, isFile: true)
        }
        var names = [own, Self.rocketPrefix + key.uppercased()]
        if key == "port" { names.append("PORT") }
        for name in names {
            if let value = value(of: name) { return Variable(name: name, value: value, isFile: false) }
            if key == "database_url", environment[name] != nil {
                throw SettingsErrors(problems: [
                    "\(name): set, but empty; expects the URL of a database, or remove the variable"
                ])
            }
        }
        return nil
    }

    private func value(of name: String) -> String? {
        guard let value = environment[name], !value.isBlank else { return nil }
        // Rocket accepts this duration as a number of seconds.
        return name == "ROCKET_KEEP_ALIVE" && value.isDecimal ? value + "s" : value
    }

    /// Returns the key of a variable with this prefix if there is no such setting, otherwise nil.
    private static func unknownKey(_ name: String, _ prefix: String) -> String? {
        guard name.hasPrefix(prefix), name != configName else { return nil }
        let isKnown = SettingsTable.all.contains { setting in
            let variable = prefix + setting.key.uppercased()
            return name == variable || prefix == ownPrefix && name == variable + fileSuffix
        }
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
