import Settings
import Testing

/// Inputs that nobody meant: nothing may crash or hang on them.
struct RobustnessTests {
    /// The same random numbers on every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    @Test(arguments: 0..<4)
    func randomInput_endsInSettingsOrProblems(seed: UInt64) {
        var generator = Generator(state: seed)
        let pieces = [
            "port", "reader_auth", "database_url", "max_staleness", "=", " = ", "{", "}", "[", "]", "\"", "'",
            ",", "\n",
            ".", "#", "1", "250ms", "a", "sha256:", "\\", "\"\"\"", "\u{1F600}", "\t", "mysql://", "sqlite:",
            "@", "%",
        ]
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<20, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let key = SettingsTable.all.randomElement(using: &generator)?.key ?? ""
            _ = problems(text)
            _ = problems(environment: ["MEGAPHONE_\(key.uppercased())": text])
        }
    }
}
