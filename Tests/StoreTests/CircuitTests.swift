import Broadcasts
import Testing

@testable import MySQLStore

@Suite struct CircuitTests {
    private func closedCircuit() -> Circuit {
        var circuit = Circuit(outage: "not connected yet")
        circuit.restore()
        return circuit
    }

    private func fail(_ circuit: inout Circuit, _ generation: Int, _ reason: String, opens: Bool) {
        let hasOpened = circuit.failed(generation, reason)
        #expect(hasOpened == opens)
    }

    @Test func newCircuit_letsNobodyThrough() {
        #expect(throws: StoreError.unavailable("not connected yet")) {
            try Circuit(outage: "not connected yet").admit()
        }
    }

    @Test func circuit_opensAfterFailuresInARow_andSaysWhy() throws {
        var circuit = closedCircuit()
        try fail(&circuit, circuit.admit(), "one", opens: false)
        try fail(&circuit, circuit.admit(), "two", opens: false)
        try fail(&circuit, circuit.admit(), "three", opens: true)
        #expect(throws: StoreError.unavailable("three")) { try circuit.admit() }
    }

    @Test func success_startsTheCountAnew() throws {
        var circuit = closedCircuit()
        for _ in 0..<10 {
            try fail(&circuit, circuit.admit(), "failure", opens: false)
            try fail(&circuit, circuit.admit(), "failure", opens: false)
            circuit.succeeded(try circuit.admit())
        }
    }

    @Test func callsFromBeforeAnOutage_areOfNoAccountAfterIt() throws {
        var circuit = closedCircuit()
        let old = try circuit.admit()
        for _ in 0..<3 { _ = circuit.failed(old, "down") }
        circuit.restore()
        for _ in 0..<10 { fail(&circuit, old, "late", opens: false) }
        let new = try circuit.admit()
        #expect(new != old)
        fail(&circuit, new, "one", opens: false)
        fail(&circuit, new, "two", opens: false)
        circuit.succeeded(old)
        fail(&circuit, new, "three", opens: true)
    }

    @Test func sessionsOfADemotedServer_areDistrustedOnce() throws {
        var circuit = closedCircuit()
        let old = try circuit.admit()
        circuit.distrustSessions(of: old)
        circuit.distrustSessions(of: old)
        #expect(try circuit.admit() == old + 1)
    }

    @Test func failuresOfAnOpenCircuit_areNoNews() throws {
        var circuit = closedCircuit()
        let generation = try circuit.admit()
        for _ in 0..<3 { _ = circuit.failed(generation, "down") }
        fail(&circuit, generation, "down", opens: false)
        #expect(circuit.generation == generation + 1)
    }

    @Test func reason_isNewsOnlyWhenItChanges() {
        var circuit = Circuit(outage: "not connected yet")
        let news = ["refused", "refused", "no answer"].map { circuit.remainsOpen($0) }
        #expect(news == [true, false, true])
        #expect(throws: StoreError.unavailable("no answer")) { try circuit.admit() }
    }
}
