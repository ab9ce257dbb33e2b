import Testing

@testable import MySQLStore

@Suite struct PausesTests {
    @Test(arguments: [
        (Pauses.betweenLooks, Duration.milliseconds(50)), (.afterConflicts, .milliseconds(2)),
    ])
    func pauses_grow_varyAndStayBelowTheirLimit(pauses: Pauses, first: Duration) {
        var pauses = pauses
        #expect((first / 2...first).contains(pauses.draw()))
        let later = (0..<100).map { _ in pauses.draw() }.dropFirst(5)
        #expect(later.allSatisfy { (pauses.longest / 2...pauses.longest).contains($0) })
        #expect(Set(later).count > 50)
    }
}
