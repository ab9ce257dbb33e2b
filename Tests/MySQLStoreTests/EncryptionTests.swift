import BlockingWork
import Broadcasts
import StoreAddress
import TestSupport
import Testing
import Time

@testable import MySQLStore

/// Each TLS mode, against servers with and without TLS.
@Suite(.needsServer, .serialized, .timeLimit(.minutes(2))) struct EncryptionTests {
    private let server: MySQLAddress
    /// The CA file: the server's self-signed certificate.
    private let authority: String
    /// A CA file that did not sign the server's certificate.
    private let otherAuthority: String

    init() throws {
        server = try TestServer.require()
        authority = TestServer.variable("MEGAPHONE_TEST_MYSQL_CA") ?? ""
        otherAuthority = TestServer.variable("MEGAPHONE_TEST_STRANGER_CA") ?? ""
    }

    private static let hasCertificates = TestServer.variable("MEGAPHONE_TEST_MYSQL_CA") != nil

    /// Returns the cipher of a new session; nil without encryption.
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
    func verifyingModes_fail_whenTheAuthorityIsAnother(mode: MySQLEncryption.Mode) {
        #expect(throws: MySQLError.self) { try cipher(mode, authority: otherAuthority) }
        #expect(throws: MySQLError.self) { try cipher(mode, authority: "/nonexistent.pem") }
    }

    @Test(.enabled(if: hasCertificates, "no openssl when the server was made"))
    func identity_isRefused_whenTheCertificateNamesAnotherHost() throws {
        // The certificate names 127.0.0.1 and localhost, but not this notation of the same address.
        #expect(throws: MySQLError.self) {
            try cipher(.verifyIdentity, authority: authority, host: "127.1")
        }
        #expect(try cipher(.verifyAuthority, authority: authority, host: "127.1") != nil)
    }

    @Test func serverWithoutEncryption_isRefused_byModesThatRequireIt() throws {
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
    func store_worksEncrypted_andKeepsDeadlines() async throws {
        let database = try MySQLTestDatabase()
        let proxy = try FaultProxy(to: database.address.port)
        let encryption = MySQLEncryption(mode: .verifyIdentity, authority: authority)
        let store = try MySQLStore(
            address: database.address.with(host: "127.0.0.1", port: proxy.port, encryption: encryption),
            poolSize: 2, migrate: true, logger: silent)
        _ = try await store.apply(change("test", "one", "v0"), deadline: patient())
        for fault in [FaultProxy.Fault.silence, .reset] {
            proxy.set(fault)
            try await OwnThread.run {
                let began = Instant.now
                await #expect(throws: StoreError.self) {
                    for _ in 0..<5 {
                        _ = try await store.apply(change("test", "one", "v1"), deadline: began + .seconds(1))
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
