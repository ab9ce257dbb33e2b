import Access
import TestSupport
import Testing

/// The page at `/`. What it does is tested in a browser (Scripts/browser/page_cases.py).
@Suite(.timeLimit(.minutes(1))) struct StatusPageTests {
    @Test(arguments: ["/", "//", "/?q=1"], Depth.allCases)
    func page_isServedWithoutAToken(path: String, depth: Depth) async throws {
        let response = try await APIHarness(depth).send("GET", path)
        #expect(response.status == 200)
        #expect(response["content-type"] == "text/html; charset=utf-8")
        #expect(response["cache-control"] == "no-store")
        #expect(response["x-content-type-options"] == "nosniff")
        #expect(response["referrer-policy"] == "no-referrer")
        #expect(response.text.hasPrefix("<!DOCTYPE html>"))
        #expect(response.text.hasSuffix("</html>\n"))
    }

    @Test func policy_allowsTheScriptAndTheStyleOfThePageOnly() async throws {
        let response = try await APIHarness().send("GET", "/")
        let policy = try #require(response["content-security-policy"]).split(separator: "; ")
        #expect(
            policy.filter { !$0.hasPrefix("script-src") && !$0.hasPrefix("style-src") } == [
                "default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
                "frame-ancestors 'none'",
            ])
        for name in ["script-src", "style-src"] {
            let directive = try #require(policy.first { $0.hasPrefix(name) })
            let sources = directive.split(separator: " ").dropFirst()
            // The digest has 44 characters in Base64.
            #expect(sources.count == 1 && sources.allSatisfy { $0.hasPrefix("'sha256-") && $0.count == 53 })
        }
    }

    /// The policy would block attributes with scripts or styles, and everything that is loaded.
    @Test func page_hasOneScriptAndOneStyle_andLoadsNothing() async throws {
        let text = try await APIHarness().send("GET", "/").text
        for element in ["script", "style"] {
            #expect(text.ranges(of: "<\(element)").count == 1)
            #expect(text.ranges(of: "<\(element)>").count == 1)
        }
        let markup = try #require(text.split(separator: "<script>").first)
        #expect(markup.firstMatch(of: /<[a-z][^>]*\s(style|src|href|on[a-z]+)=/) == nil)
        #expect(markup.firstMatch(of: /@import|url\(/) == nil)
    }

    @Test func page_insertsNoMarkup_andKeepsNothingBeyondItsTab() async throws {
        let text = try await APIHarness().send("GET", "/").text
        for word in [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage",
            "document.cookie",
        ] {
            #expect(!text.contains(word))
        }
    }

    @Test func otherMethods_areNotAllowed() async throws {
        let harness = try APIHarness()
        let head = try await harness.send("HEAD", "/")
        #expect(head.status == 200)
        #expect(head["content-security-policy"] != nil)
        for method in ["PUT", "POST", "DELETE", "OPTIONS"] {
            let response = try await harness.send(method, "/")
            #expect(response.status == 405)
            #expect(response["allow"] == "GET, HEAD")
        }
    }

    @Test func switchedOff_itIsNotFound_andBackOn() async throws {
        let harness = try APIHarness()
        let access = APIHarness.access(anonymousReads: false)
        harness.apply(access, showsStatusPage: false)
        for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
            #expect(try await harness.send(method, "/").status == 404)
        }
        harness.apply(access, showsStatusPage: true)
        #expect(try await harness.send("GET", "/").status == 200)
    }
}
