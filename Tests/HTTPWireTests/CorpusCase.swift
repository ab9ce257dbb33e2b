/// One case of the corpus: the input from a client and the expected outcome. `Tests/Corpus/README.md`
/// describes the format.
struct CorpusCase {
    /// One part of the input.
    enum Input: Equatable {
        /// Bytes, which may arrive in pieces of any size.
        case bytes([UInt8])
        /// The client waits until the server has processed everything received so far.
        case pause
        /// Time passes.
        case wait(Duration)
        /// The client closes its sending side.
        case end
    }

    var title: String
    var line: Int
    var isDeferred = false
    /// Whether the response is a stream of the body and a second piece.
    var isStream = false
    var showsFields = false
    var status = 200
    var answerBody = Array("ok".utf8)
    var limits = CorpusLimits()
    var input: [Input] = []
    var outcome: [String] = []
    var output: [UInt8]?

    var byteCount: Int {
        input.reduce(0) { if case .bytes(let bytes) = $1 { $0 + bytes.count } else { $0 } }
    }
}

/// The limits of a case: by default small, so that inputs can be short.
struct CorpusLimits {
    var headerBytes = 1024
    var headers = 10
    var bodyBytes = 32
}

/// An error in a corpus file.
struct CorpusError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

extension CorpusCase {
    /// Parses the cases of a file.
    static func parse(_ text: String) throws -> [CorpusCase] {
        var cases: [CorpusCase] = []
        var block: (kind: String, lines: [Substring])?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let open = block {
                if line == "```" {
                    guard !cases.isEmpty else { throw CorpusError("line \(index + 1): block before a title") }
                    try cases[cases.count - 1].take(block: open.lines, kind: open.kind)
                    block = nil
                } else {
                    block = (open.kind, open.lines + [line])
                }
            } else if line.hasPrefix("## ") {
                cases.append(CorpusCase(title: String(line.dropFirst(3)), line: index + 1))
            } else if line.hasPrefix("```") {
                block = (String(line.dropFirst(3)), [])
            } else if line.hasPrefix("- "), !cases.isEmpty {
                try cases[cases.count - 1].take(option: line.dropFirst(2))
            }
        }
        guard block == nil else { throw CorpusError("a block is not closed") }
        for one in cases where one.input.isEmpty || one.outcome.isEmpty {
            throw CorpusError("line \(one.line): \(one.title): input or outcome is missing")
        }
        return cases
    }

    private mutating func take(option: Substring) throws {
        let parts = option.split(separator: ":", maxSplits: 1)
        let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
        switch (parts.first, Int(value)) {
        case ("answer", _) where value == "deferred": isDeferred = true
        case ("answer", _) where value == "stream": (isDeferred, isStream) = (true, true)
        case ("shows", _) where value == "fields": showsFields = true
        case ("answer", let code?): status = code
        case ("answer body", _): answerBody = try CorpusText.bytes(value)
        case ("max_header_bytes", let count?): limits.headerBytes = count
        case ("max_headers", let count?): limits.headers = count
        case ("max_body_bytes", let count?): limits.bodyBytes = count
        default: throw CorpusError("line \(line): \(title): unknown option \(option)")
        }
    }

    private mutating func take(block: [Substring], kind: String) throws {
        switch kind {
        case "input": for line in block { try take(inputLine: line) }
        case "outcome": outcome = block.map(String.init)
        case "output": output = try block.flatMap { try CorpusText.bytes($0) }
        default: throw CorpusError("line \(line): \(title): unknown block \(kind)")
        }
    }

    private mutating func take(inputLine: Substring) throws {
        switch inputLine {
        case "<pause>": input.append(.pause)
        case "<end>": input.append(.end)
        case let wait where wait.hasPrefix("<wait ") && wait.hasSuffix(" s>"):
            guard let seconds = Int(wait.dropFirst(6).dropLast(3)) else {
                throw CorpusError("line \(line): \(wait)")
            }
            input.append(.wait(.seconds(seconds)))
        default:
            let bytes = try CorpusText.bytes(inputLine)
            if case .bytes(let before) = input.last {
                input[input.count - 1] = .bytes(before + bytes)
            } else {
                input.append(.bytes(bytes))
            }
        }
    }
}
