package import Broadcasts
internal import CMySQL
internal import Glibc
package import Logging
package import MySQLStore
internal import Randomness
package import StoreAddress
package import Testing
internal import Time

/// The server that Scripts/with-mariadb started or that the caller selected.
package enum TestServer {
    /// The address in MEGAPHONE_TEST_MYSQL_URL; nil if it is not set.
    package static let address: MySQLAddress? = {
        guard let url = variable("MEGAPHONE_TEST_MYSQL_URL") else { return nil }
        guard case .mysql(let address) = try? DatabaseAddress(url: url) else {
            preconditionFailure("MEGAPHONE_TEST_MYSQL_URL is not a MySQL URL")
        }
        return address
    }()

    /// Whether MEGAPHONE_TEST_MYSQL_URL is set.
    package static let isAvailable = address != nil

    /// The server option that disables TLS. Recent versions of Oracle's server have no --skip-ssl; an empty
    /// list of TLS versions has the same effect.
    package static var switchesEncryptionOff: String {
        variable("MEGAPHONE_TEST_MYSQLD")?.hasSuffix("mysqld") ?? false ? "--tls-version=" : "--skip-ssl"
    }

    /// Returns the value of an environment variable.
    package static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Returns the address. For tests that a trait skips without a server.
    package static func require() throws -> MySQLAddress {
        try #require(address)
    }
}

extension MySQLAddress {
    /// Returns a copy with some parts replaced.
    package func with(
        host: String? = nil, port: UInt16? = nil, socket: String? = nil, user: String? = nil,
        password: String? = nil, database: String? = nil, encryption: MySQLEncryption? = nil
    ) -> MySQLAddress {
        MySQLAddress(
            host: host ?? self.host, port: port ?? self.port, socket: socket ?? self.socket,
            user: user ?? self.user, password: password ?? self.password,
            database: database ?? self.database, encryption: encryption ?? self.encryption)
    }

    /// Runs statements on a new connection without TLS. Returns the first column of the last statement's
    /// rows.
    @discardableResult
    package func sql(_ statements: String...) throws -> [String?] {
        guard megaphone_mysql_library_init() == 0, let connection = unsafe megaphone_mysql_create() else {
            throw SQLFailure(text: "out of memory")
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

/// An error text of the server or the client library.
private struct SQLFailure: Error {
    let text: String
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, with a comment, if there is no server.
    package static var needsServer: Self {
        .enabled(if: TestServer.isAvailable, "MEGAPHONE_TEST_MYSQL_URL is not set; see Scripts/with-mariadb")
    }
}

/// A database for one test. It is dropped when this object is released.
package final class MySQLTestDatabase: Sendable {
    package let address: MySQLAddress
    private let server: MySQLAddress

    /// Creates an empty database on a server.
    package init(on server: MySQLAddress) throws {
        let name = "megaphone_test_\(getpid())_\(UInt32.random(in: 0 ... .max))"
        self.server = server
        address = server.with(database: name)
        try server.sql("CREATE DATABASE \(name)")
    }

    /// Creates an empty database on the shared server.
    package convenience init() throws {
        try self.init(on: TestServer.require())
    }

    deinit {
        _ = try? server.sql("DROP DATABASE IF EXISTS \(address.database)")
    }

    /// Kills the sessions that use the database. Returns how many there were.
    package func killSessions() throws -> Int {
        let ids = try sessionIDs()
        for id in ids { _ = try? address.sql("KILL \(id)") }
        return ids.count
    }

    /// The connection ids of the sessions that use the database.
    package func sessionIDs() throws -> [String] {
        try address.sql(
            """
            SELECT id FROM information_schema.processlist
            WHERE db = '\(address.database)' AND id <> CONNECTION_ID()
            """
        ).compactMap(\.self)
    }

    /// Opens a store on the database.
    package func store(
        poolSize: Int = 4, migrate: Bool = true, additions: SchemaAdditions = .history,
        logger: Logger = silent
    ) throws -> MySQLStore {
        try MySQLStore(
            address: address, poolSize: poolSize, migrate: migrate, additions: additions, logger: logger)
    }
}
