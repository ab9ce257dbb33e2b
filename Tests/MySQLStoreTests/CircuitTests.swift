import Broadcasts
import TestSupport
import Testing
import Time

@testable import MySQLStore

@Suite struct CircuitTests {
    private let start = Instant(sinceBoot: .seconds(1_000))

    private func closedCircuit() -> Circuit {
        var circuit = Circuit(outage: "not connected yet")
        _ = circuit.restore(at: start)
        return circuit
    }

    private func fail(_ circuit: inout Circuit, _ generation: Int, _ reason: String, opens: Bool) {
        let hasOpened = circuit.failed(generation, reason)
        #expect(hasOpened == opens)
    }

    @Test func newCircuit_refusesCalls() {
        #expect(throws: StoreError.unavailable("not connected yet")) {
            try Circuit(outage: "not connected yet").admit()
        }
    }

    @Test func circuit_opensAfterFailuresInARow_withTheLastReason() throws {
        var circuit = closedCircuit()
        try fail(&circuit, circuit.admit(), "one", opens: false)
        try fail(&circuit, circuit.admit(), "two", opens: false)
        try fail(&circuit, circuit.admit(), "three", opens: true)
        #expect(throws: StoreError.unavailable("three")) { try circuit.admit() }
    }

    @Test func success_resetsTheFailureCount() throws {
        var circuit = closedCircuit()
        for _ in 0..<10 {
            try fail(&circuit, circuit.admit(), "failure", opens: false)
            try fail(&circuit, circuit.admit(), "failure", opens: false)
            circuit.succeeded(try circuit.admit(), at: start)
        }
    }

    @Test func callsOfAnEarlierGeneration_areIgnored() throws {
        var circuit = closedCircuit()
        let old = try circuit.admit()
        for _ in 0..<3 { _ = circuit.failed(old, "down") }
        _ = circuit.restore(at: start)
        for _ in 0..<10 { fail(&circuit, old, "late", opens: false) }
        let new = try circuit.admit()
        #expect(new != old)
        fail(&circuit, new, "one", opens: false)
        fail(&circuit, new, "two", opens: false)
        circuit.succeeded(old, at: start)
        fail(&circuit, new, "three", opens: true)
    }

    @Test func refusedWrites_replaceEachSessionOnce_thenOneInEachInterval() throws {
        var circuit = closedCircuit()
        let old = try circuit.admit()
        func refused(_ generation: Int, after time: Duration) -> [Bool] {
            let (leaves, isNews) = circuit.refusedWrites(.put, generation, at: start + time)
            return [leaves, isNews]
        }
        #expect(refused(old, after: .zero) == [true, true])
        for _ in 0..<9 { #expect(refused(old, after: .milliseconds(1)) == [true, false]) }
        let new = try circuit.admit()
        #expect(new == old + 1)
        #expect(refused(new, after: .milliseconds(1)) == [false, false])
        #expect(refused(new, after: .seconds(2)) == [true, false])
        for _ in 0..<9 { #expect(refused(new, after: .seconds(3)) == [false, false]) }
        #expect(refused(new, after: .seconds(4)) == [true, false])
        #expect(try circuit.admit() == new)
    }

    @Test func serverThatTakesWrites_replacesTheOtherSessions_andEndsTheRefusals() throws {
        var circuit = closedCircuit()
        let old = try circuit.admit()
        _ = circuit.refusedWrites(.put, old, at: start)
        let new = try circuit.admit()
        _ = circuit.refusedWrites(.read, new, at: start)
        let ends = [
            circuit.tookWrites(.put, old), circuit.tookWrites(.read, new), circuit.tookWrites(.put, new + 1),
        ]
        #expect(ends == [false, false, true])
        #expect(try circuit.admit() == new + 2)
        let endsAgain = circuit.tookWrites(.put, new + 2)
        #expect(!endsAgain)
        #expect(try circuit.admit() == new + 2)
    }

    /// A proxy that alternates between a primary and a replica must not cause a login for each call.
    @Test func alternatingServers_replaceSessions_onceInEachInterval() throws {
        var circuit = closedCircuit()
        let first = try circuit.admit()
        for millisecond in 0..<4_000 {
            let now = start + .milliseconds(millisecond)
            _ = circuit.refusedWrites(.read, try circuit.admit(), at: now)
            _ = circuit.tookWrites(.read, try circuit.admit())
        }
        #expect(try circuit.admit() == first + 4)
    }

    @Test func failureOfAnOpenCircuit_isIgnored() throws {
        var circuit = closedCircuit()
        let generation = try circuit.admit()
        for _ in 0..<3 { _ = circuit.failed(generation, "down") }
        fail(&circuit, generation, "down", opens: false)
        #expect(circuit.generation == generation + 1)
    }

    @Test func failedProbe_isReported_onlyWhenTheReasonChanges() {
        var circuit = Circuit(outage: "not connected yet")
        let isReported = ["refused", "refused", "no answer"].map {
            circuit.probeFailed(since: start, $0, provesSilence: true)
        }
        #expect(isReported == [true, false, true])
        #expect(throws: StoreError.unavailable("no answer")) { try circuit.admit() }
    }

    /// Lets calls time out, one after the other. Returns whether the last one opened the circuit.
    private func miss(
        _ circuit: inout Circuit, _ count: Int, each duration: Duration, _ operation: StoreOperation = .put
    ) throws -> Bool {
        var hasOpened = false
        for number in 0..<count {
            let began = start + duration * number
            hasOpened = circuit.missed(
                operation, try circuit.admit(), since: began, at: began + duration, "no answer")
        }
        return hasOpened
    }

    @Test func missedPUTs_openTheCircuit_afterALongSilence() throws {
        var circuit = closedCircuit()
        circuit.heard(at: start - .seconds(1))
        let hasOpened = try miss(&circuit, 3, each: .milliseconds(700))
        #expect(hasOpened)
        var impatient = closedCircuit()
        impatient.heard(at: start - .seconds(1))
        let opensEarly = try miss(&impatient, 10, each: .milliseconds(100))
        #expect(!opensEarly, "one second is below the limit")
    }

    @Test func missedPUTs_doNotOpenTheCircuit_whileTheDatabaseAnswers() throws {
        var circuit = closedCircuit()
        for second in 0..<20 {
            let began = start + .seconds(second)
            circuit.heard(at: began + .milliseconds(900))
            let hasOpened = circuit.missed(
                .put, try circuit.admit(), since: began, at: began + .seconds(1), "no answer")
            #expect(!hasOpened)
        }
    }

    @Test func failedProbe_opensTheCircuit_onlyWhenNothingWasHeardSinceItBegan() throws {
        var circuit = closedCircuit()
        circuit.heard(at: start + .seconds(5))
        let later = start + .seconds(6)
        let opened = [
            circuit.probeFailed(since: start, "no answer", provesSilence: true),
            circuit.probeFailed(since: later, "too many connections", provesSilence: false),
            circuit.probeFailed(since: later, "no answer", provesSilence: true),
        ]
        #expect(opened == [false, false, true])
        #expect(throws: StoreError.unavailable("no answer")) { try circuit.admit() }
    }

    @Test(arguments: [StoreOperation.read, .check])
    func missedReadsAndChecks_doNotOpenTheCircuit_butCountAsSilence(operation: StoreOperation) throws {
        var circuit = closedCircuit()
        circuit.heard(at: start - .seconds(1))
        let hasOpened = try miss(&circuit, 1_000, each: .milliseconds(250), operation)
        #expect(!hasOpened)
        let later = start + .seconds(250)
        let opens = circuit.missed(
            .put, try circuit.admit(), since: later, at: later + .seconds(2), "no answer")
        #expect(opens, "silent for minutes")
    }
}
