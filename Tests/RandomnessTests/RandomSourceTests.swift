import Randomness
import TestSupport
import Testing

@Suite struct RandomSourceTests {
    @Test(arguments: TestSeed.drawn(4)) func sameSeed_givesTheSameSequence(seed: TestSeed) {
        let (one, other) = (RandomSource(seed: seed.value), RandomSource(seed: seed.value))
        for _ in 0..<1000 { #expect(one.bits() == other.bits()) }
    }

    /// The published values of SplitMix64 (Steele, Lea and Flood; Vigna's splitmix64.c).
    @Test func sequence_isThatOfSplitMix64() {
        let source = RandomSource(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in source.bits() } == expected)
    }

    @Test func differentSeeds_giveDifferentSequences() {
        #expect(Set((0..<1000).map { RandomSource(seed: $0).bits() }).count == 1000)
    }

    /// Among 1,000 numbers of 64 random bits, two are equal with a probability of 3·10⁻¹⁴.
    @Test func systemSource_doesNotRepeat() {
        #expect(Set((0..<1000).map { _ in RandomSource.system.bits() }).count == 1000)
    }

    /// Copies of a seeded source share one sequence, so that the parts of a simulation can draw from it.
    @Test func copies_shareTheSequence() {
        let source = RandomSource(seed: 1)
        let copy = source
        let other = RandomSource(seed: 1)
        #expect([source.bits(), copy.bits(), source.bits()] == [other.bits(), other.bits(), other.bits()])
    }

    @Test(arguments: TestSeed.drawn(4)) func fraction_isBetweenZeroAndOne_andCoversBothHalves(seed: TestSeed)
    {
        let source = seed.source
        let fractions = (0..<1000).map { _ in source.fraction() }
        #expect(fractions.allSatisfy { (0..<1).contains($0) })
        // All 1,000 fractions are in the same half with a probability of 2⁻⁹⁹⁹.
        #expect(fractions.contains { $0 < 0.5 } && fractions.contains { $0 >= 0.5 })
    }

    @Test(arguments: [
        Duration.zero ... .zero, .milliseconds(5) ... .milliseconds(5), .zero ... .nanoseconds(1),
        .milliseconds(500) ... .milliseconds(1000), .seconds(-1) ... .seconds(1), .zero ... .seconds(86_400),
    ])
    func duration_isWithinItsBounds(bounds: ClosedRange<Duration>) {
        for seed in TestSeed.drawn() {
            let source = seed.source
            for _ in 0..<1000 {
                let duration = source.duration(in: bounds)
                #expect(bounds.contains(duration), "\(seed)")
            }
        }
    }

    /// `mixed` is a bijection, so no two numbers have the same result.
    @Test(arguments: TestSeed.drawn()) func mixed_givesDifferentNumbersDifferentResults(seed: TestSeed) {
        let start = seed.value
        #expect(Set((0..<10_000).map { mixed(start &+ $0) }).count == 10_000)
    }
}
