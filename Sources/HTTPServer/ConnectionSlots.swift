internal import EventLoop

/// Names one connection of a loop: its slot in the lower 32 bits, the slot's generation in the upper ones.
struct ConnectionID: Hashable, Sendable {
    /// What the poller and the timer wheel carry for this connection.
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

/// The connections of one loop by their ids.
///
/// An id carries the generation of its slot. An event or a response for a closed connection finds nothing,
/// even when the slot or the descriptor number is in use again.
struct ConnectionSlots {
    private struct Slot {
        var connection: Connection?
        var generation: UInt32
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Generations begin at 1: no source below 2³² is a connection's.
    mutating func insert(_ connection: Connection) -> ConnectionID {
        count += 1
        if let index = free.popLast() {
            slots[Int(index)].connection = connection
            return ConnectionID(slot: index, generation: slots[Int(index)].generation)
        }
        slots.append(Slot(connection: connection, generation: 1))
        return ConnectionID(slot: UInt32(slots.count - 1), generation: 1)
    }

    subscript(id: ConnectionID) -> Connection? {
        let index = Int(id.slot)
        guard index < slots.count, slots[index].generation == id.generation else { return nil }
        return slots[index].connection
    }

    /// False when there is no such connection.
    mutating func remove(_ id: ConnectionID) -> Bool {
        guard self[id] != nil else { return false }
        let index = id.slot
        slots[Int(index)].connection = nil
        // After 2³² reuses the generation begins again at 1, for 0 is not a connection's.
        slots[Int(index)].generation =
            slots[Int(index)].generation == .max ? 1 : slots[Int(index)].generation + 1
        free.append(index)
        count -= 1
        return true
    }

    /// The ids of all connections.
    var ids: [ConnectionID] {
        slots.indices.compactMap { index in
            slots[index].connection == nil
                ? nil : ConnectionID(slot: UInt32(index), generation: slots[index].generation)
        }
    }
}
