import Access
import Broadcasts
import Settings
import StoreAddress
import TestSupport
import Testing
import Time

/// Checks the image, the compose file and the systemd unit against the settings they rely on.
@Suite struct DeploymentTests {
    /// Returns the rest of each line that begins with the prefix, such as `EXPOSE `.
    private static func values(_ file: String, _ prefix: String) throws -> [String] {
        try SourceTree.text(of: file).split(separator: "\n").filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)) }
    }

    private static func imageEnvironment() throws -> [String: String] {
        pairs(try values("Dockerfile", "ENV "), separator: "=")
    }

    private static func pairs(_ lines: [String], separator: Character) -> [String: String] {
        let pairs = lines.compactMap { line -> (String, String)? in
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (parts[0].trimmed(" "), parts[1].trimmed(" '\""))
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Returns the variables below `environment:` of a service.
    private static func composeEnvironment(of service: String) throws -> [String: String] {
        let lines = try SourceTree.text(of: "docker-compose.yml").split(separator: "\n").map(String.init)
        let start = try #require(lines.firstIndex(of: "  \(service):"))
        let below = lines[start...].drop { $0 != "    environment:" }.dropFirst()
        return pairs(Array(below.prefix { $0.hasPrefix("      ") }), separator: ":")
    }

    private static func load(_ environment: [String: String]) throws -> Settings {
        let loaded = try Settings.load(file: nil, environment: environment)
        #expect(loaded.notes.isEmpty && loaded.warnings.isEmpty)
        return loaded.settings
    }

    @Test func image_exposesItsPort_andSetsTheVersionFile() throws {
        let settings = try Self.load(Self.imageEnvironment())
        #expect(settings.address == "0.0.0.0")
        #expect(try Self.values("Dockerfile", "EXPOSE ") == ["\(settings.port)"])
        #expect(settings.versionFile == "/app/version.json")
        let manifest = try SourceTree.text(of: "Dockerfile")
        #expect(manifest.contains(#""$SOURCE" "$VERSION" "$COMMIT" "$BUILD" > /app/version.json"#))
    }

    /// The default database is a relative path, so the working directory must be a volume.
    @Test func image_keepsTheDefaultDatabaseInItsVolume() throws {
        #expect(try Self.load(Self.imageEnvironment()).database == .sqlite(path: "megaphone.db"))
        #expect(try Self.values("Dockerfile", "WORKDIR ").last == "/data")
        #expect(try Self.values("Dockerfile", "VOLUME ") == ["/data"])
    }

    @Test(arguments: [("MEGAPHONE_ADDRESS", "::"), ("ROCKET_ADDRESS", "10.0.0.1")])
    func image_acceptsAnotherAddress(name: String, address: String) throws {
        let environment = try Self.imageEnvironment().merging([name: address]) { $1 }
        #expect(try Self.load(environment).address == address)
    }

    /// Numeric IDs, because Kubernetes cannot verify `runAsNonRoot` for a user name.
    @Test func image_doesNotRunAsRoot() throws {
        let numbers = try #require(Self.values("Dockerfile", "USER ").last).split(separator: ":").map {
            Int($0)
        }
        #expect(numbers.count == 2 && numbers.allSatisfy { ($0 ?? 0) > 0 })
    }

    /// On another release, the program might not find the libraries that it was linked with.
    @Test func image_isBuiltOnTheDebianReleaseItRunsOn() throws {
        let images = try Self.values("Dockerfile", "FROM ").map { Set($0.split { ":- ".contains($0) }) }
        try #require(images.count == 2)
        #expect(images[0].intersection(images[1]).count == 1, "one release, such as bookworm")
    }

    @Test func composeFile_connectsTheServiceToItsDatabase() throws {
        let database = try Self.composeEnvironment(of: "db")
        let service = try Self.composeEnvironment(of: "app")
        let settings = try Self.load(try Self.imageEnvironment().merging(service) { $1 })
        let user = try #require(database["MYSQL_USER"])
        let password = try #require(database["MYSQL_PASSWORD"])
        let name = try #require(database["MYSQL_DATABASE"])
        let address = try DatabaseAddress(url: "mysql://\(user):\(password)@db:3306/\(name)")
        #expect(settings.database == address)
        #expect(
            settings.reloadable.access.identity(
                of: TokenDigest(token: "foobar"), at: UnixTime(nanoseconds: 0)) == .broadcaster("test"))
        #expect(
            settings.reloadable.access.identity(of: TokenDigest(token: "quux"), at: UnixTime(nanoseconds: 0))
                == .reader("autopush"))
    }

    @Test func composeFile_publishesThePortsOfTheOriginal() throws {
        let text = try SourceTree.text(of: "docker-compose.yml")
        #expect(text.contains("- \"8000:8000\"\n"))
        #expect(text.contains("- \"4306:3306\"\n"))
    }

    @Test func unit_allowsForDrainingAndForConnections() throws {
        let unit = "Deploy/megaphone.service"
        let stop = try #require(Self.values(unit, "TimeoutStopSec=").first.flatMap { Int($0) })
        #expect(.seconds(stop) > Settings().shutdownGrace + Settings().reloadable.drainDelay)
        let descriptors = try #require(Self.values(unit, "LimitNOFILE=").first.flatMap { Int($0) })
        #expect(descriptors > 2 * Settings().maximumConnections)
    }

    /// By default, systemd stops restarting a unit after five failures within ten seconds.
    @Test func unit_isRestarted_afterEveryFailure() throws {
        let unit = "Deploy/megaphone.service"
        #expect(try Self.values(unit, "Restart=") == ["on-failure"])
        #expect(try Self.values(unit, "StartLimitIntervalSec=") == ["0"])
    }

    /// With an unnamed volume, the next container would start with an empty board.
    @Test func dockerRunCommands_nameTheVolume() throws {
        let document = try SourceTree.text(of: "Deploy/README.md")
        for command in document.split(separator: "docker run").dropFirst() {
            #expect(command.prefix(while: { $0 != "`" }).contains("--volume megaphone:/data"))
        }
    }

    @Test("Fault 10: megaphone.env means the same to systemd, docker and a shell that sources it")
    func environmentExample_meansTheSameEverywhere() throws {
        let lines = try Self.values("Deploy/megaphone.env", "#MEGAPHONE_").map { "MEGAPHONE_\($0)" }
        #expect(lines.count == 2)
        let directory = try TemporaryDirectory()
        try directory.write(lines.joined(separator: "\n") + "\n", to: "megaphone.env")
        let sourced = try Shell.run(
            "set -a; . \(directory.path)/megaphone.env; env | grep ^MEGAPHONE_; true")
        let shell = Self.rawPairs(sourced.output.split(separator: "\n").map(String.init))
        // docker run --env-file takes what follows the = as it is, with quotes.
        let docker = Self.rawPairs(lines)
        // systemd.exec(5): quotes around a value are removed, and nothing within single quotes is replaced.
        let systemd = docker.mapValues { $0.hasPrefix("'") ? String($0.dropFirst().dropLast()) : $0 }
        let password = "p%40ss$word&more"
        let address = try DatabaseAddress(
            url: """
                mysql://megaphone:\(password)@db.example.org:3306/megaphone\
                ?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/megaphone/ca.pem
                """)
        for environment in [shell, docker, systemd] {
            let settings = try Self.load(environment)
            #expect(settings.database == address)
            #expect(settings.address == "::")
        }
        #expect(shell == systemd)
    }

    private static func rawPairs(_ lines: [String]) -> [String: String] {
        let pairs = lines.map { line -> (String, String) in
            let parts = line.split(separator: "=", maxSplits: 1)
            return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test("Rough edge: the image's HEALTHCHECK asks for liveness, not for the database")
    func image_isRestarted_onlyIfTheProcessFails() throws {
        let check = try Self.values("Dockerfile", "HEALTHCHECK ")
        #expect(
            check.count == 1 && check[0].hasSuffix(#"CMD ["/app/bin/megaphone", "healthcheck", "--live"]"#))
    }

    @Test("Rough edge: the unit has Type=notify, and a reload checks the configuration first")
    func unit_notifies_andChecksBeforeAReload() throws {
        let unit = "Deploy/megaphone.service"
        #expect(try Self.values(unit, "Type=") == ["notify"])
        let reload = try Self.values(unit, "ExecReload=")
        let start = try #require(Self.values(unit, "ExecStart=").first)
        let options = try #require(start.split(separator: " serve ").last)
        #expect(reload.count == 2)
        #expect(reload.first == "/usr/local/bin/megaphone check-config --quiet \(options)")
        #expect(reload.last?.contains("kill -HUP") == true)
    }
}

extension Substring {
    fileprivate func trimmed(_ characters: String) -> String {
        var text = self
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return String(text.drop { characters.contains($0) })
    }
}
