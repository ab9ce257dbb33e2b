internal import CMySQL
internal import Glibc
package import Logging
package import MySQLStore
internal import Randomness
package import StoreAddress
package import Testing
internal import Time

/// The server that Scripts/with-mariadb started, or that the caller named.
package enum TestServer {
    /// The value of MEGAPHONE_TEST_MYSQL_URL; nil when there is no server.
    package static let address: MySQLAddress? = {
        guard let url = variable("MEGAPHONE_TEST_MYSQL_URL") else { return nil }
        guard case .mysql(let address) = try? DatabaseAddress(url: url) else {
            preconditionFailure("MEGAPHONE_TEST_MYSQL_URL is no MySQL URL")
        }
        return address
    }()

    /// Whether there is one.
    package static let isThere = address != nil

    /// The option that switches TLS off. Of Oracle's server the old switch is gone; without protocols it has
    /// none to offer.
    package static var switchesEncryptionOff: String {
        variable("MEGAPHONE_TEST_MYSQLD")?.hasSuffix("mysqld") ?? false ? "--tls-version=" : "--skip-ssl"
    }

    /// The value of an environment variable.
    package static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// For tests that a trait keeps from running without a server.
    package static func require() throws -> MySQLAddress {
        try #require(address)
    }
}

extension MySQLAddress {
    /// The same server, with some things otherwise.
    package func with(
        host: String? = nil, port: UInt16? = nil, socket: String? = nil, user: String? = nil,
        password: String? = nil, database: String? = nil, encryption: MySQLEncryption? = nil
    ) -> MySQLAddress {
        MySQLAddress(
            host: host ?? self.host, port: port ?? self.port, socket: socket ?? self.socket,
            user: user ?? self.user, password: password ?? self.password,
            database: database ?? self.database, encryption: encryption ?? self.encryption)
    }

    /// Runs statements on a connection of their own, without TLS, and returns the first column of the last
    /// one's rows.
    @discardableResult
    package func sql(_ statements: String...) throws -> [String?] {
        guard megaphone_mysql_library_init() == 0, let connection = unsafe megaphone_mysql_create() else {
            throw SQLFailure(text: "no memory")
        }
        defer { unsafe megaphone_mysql_close(connection) }
        func check(_ result: Int32) throws {
            guard result == 0 else {
                throw SQLFailure(text: unsafe String(cString: megaphone_mysql_error_text(connection)))
            }
        }
        unsafe megaphone_mysql_set_limits(connection, 5, 60)
        try check(
            unsafe megaphone_mysql_connect(
                connection, host, UInt32(port), socket, user, password, database))
        for statement in statements {
            try check(unsafe megaphone_mysql_query(connection, statement, statement.utf8.count))
        }
        var values: [String?] = []
        while unsafe megaphone_mysql_next_row(connection) != 0 {
            var count = 0
            let bytes = unsafe megaphone_mysql_value(connection, 0, &count)
            values.append(
                unsafe bytes.map {
                    unsafe String(
                        decoding: UnsafeRawBufferPointer(start: $0, count: count), as: UTF8.self)
                })
        }
        return values
    }
}

/// What a server or the client library said.
private struct SQLFailure: Error {
    let text: String
}

extension Trait where Self == ConditionTrait {
    /// Skips, and says so, where there is no server.
    package static var needsServer: Self {
        .enabled(if: TestServer.isThere, "MEGAPHONE_TEST_MYSQL_URL is not set; see Scripts/with-mariadb")
    }
}

/// A database of its own for one test, dropped with the value.
package final class MySQLTestDatabase: Sendable {
    package let address: MySQLAddress
    private let server: MySQLAddress

    /// Makes an empty database on a server.
    package init(on server: MySQLAddress) throws {
        let name = "megaphone_test_\(getpid())_\(UInt32.random(in: 0 ... .max))"
        self.server = server
        address = server.with(database: name)
        try server.sql("CREATE DATABASE \(name)")
    }

    /// Makes an empty database on the shared server.
    package convenience init() throws {
        try self.init(on: TestServer.require())
    }

    deinit {
        _ = try? server.sql("DROP DATABASE IF EXISTS \(address.database)")
    }

    /// Ends the sessions of the stores on it; returns how many there were.
    package func killSessions() throws -> Int {
        let ids = try sessionIDs()
        for id in ids { _ = try? address.sql("KILL \(id)") }
        return ids.count
    }

    /// What the server calls the sessions on it.
    package func sessionIDs() throws -> [String] {
        try address.sql(
            """
            SELECT id FROM information_schema.processlist
            WHERE db = '\(address.database)' AND id <> CONNECTION_ID()
            """
        ).compactMap(\.self)
    }

    /// A store on it.
    package func store(poolSize: Int = 4, migrate: Bool = true, logger: Logger = silent) throws -> MySQLStore
    {
        try MySQLStore(address: address, poolSize: poolSize, migrate: migrate, logger: logger)
    }
}
