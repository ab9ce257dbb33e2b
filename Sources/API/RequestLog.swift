import Access
import Broadcasts
import Bytes
import HTTP
import HTTPTypes
import Telemetry

/// The parts of a request that only its log line needs.
struct LoggedFields: Sendable {
    let agent: String?
    let language: String?
    let path: String
    /// What proxies said of the addresses the request came by, in their order.
    private let forwardedFor: [String]
    private let remoteAddress: SocketAddress

    init(_ request: Request) {
        func text(_ name: HTTPField.Name) -> String? {
            request.firstValue(of: name).map(request.text)
        }
        agent = text(.userAgent)
        language = text(.acceptLanguage)
        path = request.text(request.path)
        let forwarded = request.values(of: .xForwardedFor).flatMap { value in
            request.text(value).split { $0 == "," || $0 == " " || $0 == "\t" }
        }
        forwardedFor = forwarded.map(String.init)
        remoteAddress = request.remoteAddress
    }

    /// For a connection on which no request could be read.
    init(_ remoteAddress: SocketAddress) {
        agent = nil
        language = nil
        path = ""
        forwardedFor = []
        self.remoteAddress = remoteAddress
    }

    /// Rendered when it is asked for: most fields that are kept for a later line are never written.
    var remoteAddressChain: [String] { forwardedFor + [remoteAddress.address.description] }
}

extension RequestSummary {
    init(
        _ context: RequestContext, _ fields: LoggedFields, _ reply: LoggedResponse, severity: Severity,
        duration: Duration
    ) {
        self.init(
            agent: fields.agent, language: fields.language, errno: reply.errno,
            method: context.method?.rawValue ?? "", path: fields.path, code: reply.response.status.code,
            duration: duration, userID: context.identity?.id, requestID: context.requestID,
            remoteAddressChain: fields.remoteAddressChain, message: reply.message, severity: severity)
    }
}

extension RequestContext {
    /// How grave an answer is.
    func severity(of status: HTTPResponse.Status) -> Severity {
        switch status.code {
        case 500...: .error
        case 401, 403: .warning
        case 400...: .informational
        default: route?.severity ?? .informational
        }
    }
}
