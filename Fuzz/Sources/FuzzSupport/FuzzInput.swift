/// The input of one run: bytes that are consumed from the front, as data or as decisions.
package struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    package var isEmpty: Bool { rest.isEmpty }

    /// Returns the next byte, or 0 at the end.
    package mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    /// Returns the next bytes, at most `count`.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// Returns all remaining bytes.
    package mutating func remainder() -> [UInt8] {
        bytes(rest.count)
    }
}

/// Sizes of the pieces in which a network may deliver a message. The same seed gives the same sizes.
package struct Pieces {
    private var state: UInt64

    package init(seed: UInt8) {
        state = UInt64(seed)
    }

    /// Returns the size of the next piece: one byte, up to 3, up to 16 or up to 1,024, but at most `count`.
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

/// Ends the process if an invariant is violated. The fuzzer then saves the input.
package func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    // `precondition` prints no message in an optimized build.
    if !condition { fatalError(rule()) }
}
