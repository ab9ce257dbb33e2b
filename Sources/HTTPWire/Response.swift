package import HTTPTypes

/// Field lines in the form they go out in: `Name: value` and CR LF, one after the other.
///
/// Rendering once and appending copies keeps a constant part of an answer constant.
package struct FieldLines: Hashable, Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package init(_ lines: KeyValuePairs<HTTPField.Name, String>) {
        for (name, value) in lines { append(name, value) }
    }

    /// Adds a line. Bytes that may not stand in a field value (RFC 9110 section 5.5) become spaces, so that
    /// no value that came from outside can begin a line of its own.
    package mutating func append(_ name: HTTPField.Name, _ value: String) {
        bytes.append(contentsOf: name.rawName.utf8)
        bytes.append(contentsOf: ": ".utf8)
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        for index in start..<bytes.count
        where (bytes[index] < 0x20 && bytes[index] != 0x09) || bytes[index] == 0x7F {
            bytes[index] = 0x20
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }
}

/// What is sent back for one request. The connection adds `Date`, `Content-Length` and `Connection`.
package struct Response: Sendable {
    package var status: HTTPResponse.Status
    package var fields: FieldLines
    /// The representation. It is not sent in answer to HEAD, but its length is (RFC 9110 section 8.6).
    package var body: [UInt8]

    package init(status: HTTPResponse.Status, fields: FieldLines = FieldLines(), body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
