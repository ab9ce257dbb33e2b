import Bytes
import TestSupport
import Testing

/// A request that uses nothing new gets exactly the bytes that it got from the build at commit 5173de4.
@Suite(.timeLimit(.minutes(2))) struct DropInTests {
    private struct Case {
        let name: String
        let request: [UInt8]
        let response: [UInt8]
    }

    /// What the contract changes: all answers but the board say that they must not be stored.
    private static let addedField = "Cache-Control: no-store\r\n"

    @Test func recordedRequests_getTheRecordedBytes() throws {
        let cases = try Self.cases()
        #expect(cases.count >= 80)
        let service = try RunningService(RunningService.tokens)
        for item in cases {
            let client = try Client(service.address)
            try client.send(item.request)
            if item.name.hasPrefix("half") { try client.shutdownWrite() }
            let response = Self.masked(String(decoding: try client.readToEnd(), as: Unicode.ASCII.self))
            #expect(response == String(decoding: item.response, as: Unicode.ASCII.self), "\(item.name)")
        }
        #expect(try service.stop() == 0)
    }

    /// Canary: a field more is noticed.
    @Test func addedBytes_areNoticed() throws {
        let item = try #require(try Self.cases().first { $0.name == "the board" })
        let recorded = String(decoding: item.response, as: Unicode.ASCII.self)
        #expect(Self.masked(recorded) == recorded)
        #expect(
            Self.masked(recorded.replacingFirst("Content-Length", with: "A: b\r\nContent-Length")) != recorded
        )
    }

    /// Replaces what differs between two runs, and removes the field that the contract adds.
    private static func masked(_ text: String) -> String {
        text.split(separator: "\r\n", omittingEmptySubsequences: false).map { line in
            for name in ["Date: ", "X-Request-Id: "]
            where line.hasPrefix(name) && line != "X-Request-Id: abc-123" {
                return name + "*"
            }
            return String(line)
        }.joined(separator: "\r\n").split(separator: addedField, omittingEmptySubsequences: false).joined()
    }

    private static func cases() throws -> [Case] {
        let tests = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let text = try text(ofFile: tests + "/Recorded/drop-in.txt")
        return try text.split(separator: "\n=== ").dropFirst().map { block in
            let parts = block.split(separator: "\n", maxSplits: 1)
            let halves = try #require(parts.last).split(separator: "\n---\n", maxSplits: 1)
            return Case(
                name: String(parts[0]), request: bytes(of: halves[0]), response: bytes(of: halves[1]))
        }
    }

    /// Decodes the escapes, and joins the lines.
    private static func bytes(of text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8).filter { $0 != UInt8(ascii: "\n") }[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "x"):
                let digits = rest.prefix(2).compactMap(\.hexadecimalValue)
                rest = rest.dropFirst(2)
                bytes.append(UInt8(digits[0] * 16 + digits[1]))
            case let other: bytes.append(other ?? byte)
            }
        }
        return bytes
    }
}

extension String {
    fileprivate func replacingFirst(_ text: String, with other: String) -> String {
        firstRange(of: text).map { self[..<$0.lowerBound] + other + self[$0.upperBound...] }.map(String.init)
            ?? self
    }
}
