internal import HTTP
import HTTPTypes
package import Time

extension Conversation {
    /// The next thing to do. The server pulls until it is told to wait.
    package mutating func next(at now: Instant) -> Step {
        switch phase {
        case .finished:
            phase = .closed
            dropBytes()
            return .close
        case .timedOut:
            return refuse(.timeout, incoming?.request)
        case .rejected:
            return refuse(.tooManyConnections, nil)
        case .closing:
            return finishClosing(at: now)
        case .lingering:
            guard hasEnded else { return .wait }
            phase = .finished
            return next(at: now)
        case .asked, .answering, .refusing, .closed:
            return .wait
        case .idle, .head, .discarding, .body:
            guard !isOutputBlocked else { return .wait }
            return continueRequest(at: now)
        }
    }

    /// Makes a new connection one too many: it is refused without waiting for a request.
    package mutating func rejectOverLimit() {
        precondition(phase == .idle)
        phase = .rejected
    }

    private mutating func continueRequest(at now: Instant) -> Step {
        if phase == .body { return continueBody() }
        if phase == .discarding && !discard(at: now) {
            return phase == .discarding ? .wait : next(at: now)
        }
        return nextRequest(at: now)
    }

    /// The answer is deferred: its body is read next.
    package mutating func awaitAnswer(at now: Instant) {
        precondition(phase == .asked)
        phase = .body
        since = now
    }

    // MARK: - Heads

    private mutating func nextRequest(at now: Instant) -> Step {
        skipEmptyLine()
        guard start < end else {
            phase = .idle
            dropBytes()
            guard hasEnded || isDraining, !hasOutput else { return .wait }
            phase = .finished
            return next(at: now)
        }
        phase = .head
        do throws(Refusal) {
            if let head = try parseHead() { return ask(head) }
            return hasEnded ? refuse(.malformed("request ended early"), nil) : .wait
        } catch {
            return refuse(error, nil)
        }
    }

    /// RFC 9112 section 2.2: an empty line before a request line is ignored, because some clients send one
    /// after a body. One is enough for those.
    private mutating func skipEmptyLine() {
        guard !hasSkippedEmptyLine, scanner.scanned == 0, end - start >= 2,
            bytes[Int(start)] == .carriageReturn, bytes[Int(start) + 1] == .lineFeed
        else { return }
        start += 2
        hasSkippedEmptyLine = true
    }

    /// Reads the head when it is complete, and moves `start` behind it.
    private mutating func parseHead() throws(Refusal) -> Head? {
        let received = bytes
        let span = received.span
        let available = Int(start)..<Int(end)
        let maximum = limits.maximumHeaderBytes
        // A wrong request line is refused at once, whatever may follow. It is read again when the rest of the
        // head came in other pieces, so that nothing but positions has to be kept meanwhile.
        let isNew = scanner.requestLineEnd == 0
        guard
            let fieldsStart = try scanner.findRequestLine(in: span, head: available, maximum: maximum)
        else { return nil }
        let line = available.lowerBound..<(fieldsStart - 2)
        let checked = isNew ? try RequestLine(span, line: line) : nil
        guard let headEnd = try scanner.findEnd(in: span, head: available, maximum: maximum)
        else { return nil }
        start = Int32(headEnd)
        scanner = HeadScanner()
        hasSkippedEmptyLine = false
        let requestLine =
            switch consume checked {
            case .some(let checked): checked
            case .none: try RequestLine(span, line: line)
            }
        return try Head(
            requestLine: requestLine, span, range: available.lowerBound..<headEnd, fieldsStart: fieldsStart,
            maximumCount: limits.maximumHeaders)
    }

    private mutating func ask(_ head: consuming Head) -> Step {
        let request = Request(
            bytes: bytes, method: head.requestLine.method, path: head.requestLine.target.path,
            query: head.requestLine.target.query, fieldLines: head.fieldLines,
            hasBody: head.framing != .none, receivedAt: since, remoteAddress: remoteAddress)
        speaksHTTP10 = head.requestLine.version == .http10
        answersHead = head.requestLine.method == .head
        closesAfterAnswer = head.closesConnection
        if head.hasUnknownExpectation { return refuse(.expectationFailed, request) }
        if request.hasBody {
            incoming = IncomingBody(
                head: head, request: request, borrowsReadBuffer: borrowsReadBuffer, limits: limits)
        }
        phase = .asked
        return .ask(request)
    }

    private mutating func refuse(_ refusal: Refusal, _ request: Request?) -> Step {
        phase = .refusing
        closesAfterAnswer = true
        // Without a head there is no method either, and the one of the request before must not linger.
        if request == nil { answersHead = false }
        dropBytes()
        return .refuse(refusal, request)
    }

    // MARK: - Bodies

    private mutating func continueBody() -> Step {
        guard let incoming else {
            phase = .answering
            return .run(body: [])
        }
        if incoming.isTooLarge { return refuse(.contentTooLarge, incoming.request) }
        do throws(Refusal) {
            if try readBody(incoming, keeps: true) == .complete {
                self.incoming = nil
                phase = .answering
                return .run(body: incoming.takeContent())
            }
        } catch {
            return refuse(error, incoming.request)
        }
        if hasEnded { return refuse(.malformed("body ended early"), incoming.request) }
        guard incoming.awaitsContinue else { return .wait }
        incoming.awaitsContinue = false
        hasOutput = true
        return .interim
    }

    /// Skips the rest of a body that is not wanted.
    ///
    /// - Returns: Whether the next request may follow. When not, either more bytes are needed or the phase
    ///   has changed.
    private mutating func discard(at now: Instant) -> Bool {
        guard let incoming else { return true }
        do throws(Refusal) {
            guard try readBody(incoming, keeps: false) == .complete else {
                if hasEnded { phase = .closing }
                return false
            }
        } catch {
            // The answer is out already; there is none for a body that turns out wrong after it.
            dropBytes()
            phase = .closing
            return false
        }
        self.incoming = nil
        phase = .idle
        since = now
        return true
    }

    private mutating func readBody(
        _ incoming: IncomingBody, keeps: Bool
    ) throws(Refusal) -> IncomingBody.Progress {
        var position = Int(start)
        // RFC 9110 section 10.1.1: a client that sends its body unasked needs no 100.
        if start < end { incoming.awaitsContinue = false }
        defer { start = Int32(position) }
        return try incoming.read(bytes, at: &position, end: Int(end), keeps: keeps)
    }
}
