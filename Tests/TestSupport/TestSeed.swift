internal import Glibc
package import Randomness

/// The seed of a test that draws at random.
///
/// A test takes seeds as its arguments, `@Test(arguments: TestSeed.drawn())`. Swift Testing shows the
/// arguments of a test that fails, and `MEGAPHONE_TEST_SEED` in the environment makes every test draw the
/// same again.
package struct TestSeed: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    package var description: String { "MEGAPHONE_TEST_SEED=\(value)" }

    /// The seed given in the environment, or as many new ones as a test wants.
    package static func drawn(_ count: Int = 1) -> [TestSeed] {
        if let given { return [TestSeed(given)] }
        return (0..<count).map { _ in TestSeed(RandomSource.system.bits()) }
    }

    /// A value that is no number must not pass for none.
    private static let given: UInt64? = unsafe getenv("MEGAPHONE_TEST_SEED").map { text in
        let text = unsafe String(cString: text)
        guard let seed = UInt64(text) else { preconditionFailure("MEGAPHONE_TEST_SEED=\(text) is no number") }
        return seed
    }

    /// A source of random numbers for the code under test.
    package var source: RandomSource { RandomSource(seed: value) }

    /// A generator for the test itself.
    package var generator: SeededGenerator { SeededGenerator(source: source) }
}

/// The numbers of a seed, for the functions of the standard library that draw.
package struct SeededGenerator: RandomNumberGenerator {
    fileprivate let source: RandomSource

    package func next() -> UInt64 { source.bits() }
}
