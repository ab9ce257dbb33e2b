/// What the fuzzer made up for one run: bytes that are taken from the front, as payload or as decisions.
package struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    package var isEmpty: Bool { rest.isEmpty }

    /// The next byte, or 0 at the end.
    package mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    /// The next bytes, as many as there are.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// All that is left.
    package mutating func remainder() -> [UInt8] {
        bytes(rest.count)
    }
}

/// Pieces of many sizes, the same for the same seed: what the network makes of what was sent.
package struct Pieces {
    private var state: UInt64

    package init(seed: UInt8) {
        state = UInt64(seed)
    }

    /// The next piece of a text that is left: one byte, a few, or many.
    package mutating func next(of count: Int) -> Int {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let largest = [1, 3, 16, 1024][Int(mixed & 3)]
        return min(count, 1 + Int(mixed >> 8) % largest)
    }
}

/// Ends the process when something does not hold that must hold for every input; the fuzzer then keeps the
/// input.
package func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    // A precondition would say nothing in an optimised build.
    if !condition { fatalError(rule()) }
}
