internal import Synchronization

/// A source of random numbers: the system's generator, or in tests and simulations a sequence that a seed
/// reproduces.
///
/// Code that needs random numbers is passed a source. RepositoryTests rejects other uses of the system's
/// generator.
package struct RandomSource: Sendable {
    private let seeded: SeededGenerator?

    /// The system's generator.
    package static let system = RandomSource(seeded: nil)

    private init(seeded: SeededGenerator?) {
        self.seeded = seeded
    }

    /// Creates a sequence that is the same for the same seed.
    package init(seed: UInt64) {
        seeded = SeededGenerator(seed: seed)
    }

    /// Returns 64 random bits.
    package func bits() -> UInt64 {
        if let seeded { return seeded.next() }
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// Returns a number from 0 to 1, 1 excluded.
    package func fraction() -> Double { Double(bits() >> 11) / Double(1 << 53) }

    /// Returns a duration between two bounds.
    package func duration(in bounds: ClosedRange<Duration>) -> Duration {
        bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) * fraction()
    }
}

/// SplitMix64. All copies of a source share its state.
private final class SeededGenerator: Sendable {
    private let state: Atomic<UInt64>

    init(seed: UInt64) {
        state = Atomic(seed)
    }

    func next() -> UInt64 {
        mixed(state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue)
    }
}

/// Applies the output function of SplitMix64: a bijection that maps consecutive numbers to unrelated ones.
package func mixed(_ number: UInt64) -> UInt64 {
    var bits = number
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
}
