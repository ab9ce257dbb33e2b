import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Each of MySQL's modes, against a server that offers encryption and one that does not.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct EncryptionTests {
    private let server: MySQLAddress
    /// What the server's certificate is signed by: itself.
    private let authority: String
    /// A certificate of nobody.
    private let stranger: String

    init() throws {
        server = try TestServer.require()
        authority = TestServer.variable("MEGAPHONE_TEST_MYSQL_CA") ?? ""
        stranger = TestServer.variable("MEGAPHONE_TEST_STRANGER_CA") ?? ""
    }

    private static let hasCertificates = TestServer.variable("MEGAPHONE_TEST_MYSQL_CA") != nil

    /// The cipher of a session, nil without encryption.
    private func cipher(
        _ mode: MySQLEncryption.Mode, authority: String? = nil, host: String = "127.0.0.1",
        on server: MySQLAddress? = nil
    ) throws -> String? {
        let encryption = MySQLEncryption(mode: mode, authority: authority)
        let address = (server ?? self.server).with(host: host, encryption: encryption)
        return try MySQLConnection.open(address, limits: .migrating, interrupter: Interrupter()).cipher
    }

    @Test func disabled_isPlain() throws {
        #expect(try cipher(.disabled) == nil)
    }

    @Test(
        .enabled(if: hasCertificates, "no openssl when the server was made"),
        arguments: [MySQLEncryption.Mode.preferred, .required])
    func unverifiedModes_encrypt(mode: MySQLEncryption.Mode) throws {
        #expect(try cipher(mode) != nil)
    }

    @Test(
        .enabled(if: hasCertificates, "no openssl when the server was made"),
        arguments: [MySQLEncryption.Mode.verifyAuthority, .verifyIdentity])
    func verifyingModes_encrypt_whenTheAuthorityIsRight(mode: MySQLEncryption.Mode) throws {
        #expect(try cipher(mode, authority: authority) != nil)
        #expect(try cipher(mode, authority: authority, host: "localhost") != nil)
    }

    @Test(
        .enabled(if: hasCertificates, "no openssl when the server was made"),
        arguments: [MySQLEncryption.Mode.verifyAuthority, .verifyIdentity])
    func verifyingModes_refuse_whenTheAuthorityIsAnother(mode: MySQLEncryption.Mode) {
        #expect(throws: MySQLError.self) { try cipher(mode, authority: stranger) }
        #expect(throws: MySQLError.self) { try cipher(mode, authority: "/nonexistent.pem") }
    }

    @Test(.enabled(if: hasCertificates, "no openssl when the server was made"))
    func identity_isRefused_whenTheCertificateNamesAnotherHost() throws {
        // The certificate names 127.0.0.1 and localhost, not this way of writing the same address.
        #expect(throws: MySQLError.self) {
            try cipher(.verifyIdentity, authority: authority, host: "127.1")
        }
        #expect(try cipher(.verifyAuthority, authority: authority, host: "127.1") != nil)
    }

    @Test func serverWithoutEncryption_isRefused_byEveryModeThatWantsIt() throws {
        let plain = try DatabaseServer(TestServer.switchesEncryptionOff)
        #expect(try cipher(.disabled, on: plain.address) == nil)
        #expect(try cipher(.preferred, on: plain.address) == nil)
        for mode in [MySQLEncryption.Mode.required, .verifyAuthority, .verifyIdentity] {
            let needsAuthority = mode != .required
            #expect(throws: MySQLError.self, "\(mode)") {
                try cipher(mode, authority: needsAuthority ? authority : nil, on: plain.address)
            }
        }
    }

    @Test(.enabled(if: hasCertificates, "no openssl when the server was made"))
    func store_worksEncrypted_andLeavesItsCallersInTime() async throws {
        let database = try MySQLTestDatabase()
        let proxy = try FaultProxy(to: database.address.port)
        let encryption = MySQLEncryption(mode: .verifyIdentity, authority: authority)
        let store = try MySQLStore(
            address: database.address.with(host: "127.0.0.1", port: proxy.port, encryption: encryption),
            poolSize: 2, migrate: true, logger: silent)
        _ = try await store.put(change("test", "one", "v0"), deadline: patient())
        for fault in [FaultProxy.Fault.silence, .reset] {
            proxy.set(fault)
            try await OwnThread.run {
                let began = Instant.now
                await #expect(throws: StoreError.self) {
                    for _ in 0..<5 {
                        _ = try await store.put(change("test", "one", "v1"), deadline: began + .seconds(1))
                    }
                }
                #expect(began.duration(to: .now) < .seconds(1) + lateness)
            }
            proxy.set(.none)
            try await OwnThread.run { try await putUntilItWorks(store, "v2", within: .seconds(2)) }
        }
        store.close()
        #expect(store.pool.threadCount == 0)
        await proxy.waitUntilUnused()
        proxy.end()
    }
}
