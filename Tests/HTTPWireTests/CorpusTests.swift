import Glibc
import HTTPWire
import TestSupport
import Testing

@Suite struct CorpusTests {
    /// The path of `Tests/Corpus`.
    static let directory =
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Corpus"

    @Test(arguments: try files())
    func cases_haveTheExpectedOutcome_forEverySplit(file: String) throws {
        let cases = try CorpusCase.parse(text(ofFile: Self.directory + "/" + file))
        #expect(!cases.isEmpty)
        for one in cases {
            for complaint in CorpusCheck(one).complaints {
                Issue.record("\(file):\(one.line): \(one.title): \(complaint)")
            }
        }
    }

    @Test func corpus_hasAtLeastThreeHundredCases() throws {
        let count = try Self.files().map {
            try CorpusCase.parse(text(ofFile: Self.directory + "/" + $0)).count
        }
        #expect(count.reduce(0, +) >= 300)
    }

    @Test func titles_areUnique() throws {
        for file in try Self.files() {
            let titles = try CorpusCase.parse(text(ofFile: Self.directory + "/" + file)).map(\.title)
            #expect(Set(titles).count == titles.count, "\(file)")
        }
    }

    @Test func canary_aWrongOutcome_isReported() throws {
        let right = """
            ## Two requests
            ```input
            GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nHEAD /b HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n
            ```
            ```outcome
            ask GET /
            answer 200
            ask HEAD /b
            answer 200
            ```
            """
        #expect(try CorpusCheck(CorpusCase.parse(right)[0]).complaints == [])
        var wrong = try CorpusCase.parse(right)[0]
        wrong.outcome[2] = "ask GET /b"
        #expect(CorpusCheck(wrong).complaints.count == 1)
    }

    static func files() throws -> [String] {
        guard let stream = unsafe opendir(directory) else { throw CorpusError("no corpus at \(directory)") }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name.hasSuffix(".md") && name != "README.md" { names.append(name) }
        }
        return names.sorted()
    }

}

/// Runs a case with the input as a whole, byte by byte, and split in two at every position, with different
/// garbage after the bytes.
struct CorpusCheck {
    private(set) var complaints: [String] = []

    init(_ one: CorpusCase) {
        let whole = CorpusRun(one)
        whole.play { _, _ in [] }
        if whole.log != one.outcome { complaints.append("expected \(one.outcome), got \(whole.log)") }
        if let output = one.output, output != whole.output {
            complaints.append(
                "expected output \(CorpusText.text(output)), got \(CorpusText.text(whole.output))")
        }
        guard complaints.isEmpty else { return }
        let garbage = [[], Array("\r\n\r\n0\r\n\r\nGET /garbage HTTP/1.1\r\n".utf8), [0xFF, 0x00]]
        for tail in garbage {
            compare("with garbage", one, tail, whole) { _, _ in [] }
            compare("byte by byte", one, tail, whole) { count, _ in Array(1..<max(count, 1)) }
        }
        for split in 1..<max(one.byteCount, 1) {
            let tail = garbage[split % garbage.count]
            compare("split at \(split)", one, tail, whole) { count, offset in
                (1..<max(count, 1)).contains(split - offset) ? [split - offset] : []
            }
        }
    }

    private mutating func compare(
        _ how: String, _ one: CorpusCase, _ garbage: [UInt8], _ whole: CorpusRun,
        cuts: (Int, Int) -> [Int]
    ) {
        guard complaints.count < 3 else { return }
        let run = CorpusRun(one, garbage: garbage)
        run.play(cuts: cuts)
        // Whether `100 Continue` is sent depends on the split, so other cases ignore it.
        let log = one.outcome.contains("continue") ? run.log : run.log.filter { $0 != "continue" }
        if log != whole.log { complaints.append("\(how): expected \(whole.log), got \(run.log)") }
        if log == run.log, run.output != whole.output {
            complaints.append("\(how): output \(CorpusText.text(run.output))")
        }
    }
}
