internal import Glibc
package import Testing
internal import Time

/// How long `eventually` waits for a condition: far above what any takes, for tests that fail.
package let patience = Duration.seconds(20)

/// Waits until a condition holds. Between tries it sleeps, so that it takes no processor from the threads
/// that it waits for. Fails the test when the condition does not hold within the limit.
///
/// For what has no event to wait for, such as a count that another thread changes.
package func eventually(
    within limit: Duration = patience, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    var pauses = Pauses(limit)
    while try !condition() {
        guard let milliseconds = pauses.next() else { return try fail(limit, sourceLocation) }
        poll(nil, 0, milliseconds)
    }
}

/// Waits until a condition holds, as above. Between tries it gives its thread to other tasks.
package func eventually(
    within limit: Duration = patience, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    var pauses = Pauses(limit)
    while try await !condition() {
        guard let milliseconds = pauses.next() else { return try fail(limit, sourceLocation) }
        try await Task.sleep(for: .milliseconds(milliseconds))
    }
}

/// The pauses between tries: from 1 ms, doubled up to 20 ms.
private struct Pauses {
    private var milliseconds: Int32 = 1
    private let deadline: Instant

    init(_ limit: Duration) {
        deadline = .now + limit
    }

    /// Nil when the deadline has passed.
    mutating func next() -> Int32? {
        guard Instant.now < deadline else { return nil }
        defer { milliseconds = min(2 * milliseconds, 20) }
        return milliseconds
    }
}

/// Records the failure at the caller's place and ends the test.
private func fail(_ limit: Duration, _ sourceLocation: SourceLocation) throws {
    try #require(Bool(false), "the condition did not hold within \(limit)", sourceLocation: sourceLocation)
}
