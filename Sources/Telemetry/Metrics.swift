import Synchronization
import Time

/// A number that only grows.
package final class Counter: Sendable {
    private let count = Atomic(0)

    package init() {}

    /// Adds one to the count, which never falls.
    package func increment() {
        count.wrappingAdd(1, ordering: .relaxed)
    }

    package var value: Int { count.load(ordering: .relaxed) }
}

/// How often durations fell into each of a fixed set of ranges.
///
/// The ranges span a board served from memory and the longest deadline an operator would set. Recording takes
/// two atomic additions and no lock.
package final class Histogram: Sendable {
    /// The upper bounds in nanoseconds, and how Prometheus writes them in seconds. One more range has no
    /// bound.
    static let bounds: [(nanoseconds: Int, seconds: String)] = [
        (500_000, "0.0005"), (1_000_000, "0.001"), (2_500_000, "0.0025"), (5_000_000, "0.005"),
        (10_000_000, "0.01"), (25_000_000, "0.025"), (50_000_000, "0.05"), (100_000_000, "0.1"),
        (250_000_000, "0.25"), (500_000_000, "0.5"), (1_000_000_000, "1"), (2_500_000_000, "2.5"),
        (5_000_000_000, "5"), (10_000_000_000, "10"),
    ]

    private let counts: [15 of Atomic<Int>] = InlineArray { _ in Atomic(0) }
    /// All durations together, in nanoseconds.
    private let total = Atomic(0)

    package init() {}

    /// Counts one observation.
    package func record(_ duration: Duration) {
        let nanoseconds = duration.nanoseconds
        let range = Self.bounds.firstIndex { nanoseconds <= $0.nanoseconds } ?? Self.bounds.count
        counts[range].wrappingAdd(1, ordering: .relaxed)
        total.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// How many durations fell into each range, shortest first.
    var rangeCounts: [Int] {
        counts.indices.map { counts[$0].load(ordering: .relaxed) }
    }

    /// All durations together, in seconds.
    var sum: Double {
        Double(total.load(ordering: .relaxed)) / 1e9
    }
}
