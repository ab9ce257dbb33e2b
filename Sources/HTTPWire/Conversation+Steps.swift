internal import Bytes
internal import HTTP
internal import HTTPTypes
package import Time

extension Conversation {
    /// Returns the next step, and consumes bytes. The server calls it until it returns `wait` or `close`.
    package mutating func next(_ input: inout ReceivedBytes, at now: Instant) -> Step {
        let step = pull(&input, at: now)
        // A request that waits for more of its body copies its head, so that the caller can reuse the buffer.
        if case .wait = step { incoming?.detach() }
        return step
    }

    private mutating func pull(_ input: inout ReceivedBytes, at now: Instant) -> Step {
        if phase >= .closing { input.drop() }
        switch phase {
        case .finished:
            phase = .closed
            drop(&input)
            return .close
        case .timedOut:
            return refuse(.timeout, incoming?.request, &input)
        case .overLimit:
            return refuse(.tooManyConnections, nil, &input)
        case .closing:
            return finishClosing(at: now)
        case .lingering:
            guard hasEnded else { return .wait }
            phase = .finished
            return pull(&input, at: now)
        case .streaming:
            guard hasEnded else { return .wait }
            phase = .finished
            return pull(&input, at: now)
        case .asked, .answering, .refusing, .closed:
            return .wait
        case .idle, .head, .discarding, .body:
            guard !isOutputBlocked else { return .wait }
            return continueRequest(&input, at: now)
        }
    }

    /// Marks a new connection as over the limit: it is refused without waiting for a request.
    package mutating func rejectOverLimit() {
        precondition(phase == .idle)
        phase = .overLimit
    }

    private mutating func continueRequest(_ input: inout ReceivedBytes, at now: Instant) -> Step {
        if phase == .body { return continueBody(&input) }
        if phase == .discarding && !discard(&input, at: now) {
            return phase == .discarding ? .wait : pull(&input, at: now)
        }
        return nextRequest(&input, at: now)
    }

    /// Reports that the response is not ready: the body is read next.
    package mutating func awaitResponse(at now: Instant) {
        precondition(phase == .asked)
        phase = .body
        since = now
    }

    // MARK: - Heads

    private mutating func nextRequest(_ input: inout ReceivedBytes, at now: Instant) -> Step {
        skipEmptyLine(&input)
        guard !input.isEmpty else {
            phase = .idle
            incoming = nil
            guard hasEnded || isDraining, !hasOutput else { return .wait }
            phase = .finished
            return pull(&input, at: now)
        }
        phase = .head
        do throws(Refusal) {
            if let head = try parseHead(&input) { return ask(head, &input) }
            return hasEnded ? refuse(.malformed("request ended early"), nil, &input) : .wait
        } catch {
            let foreign = foreignProtocol(input.bytes.span, range: input.start..<input.end)
            return refuse(foreign ?? error, nil, &input)
        }
    }

    /// RFC 9112 section 2.2: an empty line before a request line is ignored, because some clients send one
    /// after a body. Only one is accepted.
    private mutating func skipEmptyLine(_ input: inout ReceivedBytes) {
        guard !hasSkippedEmptyLine, scanner.scanned == 0, input.count >= 2,
            input.bytes[input.start] == .carriageReturn, input.bytes[input.start + 1] == .lineFeed
        else { return }
        input.start += 2
        hasSkippedEmptyLine = true
    }

