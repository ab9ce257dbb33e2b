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
        (100_000, "0.0001"), (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"),
        (2_500_000, "0.0025"), (5_000_000, "0.005"), (10_000_000, "0.01"), (25_000_000, "0.025"),
        (50_000_000, "0.05"), (100_000_000, "0.1"), (250_000_000, "0.25"), (500_000_000, "0.5"),
        (1_000_000_000, "1"), (2_500_000_000, "2.5"), (5_000_000_000, "5"), (10_000_000_000, "10"),
    ]

    private let counts: [17 of Atomic<Int>] = InlineArray { _ in Atomic(0) }
    /// All durations together, in nanoseconds. It wraps after 584 years of durations: with 10,000 requests
    /// that wait at any time, after three weeks.
    private let total = Atomic<UInt>(0)
    /// How often the total has wrapped.
    private let wraps = Atomic(0)

    package init() {}

    /// Counts one observation.
    package func record(_ duration: Duration) {
        let nanoseconds = duration.nanoseconds
        let range = Self.bounds.firstIndex { nanoseconds <= $0.nanoseconds } ?? Self.bounds.count
        counts[range].wrappingAdd(1, ordering: .relaxed)
        let (old, new) = total.wrappingAdd(UInt(max(0, nanoseconds)), ordering: .relaxed)
        if new < old { wraps.wrappingAdd(1, ordering: .relaxed) }
    }

    /// How many durations fell into each range, shortest first.
    var rangeCounts: [Int] {
        counts.indices.map { counts[$0].load(ordering: .relaxed) }
    }

    /// All durations together, in seconds.
    var sum: Double {
        let wrapped = Double(wraps.load(ordering: .relaxed)) * 0x1p64
        return (wrapped + Double(total.load(ordering: .relaxed))) / 1e9
    }
}
