internal import Synchronization

/// Random numbers: the system's, or in tests and simulations a sequence that a seed reproduces.
///
/// Every part of the program that draws is given a source. A test holds that none asks the system itself.
package struct RandomSource: Sendable {
    private let seeded: SeededGenerator?

    /// The system's generator.
    package static let system = RandomSource(seeded: nil)

    private init(seeded: SeededGenerator?) {
        self.seeded = seeded
    }

    /// A sequence that is the same for the same seed.
    package init(seed: UInt64) {
        seeded = SeededGenerator(seed: seed)
    }

    /// 64 random bits.
    package func bits() -> UInt64 {
        if let seeded { return seeded.next() }
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// A number between 0 and 1, 1 excluded.
    package func fraction() -> Double { Double(bits() >> 11) / Double(1 << 53) }

    /// A duration between two bounds.
    package func duration(in bounds: ClosedRange<Duration>) -> Duration {
        bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) * fraction()
    }
}

/// SplitMix64, shared by all who hold the source.
private final class SeededGenerator: Sendable {
    private let state: Atomic<UInt64>

    init(seed: UInt64) {
        state = Atomic(seed)
    }

    func next() -> UInt64 {
        mixed(state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue)
    }
}

/// The mixing of SplitMix64: a bijection, in which numbers that follow one another do not look alike.
package func mixed(_ number: UInt64) -> UInt64 {
    var bits = number
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
}
