import Glibc
import HTTP
import TestSupport
import Testing

@testable import HTTPWire

/// The parts that read spans are held against a guard page with every prefix of every input of the corpus.
/// The conversation itself reads arrays, whose indices the language checks; `CorpusCheck` puts garbage behind
/// its bytes.
@Suite struct GuardPageTests {
    @Test(arguments: try CorpusTests.files())
    func parsers_readNothingBehindTheirBytes(file: String) throws {
        let memory = try GuardedBytes(capacity: 65536)
        for one in try CorpusCase.parse(CorpusTests.read(CorpusTests.directory + "/" + file)) {
            let bytes = one.input.flatMap { if case .bytes(let bytes) = $0 { bytes } else { [UInt8]() } }
            for count in 0...bytes.count {
                memory.with(bytes[..<count]) { span in
                    Self.parseHead(span)
                    Self.decodeChunks(span)
                }
            }
        }
    }

    @Test func guardPage_endsTheProcess_whenOneByteTooManyIsRead() async {
        await #expect(processExitsWith: .failure) {
            // Reached only when the page behind the bytes can be read.
            exit(try Self.byteBehindGuardedBytes() == nil ? EXIT_FAILURE : EXIT_SUCCESS)
        }
    }

    private static func byteBehindGuardedBytes() throws -> UInt8? {
        try GuardedBytes(capacity: 1).with([0x61]) { span in
            unsafe span.withUnsafeBufferPointer { $0.baseAddress?[1] }
        }
    }

    private static func parseHead(_ span: Span<UInt8>) {
        var scanner = HeadScanner()
        let all = 0..<span.count
        do throws(Refusal) {
            guard let fields = try scanner.findRequestLine(in: span, head: all, maximum: 16384) else {
                return
            }
            let line = try RequestLine(span, line: 0..<(fields - 2))
            guard let end = try scanner.findEnd(in: span, head: all, maximum: 16384) else { return }
            _ = try Head(
                requestLine: line, span, range: 0..<end, fieldsStart: fields, maximumCount: 100)
        } catch {}
    }

    /// What follows the first empty line, or all when there is none, is taken for chunks.
    private static func decodeChunks(_ span: Span<UInt8>) {
        var position = 0
        for index in span.indices.dropFirst(3)
        where span[index] == 0x0A && span[index - 1] == 0x0D && span[index - 2] == 0x0A {
            position = index + 1
            break
        }
        var decoder = ChunkedDecoder(limits: Limits.defaults)
        do throws(Refusal) {
            while case .data = try decoder.next(in: span, at: &position, end: span.count) {}
        } catch {}
    }
}
