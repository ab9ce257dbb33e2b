import Randomness
import Testing

@testable import MySQLStore

@Suite struct BackoffTests {
    @Test(arguments: [
        (Backoff.betweenProbes, Duration.milliseconds(50)), (.afterConflicts, .milliseconds(2)),
    ])
    func draw_growsToTheLimit_withJitter(backoff: Backoff, first: Duration) {
        var backoff = backoff
        #expect((first / 2...first).contains(backoff.draw(.system)))
        let later = (0..<100).map { _ in backoff.draw(.system) }.dropFirst(5)
        #expect(later.allSatisfy { (backoff.longest / 2...backoff.longest).contains($0) })
        #expect(Set(later).count > 50)
    }
}
