import API
import Access
import Broadcasts
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AuthorizationTests {
    @Test func authorization_isParsedAsInRFC6750() async throws {
        let harness = try APIHarness()
        for (value, status) in [
            ("Bearer quux", 200), ("bearer quux", 200), ("BEARER quux", 200), ("  Bearer quux  ", 200),
            ("Bearer  quux", 401), ("Bearer\tquux", 401), ("Bearerquux", 401), ("Bearer", 401),
            ("Bearer ", 401),
            ("quux", 401), ("Basic quux", 401), ("Basic cXV1eA==", 401), ("Bearer quu", 401),
            ("Bearer quuxx", 401),
            ("Bearer QUUX", 401), ("Bearer quux quux", 401), ("Bearer \"quux\"", 401), ("Bearer quux,", 401),
            ("", 401),
            ("Bearer@quux", 401), ("Bearer é", 401),
        ] {
            let response = try await harness.send("GET", "/v1/broadcasts", ["Authorization: \(value)"])
            #expect(response.status == status, "\(value)")
            if status == 401 {
                #expect(response.text.contains(#""errno":121,"#), "\(value)")
                #expect(response["www-authenticate"]?.contains("invalid_token") == true)
            }
        }
    }

    @Test(arguments: Depth.allCases)
    func repeatedField_isRejected(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        for fields in [[String.reader, .reader], [.reader, "authorization: Bearer nobody"]] {
            let response = try await harness.send("GET", "/v1/broadcasts", fields)
            #expect(response.status == 401)
            #expect(response.text.contains(#""errno":121,"#))
        }
    }

    @Test(arguments: Depth.allCases)
    func anonymousReads_needNoToken_butRejectAnInvalidOne(_ depth: Depth) async throws {
        let harness = try APIHarness(depth, anonymousReads: true)
        #expect(try await harness.send("GET", "/v1/broadcasts").status == 200)
        #expect(try await harness.get().status == 200)
        #expect(try await harness.send("GET", "/v1/broadcasts", ["Authorization: Bearer x"]).status == 401)
        #expect(try await harness.send("GET", "/v1/broadcasts", ["Authorization:"]).status == 401)
        #expect(try await harness.send("GET", "/v1/broadcasts", [.broadcaster]).status == 403)
        let put = try await harness.send("PUT", "/v1/broadcasts/test/c", body: [0x76])
        #expect(put.text == #"{"code":401,"errno":120,"error":"Missing authorization header"}"#)
        #expect(try await harness.send("GET", "/__error__").status == 401)
    }

    @Test(arguments: Depth.allCases)
    func newTable_takesEffect_forTheNextRequest(_ depth: Depth) async throws {
        let harness = try APIHarness(depth)
        #expect(try await harness.get().status == 200)
        harness.apply(
            AccessTable(
                broadcasters: [:], readers: ["autopush": [Token(TokenDigest(token: "new"))]], scopes: [:],
                anonymousReads: false))
        #expect(try await harness.get().status == 401)
        #expect(try await harness.send("GET", "/v1/broadcasts", ["Authorization: Bearer new"]).status == 200)
        #expect(try await harness.put("c", "v1").status == 401)
    }

    @Test func realm_isQuoted() async throws {
        let harness = try APIHarness { $0.realm = "a \"b\" \\c\r\nX: y" }
        #expect(
            try await harness.send("GET", "/v1/broadcasts")["www-authenticate"]
                == #"Bearer realm="a \"b\" \\c  X: y""#)
    }
}
