import StoreAddress
import Testing

@Suite struct DatabaseAddressTests {
    @Test(arguments: [
        ("sqlite:megaphone.db", DatabaseAddress.sqlite(path: "megaphone.db")),
        ("sqlite:/var/lib/megaphone.db", .sqlite(path: "/var/lib/megaphone.db")),
        ("sqlite:///var/lib/megaphone.db", .sqlite(path: "/var/lib/megaphone.db")),
        ("sqlite:50%.db?x", .sqlite(path: "50%.db?x")), ("sqlite:a~$1$.db", .sqlite(path: "a~$1$.db")),
        ("SQLite::memory:", .sqliteMemory),
        ("mysql://u@h/d", .mysql(MySQLAddress(host: "h", user: "u", database: "d"))),
        (
            "mysql://user:pass@db.example:3307/mega",
            .mysql(
                MySQLAddress(host: "db.example", port: 3307, user: "user", password: "pass", database: "mega")
            )
        ),
        (
            "mysql://u%40x:p%3A%2F%3f%23%25@[2001:db8::1]:65535/d%2D1",
            .mysql(
                MySQLAddress(
                    host: "2001:db8::1", port: 65_535, user: "u@x", password: "p:/?#%", database: "d-1"))
        ),
        (
            "mysql://u:p:q@r@[::1]/d",
            .mysql(MySQLAddress(host: "::1", user: "u", password: "p:q@r", database: "d"))
        ),
        ("mysql://ü:€@h/d", .mysql(MySQLAddress(host: "h", user: "ü", password: "€", database: "d"))),
        (
            "mysql://u@/d?socket=%2Frun%2Fmysqld.sock",
            .mysql(MySQLAddress(host: "", socket: "/run/mysqld.sock", user: "u", database: "d"))
        ),
        (
            "mysql://u@h/d?ssl_mode=verify_ca&ssl-ca=/ca.pem&ssl-cert=/c.pem&ssl-key=/k.pem",
            .mysql(
                MySQLAddress(
                    host: "h", user: "u", database: "d",
                    encryption: MySQLEncryption(
                        mode: .verifyAuthority, authority: "/ca.pem", certificate: "/c.pem", key: "/k.pem")))
        ),
        (
            "mysql://u@h/d?ssl-mode=DISABLED",
            .mysql(
                MySQLAddress(
                    host: "h", user: "u", database: "d", encryption: MySQLEncryption(mode: .disabled)))
        ),
    ])
    func url_isParsed(url: String, address: DatabaseAddress) throws {
        #expect(try DatabaseAddress(url: url) == address)
    }

