import Broadcasts
import HTTP
import HTTPTypes
import HTTPWire
import Testing

@testable import API

/// Checks openapi.yaml against the routes and the errors of the service.
@Suite struct OpenAPITests {
    private static func document() throws -> YAMLOutline {
        YAMLOutline(try SourceTree.text(of: "openapi.yaml"))
    }

    /// Returns operations such as `GET /v1/broadcasts`, with `{}` for every parameter.
    private static func documentedOperations() throws -> Set<String> {
        let document = try document()
        var operations: Set<String> = []
        for path in document.keys(at: ["paths"]) {
            let item = ["paths", path]
            let reference = document.value(at: item + ["$ref"])
            let target = reference?.split(separator: "/").dropFirst().map(String.init) ?? item
            for method in document.keys(at: target) where method != "parameters" {
                let segments = path.split(separator: "/").map { $0.hasPrefix("{") ? "{}" : $0 }
                operations.insert("\(method.uppercased()) /\(segments.joined(separator: "/"))")
            }
        }
        return operations
    }

    private static func routedOperations() -> Set<String> {
        Set(
            Route.table.flatMap { route in
                let segments = route.path.map { segment in
                    if case .literal(let text) = segment { text } else { "{}" }
                }
                return route.methods.map { "\($0.rawValue) /\(segments.joined(separator: "/"))" }
            })
    }

    @Test func document_hasEveryRouteAndNoOther() throws {
        #expect(try Self.documentedOperations() == Self.routedOperations())
    }

    /// One error of each kind. A refusal may have other reasons; these are the ones in the document.
    private static let errors: [APIError] = [
        .invalidBroadcasterID, .invalidChannelID, .invalidVersion(.notText), .invalidVersion(.outOfRange),
        .missingAuthorization, .invalidAuthorization, .accessDenied,
        .contentRange, .contentCoding, .tooManyChannels, .preconditionFailed(entityTag: nil), .invalidQuery,
        .urgency,
        .notFound, .methodNotAllowed(allowed: ""), .ohNoes,
        .unexpected(""),
        .storeFailed(.deadlineExceeded),
        .refused(.malformed("Host is missing")), .refused(.timeout), .refused(.contentTooLarge),
        .refused(.targetTooLong), .refused(.expectationFailed), .refused(.fieldsTooLarge),
        .refused(.notImplemented("transfer coding other than chunked")), .refused(.versionNotSupported),
        .refused(.tooManyConnections),
    ]

    @Test func document_showsEveryErrorAndNoOther() throws {
        let document = try Self.document()
        let examples = document.keys(at: ["components", "examples"]).map { name in
            ["code", "errno", "error"].map { key in
                document.value(at: ["components", "examples", name, "value", key]) ?? "no \(key) in \(name)"
            }.joined(separator: " ")
        }
        let rows = Self.errors.map { "\($0.row.status.code) \($0.row.errno) \($0.row.text)" }
        #expect(Set(examples) == Set(rows))
        #expect(examples.count == rows.count)
    }

    @Test func document_usesEveryComponentAndNoOther() throws {
        let document = try Self.document()
        let kinds = document.keys(at: ["components"]).filter { $0 != "securitySchemes" }
        let components = kinds.flatMap { kind in
            document.keys(at: ["components", kind]).map { "#/components/\(kind)/\($0)" }
        }
        #expect(Set(document.references) == Set(components))
    }

    @Test func canary_anOutline_isParsedByIndentation() {
        let outline = YAMLOutline(
            """
            paths:
              # A comment.
              /one:
                get: { $ref: "#/a" }
              /two:
                $ref: "#/b"
            other:
              /three: "Yes: no"
            """)
        #expect(outline.keys(at: ["paths"]) == ["/one", "/two"])
        #expect(outline.keys(at: ["paths", "/one"]) == ["get"])
        #expect(outline.value(at: ["paths", "/two", "$ref"]) == "#/b")
        #expect(outline.value(at: ["other", "/three"]) == "Yes: no")
        #expect(outline.value(at: ["paths", "/three"]) == nil)
        #expect(outline.references == ["#/a", "#/b"])
    }
}
