import API
import Broadcasts
import EventLoop
import HTTPServer
import HTTPWire
import Settings
import Testing

/// Rooms that know no settings have defaults of their own, which are those of the settings.
@Suite struct DefaultsTests {
    private let settings = Settings()

    @Test func limits_areThoseOfTheSettings() {
        let limits = Limits()
        #expect(limits.maximumHeaderBytes == settings.maximumHeaderBytes)
        #expect(limits.maximumHeaders == settings.maximumHeaders)
        #expect(limits.maximumBodyBytes == settings.maximumBodyBytes)
        #expect(limits.keepAlive == settings.keepAlive)
        #expect(limits.headerTimeout == settings.headerTimeout)
        #expect(limits.bodyTimeout == settings.bodyTimeout)
    }

    @Test func freshness_isThatOfTheSettings() {
        let freshness = BoardReader.Freshness()
        #expect(freshness.maxStaleness == settings.maximumStaleness)
        #expect(freshness.readDeadline == settings.readDeadline)
        #expect(freshness.staleIfError == settings.staleIfError)
    }

    @Test func api_isThatOfTheSettings() {
        let build = API.Build(source: "", version: "", commit: "", build: "")
        let configuration = API.Configuration(access: settings.access, build: build)
        #expect(configuration.realm == settings.environment)
        #expect(configuration.writeDeadline == settings.writeDeadline)
    }

    @Test func server_isThatOfTheSettings() {
        let configuration = ServerConfiguration(address: .version4(0, port: 0))
        #expect(configuration.maximumConnections == settings.maximumConnections)
    }
}
