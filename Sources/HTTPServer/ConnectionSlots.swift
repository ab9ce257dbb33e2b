internal import EventLoop

/// Identifies one connection of a loop: its slot in the lower 32 bits, the slot's generation in the upper
/// ones.
struct ConnectionID: Hashable, Sendable {
    /// The source of this connection's events and timer entries.
    let source: EventSource

    init(source: EventSource) {
        self.source = source
    }

    init(slot: UInt32, generation: UInt32) {
        source = EventSource(rawValue: UInt64(generation) << 32 | UInt64(slot))
    }

    var slot: UInt32 { UInt32(truncatingIfNeeded: source.rawValue) }
    var generation: UInt32 { UInt32(source.rawValue >> 32) }
}

/// The connections of one loop by their IDs.
///
/// An ID contains the generation of its slot. An event or a response for a closed connection finds nothing,
/// even if the slot or the descriptor number has been reused.
struct ConnectionSlots {
    private struct Slot {
        var box: ConnectionBox?
        var generation: UInt32
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Inserts a connection and returns its ID. Generations begin at 1, so no connection has a source below
    /// 2³².
    mutating func insert(_ box: ConnectionBox) -> ConnectionID {
        count += 1
        if let index = free.popLast() {
            slots[Int(index)].box = box
            return ConnectionID(slot: index, generation: slots[Int(index)].generation)
        }
        slots.append(Slot(box: box, generation: 1))
        return ConnectionID(slot: UInt32(slots.count - 1), generation: 1)
    }

    subscript(id: ConnectionID) -> ConnectionBox? {
        let index = Int(id.slot)
        guard index < slots.count, slots[index].generation == id.generation else { return nil }
        return slots[index].box
    }

    /// Removes a connection. Returns false if there is no connection with this ID.
    mutating func remove(_ id: ConnectionID) -> Bool {
        guard self[id] != nil else { return false }
        let index = id.slot
        slots[Int(index)].box = nil
        // The generation wraps to 1: 0 is not used for connections.
        slots[Int(index)].generation =
            slots[Int(index)].generation == .max ? 1 : slots[Int(index)].generation + 1
        free.append(index)
        count -= 1
        return true
    }

    /// The IDs of all connections.
    var ids: [ConnectionID] {
        slots.indices.compactMap { index in
            slots[index].box == nil
                ? nil : ConnectionID(slot: UInt32(index), generation: slots[index].generation)
        }
    }
}