    @Test(arguments: [
        ("", "sqlite: or mysql://"), ("megaphone.db", "sqlite: or mysql://"),
        ("postgres://u:hunter2@h/d", "sqlite: or mysql://"), ("sqlite:", "a path"),
        ("sqlite://megaphone.db", "relative path"), ("sqlite:a\0b", "a path"),
        ("mysql:u:hunter2@h/d", "//"), ("mysql://h/d", "no user"), ("mysql://:hunter2@h/d", "empty user"),
        ("mysql://u:hunter2@/d", "no host"), ("mysql://u:hunter2@h", "database"),
        ("mysql://u:hunter2@h/", "database"), ("mysql://u:hunter2@h/d/e", "database"),
        ("mysql://u:hunter2@h:/d", "port"), ("mysql://u:hunter2@h:0/d", "port"),
        ("mysql://u:hunter2@h:65536/d", "port"), ("mysql://u:hunter2@h:+1/d", "port"),
        ("mysql://u:hunter2@h:x/d", "port"), ("mysql://u:hunter2@::1/d", "port"),
        ("mysql://u:hunter2@[::1/d", "no ]"), ("mysql://u:hunter2@[::1]x/d", "after the ]"),
        ("mysql://u:hunter2@[host]/d", "not an IPv6"), ("mysql://u:hunter2%@h/d", "password"),
        ("mysql://u:hunter2%4@h/d", "password"), ("mysql://u:hunter2%zz@h/d", "password"),
        ("mysql://u:hunter2%00@h/d", "password"), ("mysql://u:hunter2%FF@h/d", "password"),
        ("mysql://u:hunter2#@h/d", "%23"), ("mysql://u:hun/ter2@h/d", "an @"),
        ("mysql://u:hun?ter2@h/d", "an @"), ("mysql://u:hunter2@h/d?charset=utf8", "charset"),
        ("mysql://u:hunter2@h/d?ssl-mode=ON", "ssl-mode"), ("mysql://u:hunter2@h/d?ssl-ca", "ssl-ca"),
        ("mysql://u:hunter2@h/d?socket=/a&socket=/b", "socket twice"),
        ("mysql://u:hunter2@h/d?ssl-ca=/ca.pem", "VERIFY_CA"),
        ("mysql://u:hunter2@h/d?ssl-mode=REQUIRED&ssl-ca=/ca.pem", "VERIFY_CA"),
        ("mysql://u:hunter2@h/d?ssl-mode=VERIFY_IDENTITY", "ssl-ca"),
        ("mysql://u:hunter2@h/d?ssl-cert=/c.pem", "ssl-key"),
        ("mysql://u:hunter2@h/d?ssl-mode=DISABLED&ssl-cert=/c.pem&ssl-key=/k.pem", "DISABLED"),
    ])
    func url_isRejected_withoutRevealingThePassword(url: String, reason: String) {
        #expect {
            try DatabaseAddress(url: url)
        } throws: { error in
            let text = "\(error)"
            return text.contains(reason) && !text.contains("hun") && !text.contains("ter2")
        }
    }

    @Test(
        "Rough edge: messages for ?mode=rwc, ~, ${VAR} in a SQLite path and @tcp(h:3306) say what was expected",
        arguments: [
            ("sqlite:megaphone.db?mode=rwc", "an SQLite path has none, write sqlite:PATH"),
            ("sqlite:///a/m.db?cache=shared&mode=rwc", "an SQLite path has none"),
            ("sqlite:~/m.db", "write the absolute path"), ("sqlite:~hunter2/m.db", "write the absolute path"),
            ("sqlite:${HOME}/m.db", "variables are not expanded"),
            ("sqlite:/data/$NAME.db", "variables are not expanded"),
            ("sqlite:/data/$(hostname).db", "variables are not expanded"),
            ("mysql://u:hunter2@${DB_HOST}:3306/d", "variables are not expanded"),
            ("u:hunter2@tcp(h:3306)/d", "write mysql://user:password@host:port/database"),
            ("mysql://u:hunter2@tcp(h:3306)/d", "write mysql://user:password@host:port/database"),
            ("u:hunter2@unix(/run/mysqld.sock)/d", "write mysql://user:password@host:port/database"),
        ])
    func otherFormat_isNamed(url: String, expected: String) {
        #expect {
            try DatabaseAddress(url: url)
        } throws: { error in
            "\(error)".contains(expected) && !"\(error)".contains("hunter2")
        }
    }

    @Test(arguments: [
        "sqlite:////a", "sqlite:/a%20?", "sqlite::memory:",
        "mysql://u%40%3A%2F:p@h/d%3F%26?ssl-mode=DISABLED",
        "mysql://ü@[2001:db8::1]:1/%E2%82%AC", "mysql://u@h%3Ax/d",
        "mysql://u:p@/d?socket=/run/a%26b%23.sock",
        "mysql://u@h/d?ssl-mode=VERIFY_CA&ssl-ca=/c%20a&ssl-cert=/%25&ssl-key=/k",
    ])
    func description_parsesToTheSameURL(url: String) throws {
        let address = try DatabaseAddress(url: url)
        let again = try DatabaseAddress(url: address.description)
        #expect(again.description == address.description)
        guard case .mysql(let address) = address, case .mysql(let again) = again else {
            return #expect(again == address)
        }
        let masked = MySQLAddress(
            host: address.host, port: address.port, socket: address.socket, user: address.user,
            password: address.password.isEmpty ? "" : "***", database: address.database,
            encryption: address.encryption)
        #expect(again == masked)
    }

    @Test(arguments: ["mysql://u@h/d?a\u{1B}[2J=x", "mysql://u@h/d?a b=%"])
    func unknownOption_isNotNamed_whenItIsNotAName(url: String) {
        #expect {
            try DatabaseAddress(url: url)
        } throws: { error in
            "\(error)".hasPrefix("has an unknown option;")
        }
    }

    @Test func description_masksThePassword_inEveryForm() throws {
        let address = try DatabaseAddress(url: "mysql://u:hunter2@[::1]/d?ssl-mode=REQUIRED")
        #expect(address.description == "mysql://u:***@[::1]:3306/d?ssl-mode=REQUIRED")
        #expect(!String(reflecting: address).contains("hunter2"))
        #expect(!"\([address])".contains("hunter2"))
    }
}
