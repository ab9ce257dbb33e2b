package import Time

/// A timer wheel with buckets of 100 ms: adding an entry and removing a due one each cost O(1).
///
/// An entry is only a hint: when it is due, its owner checks its own deadline, and adds another entry if that
/// has moved. A connection whose deadline moves with every request therefore uses the wheel once per timeout,
/// and no entry is ever searched for or removed early.
package struct TimerWheel {
    /// The resolution. Entries are returned at most this late, and never early.
    package static let tick = Duration.milliseconds(100)
    private static let bucketCount = 512

    private let start: Instant
    private var buckets: [[(tick: Int, source: EventSource)]] = Array(repeating: [], count: bucketCount)
    private var count = 0
    /// All entries below this tick have been returned.
    private var position = 0
    /// No entry has a lower tick than this; `Int.max` without entries.
    private var earliest = Int.max

    package init(startingAt now: Instant) {
        start = now
    }

    /// Adds an entry with this source at a deadline.
    package mutating func add(_ source: EventSource, at deadline: Instant) {
        let tick = max(position, tickNumber(deadline, roundingUp: true))
        buckets[tick % Self.bucketCount].append((tick, source))
        count += 1
        earliest = min(earliest, tick)
    }

    /// Returns the time until the next entry may be due; nil without entries.
    package func delay(from now: Instant) -> Duration? {
        guard count > 0 else { return nil }
        return max(.zero, start + Self.tick * earliest - now)
    }

    /// Removes the entries that are due, and replaces the content of `due` with their sources.
    package mutating func advance(to now: Instant, into due: inout [EventSource]) {
        due.removeAll(keepingCapacity: true)
        let current = tickNumber(now, roundingUp: false)
        guard count > 0, earliest <= current else {
            position = max(position, current + 1)
            return
        }
        // One round visits every bucket; entries of later rounds remain.
        for tick in max(
            position, earliest)...max(position, min(current, max(position, earliest) + Self.bucketCount - 1))
        {
            takeDue(from: tick % Self.bucketCount, upTo: current, into: &due)
        }
        position = max(position, current + 1)
        count -= due.count
        earliest = count == 0 ? .max : nextOccupied()
    }

    private mutating func takeDue(from bucket: Int, upTo current: Int, into due: inout [EventSource]) {
        guard !buckets[bucket].isEmpty else { return }
        buckets[bucket].removeAll { entry in
            guard entry.tick <= current else { return false }
            due.append(entry.source)
            return true
        }
        // Frees the memory, so that a burst does not keep it allocated.
        if buckets[bucket].isEmpty { buckets[bucket] = [] }
    }

    /// Returns a lower bound of the next entry's tick: the next bucket that is not empty.
    private func nextOccupied() -> Int {
        (position..<position + Self.bucketCount).first { !buckets[$0 % Self.bucketCount].isEmpty } ?? position
    }

    private func tickNumber(_ instant: Instant, roundingUp: Bool) -> Int {
        let (seconds, attoseconds) = (instant - start).components
        let perTick: Int64 = 100_000_000_000_000_000
        let fraction = roundingUp ? (attoseconds + perTick - 1) / perTick : attoseconds / perTick
        return Int(seconds * 10 + fraction)
    }
}
