import Access
import Broadcasts
import Testing

@testable import Settings

struct PrecedenceTests {
    @Test func port_comesFromTheSourceOfHighestPrecedence() throws {
        var environment: [String: String] = [:]
        #expect(try load().settings.port == 8000)
        #expect(try load("port = 1").settings.port == 1)
        environment["PORT"] = "2"
        #expect(try load("port = 1", environment: environment).settings.port == 2)
        environment["ROCKET_PORT"] = "3"
        #expect(try load("port = 1", environment: environment).settings.port == 3)
        environment["MEGAPHONE_PORT"] = "4"
        #expect(try load("port = 1", environment: environment).settings.port == 4)
        let loaded = try load("port = 1", environment: environment, commandLine: ["port": "5"])
        #expect(loaded.settings.port == 5)
        #expect(loaded.origins["port"] == .commandLine("--port"))
    }

    @Test func tokensWithoutQuotes_areAccepted() throws {
        let settings = try load(environment: [
            "ROCKET_BROADCASTER_AUTH": "{test=[foobar]}", "ROCKET_READER_AUTH": "{autopush=[quux]}",
        ]).settings
        #expect(settings.identity(of: "foobar") == .broadcaster("test"))
        #expect(settings.identity(of: "quux") == .reader("autopush"))
        #expect(settings.identity(of: "[quux]") == nil)
    }
}
