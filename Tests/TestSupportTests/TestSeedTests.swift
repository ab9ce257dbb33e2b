import Glibc
import TestSupport
import Testing

@Suite struct TestSeedTests {
    @Test func generator_drawsTheSame_forTheSameSeed() {
        var (one, other) = (TestSeed(7).generator, TestSeed(7).generator)
        let drawn = (0..<100).map { _ in Int.random(in: 0..<1000, using: &one) }
        #expect(drawn == (0..<100).map { _ in Int.random(in: 0..<1000, using: &other) })
        #expect(Set(drawn).count > 10)
    }

    /// The description can be copied in front of the command that repeats the test.
    @Test func seed_isShown_asTheVariableThatSetsIt() {
        #expect("\(TestSeed(7))" == "MEGAPHONE_TEST_SEED=7")
    }

    @Test func givenSeed_replacesDrawnSeeds() async {
        await #expect(processExitsWith: .success) {
            unsafe setenv("MEGAPHONE_TEST_SEED", "7", 1)
            try #require(TestSeed.drawn(4) == [TestSeed(7)])
        }
    }

    @Test func drawnSeeds_differ() async {
        await #expect(processExitsWith: .success) {
            unsafe unsetenv("MEGAPHONE_TEST_SEED")
            try #require(Set(TestSeed.drawn(4)).count == 4)
        }
    }

    @Test func invalidSeed_endsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            unsafe setenv("MEGAPHONE_TEST_SEED", "seven", 1)
            _ = TestSeed.drawn()
        }
    }
}
