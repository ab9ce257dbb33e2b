import Bytes
import HTTP
import HTTPTypes
import TestSupport
import Time

@testable import HTTPWire

/// Runs one case on a conversation and logs what happens.
final class CorpusRun {
    private let driver: ConversationDriver
    private let one: CorpusCase
    private let garbage: [UInt8]
    private(set) var log: [String] = []
    var output: [UInt8] { driver.output }
    private var answersHead = false
    private var isClosed = false
    private var hasShutDown = false
    private var hasEnded = false
    /// Whether the connection was closed right after a response with `Connection: close`, and this is not
    /// logged yet.
    private var owesClosed = false
    /// Whether all output has been reported as sent.
    private var hasDrained = true
    /// Whether the last response had `Connection: close`.
    private var owesClose = false

    /// - Parameters:
    ///   - one: The case.
    ///   - garbage: Bytes after the received ones in the read buffer. They must not change the outcome.
    init(_ one: CorpusCase, garbage: [UInt8] = []) {
        self.one = one
        self.garbage = garbage
        var limits = Limits.defaults
        limits.maximumHeaderBytes = one.limits.headerBytes
        limits.maximumHeaders = one.limits.headers
        limits.maximumBodyBytes = one.limits.bodyBytes
        driver = ConversationDriver(limits: limits)
    }

    /// Plays the input. `cuts` returns the positions at which `count` bytes are split; `offset` is the number
    /// of bytes before them.
    func play(cuts: (_ count: Int, _ offset: Int) -> [Int]) {
        var offset = 0
        for part in one.input {
            switch part {
            case .bytes(let bytes):
                var position = 0
                for cut in cuts(bytes.count, offset) + [bytes.count] where cut > position {
                    receive(bytes[position..<cut])
                    position = cut
                }
                offset += bytes.count
            case .pause: break
            case .wait(let duration):
                wait(duration)
                if duration >= Conversation.lingerTimeout { noteClosed() }
            case .end:
                hasEnded = true
                driver.end()
                pull()
                noteClosed()
            }
        }
        if !isClosed && !hasShutDown && !isIdle { log.append("waiting") }
    }

    private func noteClosed() {
        guard owesClosed else { return }
        owesClosed = false
        log.append("closed")
    }

    private var isIdle: Bool {
        driver.conversation.phase == .idle && driver.pendingCount == 0 && !driver.conversation.hasOutput
    }

    private func receive(_ piece: ArraySlice<UInt8>) {
        guard !isClosed else { return }
        guard driver.wantsBytes else { return log.append("wants no bytes") }
        driver.receive(piece, garbage: garbage)
        pull()
    }

    private func wait(_ duration: Duration) {
        let until = driver.now + duration
        while let deadline = driver.conversation.deadline, deadline <= until {
            driver.now = deadline
            driver.expire()
            pull()
        }
        driver.now = until
    }

    private func pull() {
        while true {
            switch driver.next() {
            case .wait:
                guard !hasDrained else { return }
                driver.outputDrained()
                hasDrained = true
            case .ask(let request): ask(request)
            case .interim:
                log.append("continue")
                driver.append(Conversation.continueLine)
                hasDrained = false
            case .run(let body):
                log.append("run \"\(CorpusText.text(body))\"")
                if one.isStream { stream() } else { respond(one.status, one.answerBody) }
            case .refuse(let refusal, let request): refuse(refusal, request)
            case .shutdownWrite:
                if !owesClose { log.append("shutdown") }
                hasShutDown = true
            case .close:
                isClosed = true
                // To the client, this looks like a half-closed connection until it closes its side or waits.
                if !owesClose || hasShutDown || hasEnded { log.append("closed") } else { owesClosed = true }
                return
            }
        }
    }

    private func ask(_ request: Request) {
        log.append("ask \(Self.describe(request))\(request.hasBody ? " with body" : "")")
        for line in request.fieldLines where one.showsFields {
            log.append("field \(request.text(line.name)) = \"\(CorpusText.text(request.bytes[line.value]))\"")
        }
        answersHead = request.method == .head
        if one.isDeferred {
            driver.awaitResponse()
        } else {
            respond(one.status, one.answerBody)
        }
    }

    private static func describe(_ request: Request) -> String {
        let query = request.query.map { "?" + CorpusText.text(request.bytes[$0]) } ?? ""
        return "\(request.method.rawValue) \(CorpusText.text(request.bytes[request.path]))\(query)"
    }

    private func refuse(_ refusal: Refusal, _ request: Request?) {
        let (status, text) = Self.describe(refusal)
        log.append("refuse \(status)\(text)\(request.map { " of " + Self.describe($0) } ?? "")")
        // The method may be known even if the head could not be parsed; ConversationTests checks this.
        answersHead = driver.conversation.current?.isHead ?? false
        respond(status, Array("refused".utf8))
    }

    static func describe(_ refusal: Refusal) -> (status: Int, text: String) {
        switch refusal {
        case .malformed(let phrase): (400, " " + phrase.text)
        case .timeout: (408, "")
        case .contentTooLarge: (413, "")
        case .targetTooLong: (414, "")
        case .expectationFailed: (417, "")
        case .fieldsTooLarge: (431, "")
        case .notImplemented(let phrase): (501, " " + phrase.text)
        case .versionNotSupported: (505, "")
        case .tooManyConnections: (503, "")
        }
    }

    /// Sends a stream of three pieces.
    private func stream() {
        var response = Response(status: .init(code: one.status, reasonPhrase: "Reason"))
        response.isStream = true
        let begin = output.count
        let piece = StreamPiece(one.answerBody)
        driver.append(driver.respond(response, first: piece, date: Self.date) ?? [])
        if driver.conversation.isStreaming {
            driver.append(StreamPiece(Array("second".utf8)))
            driver.endStream(last: StreamPiece(Array("last".utf8)))
        }
        hasDrained = false
        var reader = ResponseReader(Array(output[begin...]))
        let content = answersHead ? [] : one.answerBody + Array("secondlast".utf8)
        guard let message = reader.next(answersHead: answersHead, .stream), reader.rest.isEmpty,
            message.body == content
        else { return log.append("wrong frame") }
        owesClose = true
        let coding = message.fields["Transfer-Encoding"].map { " " + $0 } ?? ""
        log.append("stream \(message.status)\(coding)")
    }

    private static let date = Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8)

    private func respond(_ status: Int, _ body: [UInt8]) {
        let response = Response(status: .init(code: status, reasonPhrase: "Reason"), body: body)
        let begin = output.count
        let rest = driver.respond(response, date: Self.date)
        driver.append(rest ?? [])
        hasDrained = false
        var reader = ResponseReader(Array(output[begin...]))
        guard let message = reader.next(answersHead: answersHead), reader.rest.isEmpty else {
            return log.append("wrong frame")
        }
        owesClose = message.fields["Connection"] == "close"
        let isRefusal = log.last?.hasPrefix("refuse") ?? false
        let connection = message.fields["Connection"].map { " " + $0 } ?? ""
        if !isRefusal || !owesClose { log.append("answer \(status)\(connection)") }
    }
}
