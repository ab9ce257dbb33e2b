import TestSupport
import Testing
import Time

@testable import API

@Suite struct DeadlineHeapTests {
    private final class Entry: DeadlineEntry {
        let number: Int
        var due = Instant(sinceBoot: .zero)
        var heapIndex: Int?

        init(_ number: Int) {
            self.number = number
        }
    }

    /// Random operations on a heap and on a plain list of the entries in it.
    @Test(arguments: TestSeed.drawn(5))
    func heap_hasTheEarliestEntryFirst_likeASortedArray(seed: TestSeed) throws {
        var generator = seed.generator
        var heap = DeadlineHeap<Entry>()
        let entries = (0..<60).map(Entry.init)
        var inside: [Int: Instant] = [:]
        for _ in 0..<5000 {
            let entry = try #require(entries.randomElement(using: &generator))
            // Few different deadlines, so that many are equal.
            let due = Instant(sinceBoot: .seconds(Int.random(in: 0..<40, using: &generator)))
            switch Int.random(in: 0..<8, using: &generator) {
            case 0..<5:
                heap.set(entry, to: due)
                inside[entry.number] = due
            case 5, 6:
                heap.remove(entry)
                inside[entry.number] = nil
            default:
                guard let first = heap.first else { break }
                heap.remove(first)
                inside[first.number] = nil
            }
            try expectEarliestFirst(heap, inside, entries)
        }
        // What is left comes out in order.
        let expected = inside.values.sorted()
        var found: [Instant] = []
        while let first = heap.first {
            found.append(first.due)
            heap.remove(first)
        }
        #expect(found == expected)
        #expect(entries.allSatisfy { $0.heapIndex == nil })
    }

    private func expectEarliestFirst(
        _ heap: DeadlineHeap<Entry>, _ inside: [Int: Instant], _ entries: [Entry]
    ) throws {
        try #require(heap.first?.due == inside.values.min())
        if let first = heap.first { try #require(inside[first.number] == first.due) }
        for entry in entries {
            try #require((entry.heapIndex != nil) == (inside[entry.number] != nil))
            if let due = inside[entry.number] { try #require(entry.due == due) }
        }
    }

    @Test func removedEntry_mayBeRemovedAgain_andAdded() {
        var heap = DeadlineHeap<Entry>()
        let (first, second) = (Entry(1), Entry(2))
        heap.remove(first)
        heap.set(first, to: Instant(sinceBoot: .seconds(1)))
        heap.set(second, to: Instant(sinceBoot: .seconds(2)))
        heap.remove(first)
        heap.remove(first)
        #expect(heap.first === second)
        heap.set(first, to: Instant(sinceBoot: .seconds(3)))
        #expect(heap.first === second)
        heap.set(second, to: Instant(sinceBoot: .seconds(4)))
        #expect(heap.first === first)
    }
}
