import Synchronization
import Time

/// A number that only grows.
package final class Counter: Sendable {
    private let count = Atomic(0)

    package init() {}

    /// Adds to the number.
    package func increment(by amount: Int = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    package var value: Int { count.load(ordering: .relaxed) }
}

/// A histogram of durations with fixed buckets.
///
/// The buckets cover the time of a board served from memory up to the longest reasonable deadline. Recording
/// takes two atomic additions and no lock.
package final class Histogram: Sendable {
    /// The upper bounds in nanoseconds, and as Prometheus writes them in seconds. One more bucket has no
    /// bound.
    static let bounds: [(nanoseconds: Int, seconds: String)] = [
        (100_000, "0.0001"), (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"),
        (2_500_000, "0.0025"), (5_000_000, "0.005"), (10_000_000, "0.01"), (25_000_000, "0.025"),
        (50_000_000, "0.05"), (100_000_000, "0.1"), (250_000_000, "0.25"), (500_000_000, "0.5"),
        (1_000_000_000, "1"), (2_500_000_000, "2.5"), (5_000_000_000, "5"), (10_000_000_000, "10"),
    ]

    private let counts: [17 of Atomic<Int>] = InlineArray { _ in Atomic(0) }
    /// The sum of all durations in nanoseconds. Wraps after 584 years of durations: with 10,000 requests
    /// waiting at any time, after three weeks.
    private let total = Atomic<UInt>(0)
    /// Number of times that the total has wrapped.
    private let wraps = Atomic(0)

    package init() {}

    /// Counts a duration, `count` times. A negative one counts as zero in the sum.
    package func record(_ duration: Duration, count: Int = 1) {
        let nanoseconds = duration.nanoseconds
        let range = Self.bounds.firstIndex { nanoseconds <= $0.nanoseconds } ?? Self.bounds.count
        counts[range].wrappingAdd(count, ordering: .relaxed)
        let (old, new) = total.wrappingAdd(UInt(max(0, nanoseconds) * count), ordering: .relaxed)
        if new < old { wraps.wrappingAdd(1, ordering: .relaxed) }
    }

    /// The number of durations in each bucket, shortest first.
    var rangeCounts: [Int] {
        counts.indices.map { counts[$0].load(ordering: .relaxed) }
    }

    /// The sum of all durations in seconds.
    var sum: Double {
        let wrapped = Double(wraps.load(ordering: .relaxed)) * 0x1p64
        return (wrapped + Double(total.load(ordering: .relaxed))) / 1e9
    }
}
