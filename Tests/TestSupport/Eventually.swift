internal import Glibc
package import Testing
internal import Time

/// How long `eventually` waits for a condition. Only a failing test waits that long.
package let patience = Duration.seconds(20)

/// Waits until a condition holds. Sleeps between the checks, to leave the CPU to the threads that it waits
/// for. Fails the test if the condition does not hold within the limit.
///
/// For conditions without an event to wait for, such as a counter that another thread changes.
package func eventually(
    within limit: Duration = patience, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    var backoff = Backoff(limit)
    while try !condition() {
        guard let milliseconds = backoff.next() else { return try fail(limit, sourceLocation) }
        poll(nil, 0, milliseconds)
    }
}

/// Waits until a condition holds, as above. Suspends the task between the checks.
package func eventually(
    within limit: Duration = patience, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    var backoff = Backoff(limit)
    while try await !condition() {
        guard let milliseconds = backoff.next() else { return try fail(limit, sourceLocation) }
        try await Task.sleep(for: .milliseconds(milliseconds))
    }
}

/// The pauses between the checks: from 1 ms, doubled up to 20 ms.
private struct Backoff {
    private var milliseconds: Int32 = 1
    private let deadline: Instant

    init(_ limit: Duration) {
        deadline = .now + limit
    }

    /// Returns the next pause in milliseconds, or nil after the deadline.
    mutating func next() -> Int32? {
        guard Instant.now < deadline else { return nil }
        defer { milliseconds = min(2 * milliseconds, 20) }
        return milliseconds
    }
}

/// Records the failure at the caller's location and ends the test.
private func fail(_ limit: Duration, _ sourceLocation: SourceLocation) throws {
    try #require(Bool(false), "the condition did not hold within \(limit)", sourceLocation: sourceLocation)
}
