import FuzzSupport
import HTTP

@testable import HTTPWire

/// Fails for a request with the path `/a`. The fuzzer must find one; otherwise the results of the other
/// fuzzers mean nothing.
func checkCanary(_ bytes: [UInt8]) {
    var scanner = HeadScanner()
    do throws(Refusal) {
        let all = 0..<bytes.count
        guard let end = try scanner.findRequestLine(in: bytes.span, head: all, maximum: 256) else { return }
        let path = try RequestLine(bytes.span, line: 0..<(end - 2)).target.path
        require(bytes[path] != [UInt8(ascii: "/"), UInt8(ascii: "a")], "no request is for /a")
    } catch {}
}
