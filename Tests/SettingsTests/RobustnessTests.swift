import Settings
import TestSupport
import Testing

/// Random inputs, which must not crash or hang.
struct RobustnessTests {
    @Test(arguments: TestSeed.drawn(4)) func randomInput_givesSettingsOrProblems(seed: TestSeed) {
        var generator = seed.generator
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
