/// The connections of one worker, found by token.
///
/// A token carries the generation of its slot, so an event or an answer that comes after its connection was
/// closed finds nothing, even when the slot or the descriptor number is in use again.
struct ConnectionSlots {
    private struct Slot {
        var connection: Connection?
        var generation: UInt32
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Generations begin at 1: a token below 2³² is never a connection's.
    mutating func insert(_ connection: Connection) -> UInt64 {
        count += 1
        if let index = free.popLast() {
            slots[Int(index)].connection = connection
            return token(index, slots[Int(index)].generation)
        }
        slots.append(Slot(connection: connection, generation: 1))
        return token(UInt32(slots.count - 1), 1)
    }

    subscript(token: UInt64) -> Connection? {
        let index = Int(UInt32(truncatingIfNeeded: token))
        guard index < slots.count, slots[index].generation == UInt32(token >> 32) else { return nil }
        return slots[index].connection
    }

    /// False when there is no such connection.
    mutating func remove(_ token: UInt64) -> Bool {
        guard self[token] != nil else { return false }
        let index = UInt32(truncatingIfNeeded: token)
        slots[Int(index)].connection = nil
        // After 2³² reuses the generation begins again at 1, for 0 is not a connection's.
        slots[Int(index)].generation =
            slots[Int(index)].generation == .max ? 1 : slots[Int(index)].generation + 1
        free.append(index)
        count -= 1
        return true
    }

    /// The tokens of all connections.
    var tokens: [UInt64] {
        slots.indices.compactMap { index in
            slots[index].connection == nil ? nil : token(UInt32(index), slots[index].generation)
        }
    }

    private func token(_ index: UInt32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(index)
    }
}
