internal import Glibc

/// A temporary directory, which is deleted when this object is released.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package struct Failure: Error {
        let path: String
        let errno: Int32
    }

    package init() throws {
        var template = Array("/tmp/megaphone-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Failure(path: "/tmp", errno: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        _ = try? ChildProcess("/bin/rm", ["-rf", path]).waitForExit()
    }

    /// Creates or overwrites a file.
    package func write(_ text: String, to name: String) throws {
        let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(path: name, errno: errno) }
        defer { close(descriptor) }
        guard unsafe Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw Failure(path: name, errno: errno)
        }
    }

    /// Returns the text of a file in this directory.
    package func read(_ name: String) throws -> String {
        try text(ofFile: "\(path)/\(name)")
    }
}
