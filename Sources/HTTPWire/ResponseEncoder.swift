internal import Bytes
internal import HTTP
import HTTPTypes

/// Encodes the head of a response, and decides whether its body is sent (RFC 9112 sections 4 and 6).
struct ResponseEncoder {
    /// The value of the Connection field.
    enum Persistence {
        /// No field: HTTP/1.1 connections persist by default (RFC 9112 section 9.3).
        case implied
        /// `keep-alive`, which HTTP/1.0 clients require.
        case keepAlive
        case close
    }

    let persistence: Persistence
    /// Whether the request was HEAD.
    let answersHead: Bool
    /// Whether the content is sent in the chunked coding (RFC 9112 section 7.1).
    var isChunked = false

    /// Returns whether the body is sent: not in response to HEAD, and not with 1xx, 204 and 304.
    func sendsBody(of response: borrowing Response) -> Bool {
        !answersHead && !Self.hasNoContent(response.status)
    }

    /// Appends status line, Date, the response's own fields, the framing of the content, Connection and the
    /// empty line.
    func appendHead(of response: borrowing Response, date: [UInt8], to output: inout [UInt8]) {
        output.append("HTTP/1.1 ")
        output.appendDecimal(response.status.code)
        output.append(.space)
        for byte in response.status.reasonPhrase.utf8 { output.append(byte) }
        output.append("\r\nDate: ")
        output += date
        output.append("\r\n")
        output += response.fields.bytes
        if let field = response.ownField { output.append(field.name, field.value) }
        if response.isStream {
            if isChunked { output.append("Transfer-Encoding: chunked\r\n") }
        } else if !Self.hasNoContent(response.status) {
            output.append("Content-Length: ")
            output.appendDecimal(response.body.count)
            output.append("\r\n")
        }
        switch persistence {
        case .implied: output.append("\r\n")
        case .keepAlive: output.append("Connection: keep-alive\r\n\r\n")
        case .close: output.append("Connection: close\r\n\r\n")
        }
    }

    /// 1xx, 204 and 304 have neither body nor Content-Length (RFC 9110 sections 6.4.1 and 8.6).
    /// Content-Length would be allowed with 304, but some parsers then wait for a body of that length.
    private static func hasNoContent(_ status: HTTPResponse.Status) -> Bool {
        status.code < 200 || status.code == 204 || status.code == 304
    }
}
