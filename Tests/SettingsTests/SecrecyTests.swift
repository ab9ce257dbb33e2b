import Broadcasts
import Settings
import Testing

/// Damaged configurations with tokens and a password. No message or summary may contain one of these secrets.
struct SecrecyTests {
    private static let secrets = ["hunter2token", "s3cretpassword", "quuxtoken77", "tok1,tok2", "9f8e7d6c"]

    private static let file = """
        port = 8000
        database_url = "mysql://megaphone:s3cretpassword@db:3306/megaphone?ssl-mode=REQUIRED"
        broadcaster_auth = { test = ["hunter2token", "tok1,tok2"], other = "9f8e7d6c" }
        log_level = "info"
        [reader_auth]
        autopush = ["quuxtoken77"]
        """

    /// Returns everything that is printed about a configuration.
    private func printed(
        _ file: String, _ environment: [String: String] = [:], _ commandLine: [String: String] = [:]
    ) -> String {
        do {
            let loaded = try load(file, environment: environment, commandLine: commandLine)
            return loaded.summary + loaded.notes.joined() + "\(loaded)" + String(reflecting: loaded.settings)
        } catch {
            return "\(error)" + String(reflecting: error)
        }
    }

    private func expectNoSecret(_ printed: String, _ input: String) {
        for secret in Self.secrets {
            #expect(!printed.contains(secret), "\(printed) contains a secret of \(input)")
        }
    }

    @Test func validConfiguration_showsNoSecret() {
        expectNoSecret(printed(Self.file), Self.file)
    }

    @Test func everyMissingCharacter_showsNoSecret() {
        // Without its colon the password would be a part of the user's name.
        let colon = Self.file.firstRange(of: ":s3cret")?.lowerBound
        for index in Self.file.indices where index != colon {
            var file = Self.file
            file.remove(at: index)
            expectNoSecret(printed(file), file)
        }
    }

    @Test(arguments: [
        "\"", "'", "[", "]", "{", "}", "=", ",", "\n", "#", "\\", ".", "@", "/", "?", " ", "\u{1}",
    ])
    func everyAddedCharacter_showsNoSecret(character: Character) {
        for index in Self.file.indices {
            var file = Self.file
            file.insert(character, at: index)
            expectNoSecret(printed(file), file)
        }
    }

    @Test func everyPrefix_showsNoSecret() {
        for index in Self.file.indices { expectNoSecret(printed(String(Self.file[..<index])), "a beginning") }
    }

    @Test(arguments: [
        "mysql://megaphone:s3cretpassword@db:3306/megaphone", "mysql://megaphone:s3cretpassword",
        "mysql://s3cretpassword@", "mysql://m:a/s3cretpassword@h/d", "mysql://m:a?s3cretpassword@h/d",
        "mysql://m:a#s3cretpassword@h/d", "mysql://m:a@x:s3cretpassword@h/d", "mysql:m:s3cretpassword@h/d",
        "mysql://m:%zzs3cretpassword@h/d", "postgres://m:s3cretpassword@h/d",
        "mysql://m:a@h?s3cretpassword@h/d",
        "mysql://m:s3cretpassword@h:99999/d", "mysql://m:s3cretpassword@h/",
        "mysql://m:s3cretpassword@[::1/d",
        "mysql://m:a?ssl-mode=s3cretpassword@h/d",
    ])
    func databaseURL_showsNoPassword(url: String) {
        expectNoSecret(printed("", ["ROCKET_DATABASE_URL": url]), url)
    }

    @Test func damagedEnvironment_showsNoSecret() {
        let value = #"{test=["hunter2token","9f8e7d6c"],other=quuxtoken77}"#
        for index in value.indices {
            for damage in ["", "\"", "[", "]", "{", "}", "=", ",", "\n", "\\", " "] {
                var damaged = value
                damaged.replaceSubrange(index...index, with: damage)
                expectNoSecret(printed("", ["MEGAPHONE_READER_AUTH": damaged]), damaged)
                damaged = value
                damaged.insert(contentsOf: damage, at: index)
                expectNoSecret(printed("", ["ROCKET_BROADCASTER_AUTH": damaged]), damaged)
                expectNoSecret(printed("", [:], ["reader_auth": damaged]), damaged)
            }
        }
    }
}
