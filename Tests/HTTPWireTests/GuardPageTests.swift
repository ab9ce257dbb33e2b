import Glibc
import HTTP
import TestSupport
import Testing

@testable import HTTPWire

/// Runs the parsers that read spans on every prefix of every input of the corpus, directly before a guard
/// page. The conversation reads arrays, whose indices Swift checks; `CorpusCheck` puts garbage after its
/// bytes.
@Suite struct GuardPageTests {
    @Test(arguments: try CorpusTests.files())
    func parsers_doNotReadPastTheirBytes(file: String) throws {
        let memory = try GuardedBytes(capacity: 65536)
        for one in try CorpusCase.parse(text(ofFile: CorpusTests.directory + "/" + file)) {
            let bytes = one.input.flatMap { if case .bytes(let bytes) = $0 { bytes } else { [UInt8]() } }
            for count in 0...bytes.count {
                memory.with(bytes[..<count]) { span in
                    Self.parseHead(span)
                    Self.decodeChunks(span)
                }
            }
        }
    }

    @Test func canary_aReadPastTheBytes_endsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            // `exit` is reached only if the guard page can be read.
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

    /// Decodes the bytes after the first empty line as chunks, or all bytes if there is none.
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
