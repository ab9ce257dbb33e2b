import Broadcasts
import HTTP
import HTTPTypes

extension API {
    /// Returns the preconditions of a PUT or DELETE (RFC 9110 sections 13.1.1 and 13.1.2).
    func precondition(of request: Request) -> Precondition {
        Precondition(
            ifMatch: tags(in: request, .ifMatch), ifNoneMatch: tags(in: request, .ifNoneMatch))
    }

    private func tags(in request: Request, _ name: HTTPField.Name) -> Precondition.Tags? {
        request.list(of: name).map(Precondition.Tags.init)
    }
}

extension Request {
    /// Returns the value of a field that is a list; nil without the field. Several field lines are joined to
    /// one list (RFC 9110 section 5.3).
    func list(of name: HTTPField.Name) -> [UInt8]? {
        let values = values(of: name)
        guard let first = values.first else { return nil }
        return values.dropFirst().reduce(into: Array(bytes[first])) { list, value in
            list.append(UInt8(ascii: ","))
            list += bytes[value]
        }
    }
}

extension Precondition.Tags {
    /// Parses `*` or a list of entity tags with at least one element. A list may have empty elements
    /// (section 5.6.1.2).
    init(_ value: [UInt8]) {
        var rest = value[...]
        func skipBlanks() { rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
        skipBlanks()
        if rest.first == UInt8(ascii: "*") {
            rest = rest.dropFirst()
            skipBlanks()
            self = rest.isEmpty ? .any : .malformed
            return
        }
        var tags: [EntityTag] = []
        while !rest.isEmpty {
            if rest.first != UInt8(ascii: ",") {
                guard let tag = EntityTag(parsing: &rest) else {
                    self = .malformed
                    return
                }
                tags.append(tag)
                skipBlanks()
                guard rest.isEmpty || rest.first == UInt8(ascii: ",") else {
                    self = .malformed
                    return
                }
            }
            rest = rest.dropFirst()
            skipBlanks()
        }
        self = tags.isEmpty ? .malformed : .list(tags)
    }
}

extension EntityTag {
    /// Removes an entity tag from the beginning of the bytes (section 8.8.3). Nil if there is none.
    init?(parsing bytes: inout ArraySlice<UInt8>) {
        let isWeak = bytes.starts(with: Array("W/".utf8))
        let opaque = isWeak ? bytes.dropFirst(2) : bytes
        guard opaque.first == UInt8(ascii: "\""),
            let end = opaque.dropFirst().firstIndex(of: UInt8(ascii: "\"")),
            opaque[(opaque.startIndex + 1)..<end].allSatisfy({ $0 == 0x21 || $0 >= 0x23 && $0 != 0x7F }),
            let text = String(validating: opaque[...end], as: UTF8.self)
        else { return nil }
        self.init(text: text, isWeak: isWeak)
        bytes = bytes[(end + 1)...]
    }
}
