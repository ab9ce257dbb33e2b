internal import Synchronization

/// Makes selected system calls fail, so that tests can cover every failure that the kernel may report.
///
/// In production, `SystemCalls` has no table.
package final class FaultTable: Sendable {
    /// What an affected call does.
    package enum Fault: Hashable, Sendable {
        /// The call fails with this error number and does nothing.
        case fails(Int32)
        /// A read or write transfers at most this many bytes.
        case moves(atMost: Int)
    }

    /// Which calls of a kind are affected, counted from 1.
    package enum Occasion: Hashable, Sendable {
        case once(at: Int)
        case always(from: Int)
    }

    private struct State {
        var counts: [SystemCall: Int] = [:]
        var faults: [SystemCall: (fault: Fault, occasion: Occasion)] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Arms a fault for one kind of call, and restarts the count of these calls.
    package func arm(_ call: SystemCall, _ fault: Fault, _ occasion: Occasion) {
        state.withLock { state in
            state.counts[call] = 0
            state.faults[call] = (fault, occasion)
        }
    }

    /// Removes all faults.
    package func disarm() {
        state.withLock { $0.faults = [:] }
    }

    /// Counts a call, and returns the fault that it gets, if any.
    func next(_ call: SystemCall) -> Fault? {
        state.withLock { state in
            let count = state.counts[call, default: 0] + 1
            state.counts[call] = count
            guard let armed = state.faults[call] else { return nil }
            switch armed.occasion {
            case .once(let at): return count == at ? armed.fault : nil
            case .always(let from): return count >= from ? armed.fault : nil
            }
        }
    }
}
