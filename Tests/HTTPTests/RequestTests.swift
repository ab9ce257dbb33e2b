import Bytes
import HTTP
import HTTPTypes
import Testing
import Time

@Suite struct RequestTests {
    /// Returns a request with these field lines (`Name: value`), surrounded by bytes of other requests.
    private func request(_ lines: String...) -> Request {
        var bytes = Array("Host: of another\r\n\r\nGET /a%20b?c=d HTTP/1.1\r\n".utf8)
        let path = 24..<30
        var fieldLines: [Request.FieldLine] = []
        for line in lines {
            let start = bytes.count
            bytes += Array("\(line)\r\n".utf8)
            let colon = line.utf8.prefix { $0 != UInt8(ascii: ":") }.count
            fieldLines.append(
                Request.FieldLine(
                    name: start..<(start + colon), value: (start + colon + 2)..<(bytes.count - 2)))
        }
        bytes += Array("\r\nHost: of the next\r\n".utf8)
        return Request(
            bytes: bytes, method: .get, path: path, query: 31..<34, fieldLines: fieldLines, hasBody: false,
            receivedAt: ManualClock().now, remoteAddress: .version4(0x7F00_0001, port: 1))
    }

    @Test func text_isThatOfTheRange() throws {
        let request = request()
        #expect(request.text(request.path) == "/a%20b")
        #expect(request.text(try #require(request.query)) == "c=d")
        #expect(request.text(0..<0) == "")
    }

    @Test func text_replacesInvalidUTF8() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        let request = Request(
            bytes: bytes, method: .get, path: 0..<3, query: nil, fieldLines: [], hasBody: false,
            receivedAt: ManualClock().now, remoteAddress: .version4(0, port: 0))
        #expect(request.text(0..<3) == "a\u{FFFD}b")
    }

    @Test(arguments: ["Accept", "accept", "ACCEPT", "aCCePT"])
    func field_isFound_inAnyCase(spelling: String) throws {
        let request = request("Host: a", "\(spelling): b", "Vary: c")
        #expect(request.text(try #require(request.firstValue(of: .accept))) == "b")
        #expect(request.values(of: .accept).map(request.text) == ["b"])
    }

    @Test(arguments: ["Accep", "Accept-", "Accept-Encoding", "XAccept", "Acc\u{60}pt"])
    func field_isNotFound_underASimilarName(name: String) {
        let request = request("\(name): b")
        #expect(request.firstValue(of: .accept) == nil)
        #expect(request.values(of: .accept).isEmpty)
        guard case .absent = request.occurrence(of: .accept) else {
            Issue.record("a field with a similar name was found")
            return
        }
    }

    @Test func fieldsOfOtherRequests_areNotFound() {
        #expect(request("Accept: a").firstValue(of: HTTPField.Name("Host") ?? .accept) == nil)
    }

    @Test func values_keepTheOrderReceived() {
        let request = request("Via: a", "Host: x", "VIA: ", "via: b")
        #expect(request.values(of: .via).map(request.text) == ["a", "", "b"])
        #expect(request.firstValue(of: .via).map(request.text) == "a")
    }

    @Test func occurrence_distinguishesOnceFromRepeated() {
        let request = request("Via: a", "Host: x", "via: a")
        guard case .once(let range) = request.occurrence(of: HTTPField.Name("Host") ?? .via) else {
            Issue.record("Host occurs once")
            return
        }
        #expect(request.text(range) == "x")
        guard case .repeated = request.occurrence(of: .via) else {
            Issue.record("Via is repeated, with equal values")
            return
        }
    }
}
