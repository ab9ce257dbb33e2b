import Broadcasts
import Glibc
import Logging
import TestSupport
import Time

/// The names in a directory.
func entries(of path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        names.append(
            unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            })
    }
    return names.filter { $0 != "." && $0 != ".." }
}

struct SystemFailure: Error {
    let errno: Int32
}

/// A logger that says nothing.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A deadline far enough away that only a hang meets it, on a busy machine too.
func patient() -> Instant { .now + .seconds(20) }

func soon(_ duration: Duration) -> Instant { .now + duration }

/// Something that happens once, on any thread, and that a test awaits without blocking one.
struct Event: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    }

    func happen() {
        continuation.finish()
    }

    func wait() async {
        for await _ in stream {}
    }
}
