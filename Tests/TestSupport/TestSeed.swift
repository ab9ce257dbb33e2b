internal import Glibc
package import Randomness

/// The seed of a test that uses random numbers.
///
/// A test takes seeds as its arguments: `@Test(arguments: TestSeed.drawn())`. Swift Testing shows the
/// arguments of a failed test. With `MEGAPHONE_TEST_SEED` in the environment, every test uses that seed.
package struct TestSeed: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    package var description: String { "MEGAPHONE_TEST_SEED=\(value)" }

    /// Returns the seed in the environment, or else `count` new ones.
    package static func drawn(_ count: Int = 1) -> [TestSeed] {
        if let given { return [TestSeed(given)] }
        return (0..<count).map { _ in TestSeed(RandomSource.system.bits()) }
    }

    /// Ends the process if the variable is not a number, because ignoring it would use other seeds.
    private static let given: UInt64? = unsafe getenv("MEGAPHONE_TEST_SEED").map { text in
        let text = unsafe String(cString: text)
        guard let seed = UInt64(text) else {
            preconditionFailure("MEGAPHONE_TEST_SEED=\(text) is not a number")
        }
        return seed
    }

    /// A source of random numbers for the code under test.
    package var source: RandomSource { RandomSource(seed: value) }

    /// A generator for the test itself.
    package var generator: SeededGenerator { SeededGenerator(source: source) }
}

/// A generator for the random functions of the standard library.
package struct SeededGenerator: RandomNumberGenerator {
    fileprivate let source: RandomSource

    package func next() -> UInt64 { source.bits() }
}
