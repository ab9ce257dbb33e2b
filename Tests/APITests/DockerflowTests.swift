import API
import Broadcasts
import TestSupport
import Testing
import Time

@Suite(.timeLimit(.minutes(1))) struct DockerflowTests {
    @Test(arguments: Depth.allCases)
    func lbheartbeat_doesNotCallTheStore(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        harness.store.failure = .unavailable("down")
        for _ in 0..<2 {
            let response = try await harness.send("GET", "/__lbheartbeat__")
            #expect(response.status == 200)
            #expect(response.body.isEmpty)
            #expect(response["content-length"] == "0")
        }
        #expect(harness.store.deadlines.isEmpty)
    }

    @Test(arguments: Depth.allCases)
    func shutdown_failsTheLoadBalancersCheck_andNothingElse(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        harness.api.beginShutdown()
        let response = try await harness.send("GET", "/__lbheartbeat__")
        #expect(response.status == 503)
        #expect(
            response.text
                == #"{"code":503,"errno":203,"error":"Server is shutting down or over its connection limit"}"#
        )
        #expect(response["retry-after"] == "2")
        // A check that fails because the service leaves is no error of the service.
        let line = try #require(harness.log.lines().first { $0.contains("/__lbheartbeat__") })
        #expect(line.contains(#""Severity":7"#) && line.contains("shutting down"), "\(line)")
        let head = try await harness.send("HEAD", "/__lbheartbeat__")
        #expect(head.status == 503)
        #expect(head.body.isEmpty)
        #expect(try await harness.send("GET", "/__heartbeat__").status == 200)
        #expect(try await harness.put("channel", "1").status == 201)
    }

    @Test(arguments: Depth.allCases)
    func heartbeat_checksTheStore_withADeadlineBelowOneSecond(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        let well = try await harness.send("GET", "/__heartbeat__")
        #expect(well.status == 200)
        #expect(
            well.text
                == #"{"status":"ok","code":200,"database":"ok","checks":{"database":"ok"},"details":{}}"#)
        harness.store.failure = .failed("Access denied for user 'megaphone'@'db'")
        let ill = try await harness.send("GET", "/__heartbeat__")
        #expect(ill.status == 503)
        #expect(
            ill.text == #"{"status":"error","code":503,"database":"error","checks":{"database":"error"},"#
                + #""details":{"database":{"status":"error","level":40,"#
                + #""messages":{"megaphone.database":"The database cannot be used"}}}}"#)
        #expect(harness.store.deadlines.allSatisfy { $0 > harness.now && $0 < harness.now + .seconds(1) })
        #expect(harness.log.lines().contains { $0.contains("Access denied for user 'megaphone'@'db'") })
    }

    @Test(arguments: Depth.allCases)
    func version_returnsTheFileUnchanged(_ depth: Depth) async throws {
        let file = #"{"source":"s", "version":"v", "commit":"c", "build":"b", "more": 1}"# + "\n"
        let harness = try APIHarness(depth) { configuration in
            configuration.versionFile = { Array(file.utf8) }
        }
        let response = try await harness.send("GET", "/__version__")
        #expect(response.status == 200)
        #expect(response.text == file)
        #expect(response["content-type"] == "application/json")
    }

    @Test(arguments: Depth.allCases)
    func version_describesTheBinary_whenThereIsNoFile(_ depth: Depth) async throws {
        #expect(
            try await APIHarness(depth).send("GET", "/__version__").text
                == #"{"source":"https://example.com","version":"1.2.3","commit":"abc","build":"\"7\""}"#)
    }

    @Test(arguments: ["/__error__", "/v1/err"])
    func error_isLoggedAndReturned(_ target: String) async throws {
        let harness = try APIHarness()
        #expect(try await harness.send("GET", target).status == 401)
        #expect(try await harness.send("GET", target, [.broadcaster]).status == 403)
        let response = try await harness.send("GET", target, [.reader])
        #expect(response.status == 400)
        #expect(response.text == #"{"code":400,"errno":413,"error":"Oh Noes!"}"#)
        let errors = harness.log.lines().filter { $0.contains(#""Severity":3"#) }
        #expect(errors.count == 1)
        #expect(errors.first?.contains("Oh Noes!") == true)
    }
}
