package import Time

/// Deadlines in buckets of a tenth of a second: adding one and coming to one cost O(1) each.
///
/// An entry is a hint, not a promise: its owner looks at its own deadline when the hint comes, and adds
/// another one when that deadline has moved away. So a connection whose deadline moves with every request
/// touches the wheel once in a whole timeout, and nothing is ever searched for or removed.
package struct TimerWheel {
    /// How exact a deadline is. Hints come at most this late, and never early.
    package static let tick = Duration.milliseconds(100)
    private static let bucketCount = 512

    private let start: Instant
    private var buckets: [[(tick: Int, source: EventSource)]] = Array(repeating: [], count: bucketCount)
    private var count = 0
    /// All ticks below this have been handed out.
    private var position = 0
    /// No entry stands before this tick; the greatest number when there is none at all.
    private var earliest = Int.max

    package init(startingAt now: Instant) {
        start = now
    }

    /// Asks for a hint with this source at a deadline.
    package mutating func add(_ source: EventSource, at deadline: Instant) {
        let tick = max(position, tickNumber(deadline, roundingUp: true))
        buckets[tick % Self.bucketCount].append((tick, source))
        count += 1
        earliest = min(earliest, tick)
    }

    /// How long until the next hint may be due; nil when there is none.
    package func delay(from now: Instant) -> Duration? {
        guard count > 0 else { return nil }
        return max(.zero, start + Self.tick * earliest - now)
    }

    /// Takes out the hints that are due.
    package mutating func advance(to now: Instant, into due: inout [EventSource]) {
        due.removeAll(keepingCapacity: true)
        let current = tickNumber(now, roundingUp: false)
        guard count > 0, earliest <= current else {
            position = max(position, current + 1)
            return
        }
        // One round visits every bucket; entries of later rounds stay where they are.
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
        // A bucket that once held a burst gives its memory back.
        if buckets[bucket].isEmpty { buckets[bucket] = [] }
    }

    /// A lower bound of the next entry's tick: the next bucket with anything in it.
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
