import Glibc
import Synchronization

/// A pipe that a test reads at its own pace.
final class Pipe: Sendable {
    let writeEnd: Int32
    private let readEnd: Atomic<Int32>

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Failure(code: errno) }
        readEnd = Atomic(ends[0])
        writeEnd = ends[1]
    }

    struct Failure: Error {
        let code: Int32
    }

    deinit {
        closeReadEnd()
        close(writeEnd)
    }

    /// Writes spaces until the pipe is full.
    func fill() {
        let flags = fcntl(writeEnd, F_GETFL)
        _ = fcntl(writeEnd, F_SETFL, flags | O_NONBLOCK)
        while unsafe write(writeEnd, " ", 1) == 1 {}
        _ = fcntl(writeEnd, F_SETFL, flags)
    }

    /// Closes the read end, so that writes fail.
    func closeReadEnd() {
        close(readEnd.exchange(-1, ordering: .relaxed))
    }

    /// Returns the available bytes. If there are none, waits for some; returns no bytes after the timeout.
    func read(waitingMilliseconds: Int32 = 10_000) -> [UInt8] {
        let readEnd = readEnd.load(ordering: .relaxed)
        var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, waitingMilliseconds) == 1 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe Glibc.read(readEnd, $0.baseAddress, $0.count)
        }
        return Array(bytes.prefix(max(0, count)))
    }

    /// Reads until `wanted` lines have arrived, or nothing has arrived for ten seconds.
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
