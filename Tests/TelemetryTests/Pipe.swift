import Glibc

/// A pipe that a test reads at its own pace.
final class Pipe: Sendable {
    let writeEnd: Int32
    private let readEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Failure(code: errno) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    struct Failure: Error {
        let code: Int32
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// What is at hand now, or comes within ten seconds when nothing is; nothing when nothing came.
    func read() -> [UInt8] {
        var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 10_000) == 1 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe Glibc.read(readEnd, $0.baseAddress, $0.count)
        }
        return Array(bytes.prefix(max(0, count)))
    }

    /// Reads until so many lines came, or none came for ten seconds.
    func readLines(_ wanted: Int) -> [String] {
        var bytes: [UInt8] = []
        while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < wanted {
            let more = read()
            guard !more.isEmpty else { break }
            bytes += more
        }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
