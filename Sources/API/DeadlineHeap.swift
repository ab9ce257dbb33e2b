import Time

/// An entry of a `DeadlineHeap`.
protocol DeadlineEntry: AnyObject {
    /// When the owner must look at the entry. Changed only through the heap.
    var due: Instant { get set }
    /// The entry's position in the heap; nil outside it.
    var heapIndex: Int? { get set }
}

/// A binary heap of entries by deadline. Adding, moving and removing an entry take O(log n), and a removed
/// entry leaves nothing behind.
struct DeadlineHeap<Entry: DeadlineEntry> {
    private var entries: [Entry] = []

    /// The entry with the earliest deadline.
    var first: Entry? { entries.first }

    /// Adds an entry, or moves it to another deadline.
    mutating func set(_ entry: Entry, to due: Instant) {
        entry.due = due
        if let index = entry.heapIndex { return settle(index) }
        entry.heapIndex = entries.count
        entries.append(entry)
        settle(entries.count - 1)
    }

    mutating func remove(_ entry: Entry) {
        guard let index = entry.heapIndex else { return }
        entry.heapIndex = nil
        let last = entries.removeLast()
        guard last !== entry else { return }
        place(last, at: index)
        settle(index)
    }

    private mutating func settle(_ index: Int) {
        siftDown(siftUp(index))
    }

    private mutating func siftUp(_ start: Int) -> Int {
        var index = start
        while index > 0, entries[index].due < entries[(index - 1) / 2].due {
            exchange(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
        return index
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in 2 * index + 1...2 * index + 2
            where child < entries.count && entries[child].due < entries[least].due {
                least = child
            }
            guard least != index else { return }
            exchange(index, least)
            index = least
        }
    }

    private mutating func exchange(_ first: Int, _ second: Int) {
        let (left, right) = (entries[first], entries[second])
        place(right, at: first)
        place(left, at: second)
    }

    private mutating func place(_ entry: Entry, at index: Int) {
        entries[index] = entry
        entry.heapIndex = index
    }
}
