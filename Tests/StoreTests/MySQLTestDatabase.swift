import BlockingWork
import Broadcasts
import Glibc
import Logging
import StoreAddress
import Testing

@testable import MySQLStore

/// The server that Scripts/with-mariadb started, or that the caller named.
enum TestServer {
    /// The value of MEGAPHONE_TEST_MYSQL_URL; nil when there is no server.
    static let address: MySQLAddress? = {
        guard let url = variable("MEGAPHONE_TEST_MYSQL_URL") else { return nil }
        guard case .mysql(let address) = try? DatabaseAddress(url: url) else {
            preconditionFailure("MEGAPHONE_TEST_MYSQL_URL is no MySQL URL")
        }
        return address
    }()

    static let isThere = address != nil

    /// Of Oracle's server the old switch is gone; without protocols it has none to offer.
    static var switchesEncryptionOff: String {
        variable("MEGAPHONE_TEST_MYSQLD")?.hasSuffix("mysqld") ?? false ? "--tls-version=" : "--skip-ssl"
    }

    static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// For tests that a trait keeps from running without a server.
    static func require() throws -> MySQLAddress {
        try #require(address)
    }
}

extension MySQLAddress {
    /// The same server, with some things otherwise.
    func with(
        host: String? = nil, port: UInt16? = nil, socket: String? = nil, user: String? = nil,
        password: String? = nil, database: String? = nil, encryption: MySQLEncryption? = nil
    ) -> MySQLAddress {
        MySQLAddress(
            host: host ?? self.host, port: port ?? self.port, socket: socket ?? self.socket,
            user: user ?? self.user, password: password ?? self.password,
            database: database ?? self.database, encryption: encryption ?? self.encryption)
    }

    /// Runs statements on a connection of their own and returns the first column of the last one's rows.
    @discardableResult
    func sql(_ statements: String...) throws -> [String?] {
        let connection = try MySQLConnection.open(self, limits: .migrating, interrupter: Interrupter())
        for statement in statements { try connection.query(statement) }
        var values: [String?] = []
        while connection.nextRow() { values.append(connection.text(at: 0)) }
        return values
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips, and says so, where there is no server.
    static var needsServer: Self {
        .enabled(if: TestServer.isThere, "MEGAPHONE_TEST_MYSQL_URL is not set; see Scripts/with-mariadb")
    }
}

/// A database of its own for one test, dropped with the value.
final class MySQLTestDatabase: Sendable {
    let address: MySQLAddress
    private let server: MySQLAddress

    init(on server: MySQLAddress) throws {
        let name = "megaphone_test_\(getpid())_\(UInt32.random(in: 0 ... .max))"
        self.server = server
        address = server.with(database: name)
        try server.sql("CREATE DATABASE \(name)")
    }

    convenience init() throws {
        try self.init(on: TestServer.require())
    }

    deinit {
        _ = try? server.sql("DROP DATABASE IF EXISTS \(address.database)")
    }

    /// Ends the sessions of the stores on it; returns how many there were.
    func killSessions() throws -> Int {
        let ids = try sessionIDs()
        for id in ids { _ = try? address.sql("KILL \(id)") }
        return ids.count
    }

    /// What the server calls the sessions on it.
    func sessionIDs() throws -> [String] {
        try address.sql(
            """
            SELECT id FROM information_schema.processlist
            WHERE db = '\(address.database)' AND id <> CONNECTION_ID()
            """
        ).compactMap(\.self)
    }

    func store(poolSize: Int = 4, migrate: Bool = true, logger: Logger = silent) throws -> MySQLStore {
        try MySQLStore(address: address, poolSize: poolSize, migrate: migrate, logger: logger)
    }
}
