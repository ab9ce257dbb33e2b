internal import Glibc

/// A file that cannot be opened.
package struct UnreadableFile: Error {
    package let path: String
    package let errno: Int32
}

/// Returns the text of a file.
package func text(ofFile path: String) throws -> String {
    guard let file = unsafe fopen(path, "re") else { throw UnreadableFile(path: path, errno: errno) }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = unsafe fread(&buffer, 1, buffer.count, file), count > 0 {
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
