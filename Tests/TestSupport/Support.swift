internal import Glibc
package import Logging
package import Time

/// The names in a directory.
package func entries(of path: String) -> [String] {
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

/// A logger that writes nothing.
package let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A deadline far enough away that only a hang meets it, on a busy machine too.
package func patient() -> Instant { .now + .seconds(20) }

/// The instant after a duration.
package func soon(_ duration: Duration) -> Instant { .now + duration }

/// Something that happens once, on any thread, and that a test awaits without blocking one.
package struct Event: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    package init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    }

    /// Ends every wait, also those to come.
    package func happen() {
        continuation.finish()
    }

    /// Returns once it has happened.
    package func wait() async {
        for await _ in stream {}
    }
}
