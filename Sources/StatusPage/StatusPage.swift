internal import Bytes
internal import CStatusPage
internal import Crypto
package import HTTP
internal import HTTPTypes

/// The page that shows the board in a browser: `Sources/CStatusPage/status.html`.
package enum StatusPage {
    /// Returns the response with the page. Its policy (Content Security Policy Level 3) allows the page's own
    /// script and style by their digests, and requests to its own origin. Nothing else runs or is loaded.
    package static func response() -> Response {
        let page = content()
        let policy = [
            "default-src 'none'",
            "script-src \(sources(of: "script", in: page))",
            "style-src \(sources(of: "style", in: page))",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
        let fields = FieldLines([
            .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
            .contentSecurityPolicy: policy.joined(separator: "; "),
            .xContentTypeOptions: "nosniff", referrerPolicy: "no-referrer",
        ])
        return Response(status: .ok, fields: fields, body: page)
    }

    private static let referrerPolicy: HTTPField.Name = {
        guard let name = HTTPField.Name("Referrer-Policy") else { preconditionFailure("not a field name") }
        return name
    }()

    private static func content() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: megaphone_status_page_size) { buffer, count in
            unsafe megaphone_copy_status_page(buffer.baseAddress)
            count = megaphone_status_page_size
        }
    }

    /// Returns the digest of each element of this name, which has no attributes, as a source expression.
    private static func sources(of element: String, in page: [UInt8]) -> String {
        var (sources, rest): ([String], ArraySlice<UInt8>) = ([], page[...])
        while let start = rest.firstRange(of: "<\(element)>".utf8)?.upperBound,
            let end = rest[start...].firstRange(of: "</\(element)>".utf8)?.lowerBound
        {
            let digest = SHA256Digest(hashing: Array(rest[start..<end]).span)
            sources.append("'sha256-\(base64(digest.bytes))'")
            rest = rest[end...]
        }
        return sources.joined(separator: " ")
    }
}
