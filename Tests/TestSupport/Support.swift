internal import Glibc
package import Logging
package import Time

/// Returns the names in a directory.
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

/// Returns a deadline that only a hang exceeds, also on a busy machine.
package func patient() -> Instant { .now + .seconds(20) }

/// Returns the current instant plus a duration.
package func soon(_ duration: Duration) -> Instant { .now + duration }

/// An event that happens once, on any thread. A test awaits it without blocking a thread.
package struct Event: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    package init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    }

    /// Ends all current and later waits.
    package func happen() {
        continuation.finish()
    }

    /// Returns when the event has happened.
    package func wait() async {
        for await _ in stream {}
    }
}