    /// Parses and consumes the head if it is complete, otherwise returns nil.
    private mutating func parseHead(_ input: inout ReceivedBytes) throws(Refusal) -> Head? {
        let received = input.bytes
        let span = received.span
        let available = input.start..<input.end
        let maximum = limits.maximumHeaderBytes
        // A malformed request line is rejected before the rest of the head arrives. If the rest arrives in a
        // later read, the line is parsed again, so that only positions are kept between reads.
        let isNew = scanner.requestLineEnd == 0
        guard
            let fieldsStart = try scanner.findRequestLine(in: span, head: available, maximum: maximum)
        else { return nil }
        let line = available.lowerBound..<(fieldsStart - 2)
        let checked = isNew ? try RequestLine(span, line: line) : nil
        guard let headEnd = try scanner.findEnd(in: span, head: available, maximum: maximum)
        else { return nil }
        let requestLine =
            switch consume checked {
            case .some(let checked): checked
            case .none: try RequestLine(span, line: line)
            }
        let head = try Head(
            requestLine: requestLine, span, range: available.lowerBound..<headEnd, fieldsStart: fieldsStart,
            maximumCount: limits.maximumHeaders)
        input.start = headEnd
        scanner = HeadScanner()
        hasSkippedEmptyLine = false
        return head
    }

    private mutating func ask(_ head: consuming Head, _ input: inout ReceivedBytes) -> Step {
        let request = Request(
            bytes: input.bytes, method: head.requestLine.method, path: head.requestLine.target.path,
            query: head.requestLine.target.query, fieldLines: head.fieldLines,
            hasBody: head.framing != .none, receivedAt: since, remoteAddress: remoteAddress)
        current = CurrentRequest(
            isLast: head.closesConnection, isLastOfClient: head.closesConnection,
            isHTTP10: head.requestLine.version == .http10, isHead: head.requestLine.method == .head)
        if head.hasUnknownExpectation { return refuse(.expectationFailed, request, &input) }
        if request.hasBody {
            incoming = IncomingBody(head: head, request: request, limits: limits)
        }
        phase = .asked
        return .ask(request)
    }

    private mutating func refuse(
        _ refusal: Refusal, _ request: Request?, _ input: inout ReceivedBytes
    ) -> Step {
        phase = .refusing
        if request == nil {
            // A response to HEAD has no content (RFC 9110 section 9.3.2), even if the request is malformed.
            current = CurrentRequest(isLast: true, isHead: input.rest.starts(with: "HEAD ".utf8))
        }
        current?.isLast = true
        drop(&input)
        return .refuse(refusal, request)
    }

    // MARK: - Bodies

    private mutating func continueBody(_ input: inout ReceivedBytes) -> Step {
        guard let incoming else {
            phase = .answering
            return .run(body: [])
        }
        if incoming.isTooLarge { return refuse(.contentTooLarge, incoming.request, &input) }
        do throws(Refusal) {
            if try readBody(incoming, keeps: true, &input) == .complete {
                self.incoming = nil
                phase = .answering
                return .run(body: incoming.takeContent())
            }
        } catch {
            return refuse(error, incoming.request, &input)
        }
        if hasEnded { return refuse(.malformed("body ended early"), incoming.request, &input) }
        guard incoming.awaitsContinue else { return .wait }
        incoming.awaitsContinue = false
        hasOutput = true
        return .interim
    }

    /// Skips the rest of a body that is not needed.
    ///
    /// - Returns: Whether the next request may follow. If false, either more bytes are needed or the phase
    ///   has changed.
    private mutating func discard(_ input: inout ReceivedBytes, at now: Instant) -> Bool {
        guard let incoming else { return true }
        do throws(Refusal) {
            guard try readBody(incoming, keeps: false, &input) == .complete else {
                if hasEnded { phase = .closing }
                return false
            }
        } catch {
            // The response has already been encoded. A body that turns out to be malformed only closes the
            // connection.
            drop(&input)
            phase = .closing
            return false
        }
        self.incoming = nil
        phase = .idle
        since = now
        return true
    }

    private mutating func readBody(
        _ incoming: IncomingBody, keeps: Bool, _ input: inout ReceivedBytes
    ) throws(Refusal) -> IncomingBody.Progress {
        var position = input.start
        // RFC 9110 section 10.1.1: a client that sends its body without waiting needs no 100.
        if !input.isEmpty { incoming.awaitsContinue = false }
        defer { input.start = position }
        return try incoming.read(input.bytes, at: &position, end: input.end, keeps: keeps)
    }
}
