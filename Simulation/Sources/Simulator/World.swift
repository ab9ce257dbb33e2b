import Randomness
import Time

/// The virtual time of a simulation, its random numbers, what is going to happen, and what has happened.
///
/// Everything runs on one thread, so that a seed determines the whole run.
final class World {
    let manual = ManualClock()
    let random: RandomSource
    private(set) var trace: Trace
    private(set) var violations: [String] = []
    private var queue = EventQueue()
    let began: Instant

    init(seed: UInt64, keepsTrace: Bool) {
        random = RandomSource(seed: seed)
        trace = Trace(isKept: keepsTrace)
        began = manual.now
    }

    var now: Instant { manual.now }
    var clock: Clock { Clock(manual) }

    /// The wall clock in microseconds since 1970.
    var microseconds: Int { manual.wallTime.nanoseconds / 1000 }

    /// When the next event is due; nil if there is none.
    var nextEvent: Instant? { queue.nextTime }

    /// Does something after a time. Events of the same instant happen in the order of these calls.
    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        queue.insert(now + delay, action)
    }

    /// Runs the next event if it is due. Returns whether it was.
    func runEvent() -> Bool {
        guard let time = queue.nextTime, time <= now, let action = queue.removeFirst() else { return false }
        action()
        return true
    }

    func advance(to time: Instant) {
        if time > now { manual.advance(by: now.duration(to: time)) }
    }

    // MARK: - Random numbers

    func chance(_ probability: Double) -> Bool { random.fraction() < probability }

    func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.bits() % UInt64(range.count))
    }

    func duration(_ range: ClosedRange<Int>) -> Duration { .microseconds(number(range) * 1000) }

    func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(0...(elements.count - 1))]
    }

    // MARK: - What has happened

    func note(_ text: @autoclosure () -> String) {
        trace.append(began.duration(to: now), text())
    }

    /// Records that a promise was broken.
    func violate(_ text: String) {
        note("VIOLATION \(text)")
        trace.mark()
        violations.append(text)
    }
}

/// The lines about a run: a digest of all of them, and the last ones.
struct Trace {
    /// FNV-1a over all lines.
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var count = 0
    private(set) var lines: [String] = []
    /// The lines before the first violation, and that one.
    private(set) var marked: [String] = []
    private let isKept: Bool
    /// All lines if they are kept, otherwise those before the first violation.
    var report: [String] { isKept ? lines : marked }
    private static let kept = 80

    init(isKept: Bool) {
        self.isKept = isKept
    }

    mutating func append(_ time: Duration, _ text: String) {
        let microseconds =
            time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000
        let line = "\(microseconds) \(text)"
        for byte in line.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        count += 1
        lines.append(line)
        if !isKept, lines.count > 2 * Self.kept { lines.removeFirst(Self.kept) }
    }

    /// Keeps the last lines as they are now, for a report. The first call counts.
    mutating func mark() {
        if marked.isEmpty { marked = Array(lines.suffix(Self.kept)) }
    }
}

/// Actions in the order of their times; those of one instant in the order in which they were inserted.
private struct EventQueue {
    private struct Event {
        let time: Instant
        let number: Int
        let action: () -> Void

        func precedes(_ other: Event) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    private var heap: [Event] = []
    private var inserted = 0

    var nextTime: Instant? { heap.first?.time }

    mutating func insert(_ time: Instant, _ action: @escaping () -> Void) {
        inserted += 1
        heap.append(Event(time: time, number: inserted, action: action))
        var index = heap.count - 1
        while index > 0, heap[index].precedes(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeFirst() -> (() -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.action
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].precedes(heap[least]) { least = child }
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
