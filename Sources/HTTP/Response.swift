internal import Bytes
package import HTTPTypes

/// Encoded field lines: `Name: value` and CR LF each.
///
/// Fields that are the same in many responses are encoded once.
package struct FieldLines: Hashable, Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package init(_ lines: KeyValuePairs<HTTPField.Name, String>) {
        for (name, value) in lines { append(name, value) }
    }

    /// Appends a line. Bytes that are not allowed in a field value (RFC 9110 section 5.5) become spaces, so
    /// that no value can inject another line.
    package mutating func append(_ name: HTTPField.Name, _ value: String) {
        bytes.append(name, value)
    }

    /// Appends lines.
    package mutating func append(_ lines: FieldLines) {
        bytes += lines.bytes
    }
}

extension [UInt8] {
    /// Appends a field line; see `FieldLines.append`.
    package mutating func append(_ name: HTTPField.Name, _ value: String) {
        append(contentsOf: name.rawName.utf8)
        append(": ")
        var position = count
        append(contentsOf: value.utf8)
        while case let control = span.firstControl(from: position, to: count), control < count {
            if self[control] != UInt8(ascii: "\t") { self[control] = UInt8(ascii: " ") }
            position = control + 1
        }
        append("\r\n")
    }
}

/// The response to one request. The connection adds `Date`, the framing of the content and `Connection`.
package struct Response: Sendable {
    /// One field line.
    package struct Field: Sendable {
        package let name: HTTPField.Name
        package let value: String

        package init(_ name: HTTPField.Name, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var status: HTTPResponse.Status
    package var fields: FieldLines
    /// A field line of this response only. Separate, so that many responses can share `fields`; appending it
    /// there would copy them.
    package var ownField: Field?
    /// The content. In response to HEAD, only its length is sent (RFC 9110 section 8.6). Empty
    /// for a stream.
    package var body: [UInt8]
    /// Whether the content has no known length: its pieces are delivered one by one, and the connection
    /// closes after it.
    package var isStream = false

    package init(status: HTTPResponse.Status, fields: FieldLines = FieldLines(), body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
