import Glibc
import Synchronization
import TestSupport
import Testing
import Threads
import Time

@Suite(.timeLimit(.minutes(1))) struct ThreadTests {
    @Test(arguments: [
        ("loop-0", "loop-0"), ("", ""), ("exactly-15-long", "exactly-15-long"),
        ("longer-than-fifteen", "longer-than-fif"),
    ])
    func thread_hasItsName_cutTo15Bytes(name: String, shown: String) throws {
        let seen = Mutex("")
        let thread = try Thread(name: name) {
            let own = (try? text(ofFile: "/proc/thread-self/comm")) ?? "unreadable"
            seen.withLock { $0 = own }
        }
        thread.join()
        #expect(seen.withLock { $0 } == shown + "\n")
    }

    @Test func join_returnsAfterTheThreadHasEnded() throws {
        let hasEnded = Atomic<Bool>(false)
        let thread = try Thread(name: "slow") {
            Thread.pause(.milliseconds(20))
            hasEnded.store(true, ordering: .relaxed)
        }
        thread.join()
        let ended = hasEnded.load(ordering: .relaxed)
        #expect(ended)
    }

    @Test func detachedThread_runsToItsEnd() throws {
        let hasRun = Atomic<Bool>(false)
        try Thread(name: "detached") { hasRun.store(true, ordering: .relaxed) }.detach()
        try eventually { hasRun.load(ordering: .relaxed) }
    }

    /// A thread releases its body when it has ended.
    @Test func body_isReleased_whenTheThreadHasEnded() throws {
        final class Owned: Sendable {}
        weak let released: Owned?
        do {
            let owned = Owned()
            released = owned
            let thread = try Thread(name: "owner") { withExtendedLifetime(owned) {} }
            thread.join()
        }
        #expect(released == nil)
    }

    /// Signals are read from a signalfd, so no thread may receive them.
    @Test func thread_blocksSignals() throws {
        let areBlocked = Atomic<Bool>(false)
        let thread = try Thread(name: "deaf") {
            var signals = sigset_t()
            _ = unsafe pthread_sigmask(SIG_BLOCK, nil, &signals)
            let blocked = [SIGTERM, SIGINT, SIGHUP].allSatisfy { unsafe sigismember(&signals, $0) == 1 }
            areBlocked.store(blocked, ordering: .relaxed)
        }
        thread.join()
        let blocked = areBlocked.load(ordering: .relaxed)
        #expect(blocked)
    }

    @Test(arguments: [Duration.seconds(-1), .zero, .milliseconds(20)])
    func pause_lastsAtLeastItsDuration(duration: Duration) {
        let began = Instant.now
        Thread.pause(duration)
        #expect(began.duration(to: .now) >= duration)
    }

    /// Compares with the mask in /proc. OperationTests runs the service with a narrower mask.
    @Test func allowedProcessors_matchTheAffinity() throws {
        let lines = try text(ofFile: "/proc/thread-self/status").split(separator: "\n")
        let mask = try #require(lines.first { $0.hasPrefix("Cpus_allowed:\t") }).split(separator: "\t")[1]
        let bits = mask.compactMap(\.hexDigitValue).map(\.nonzeroBitCount).reduce(0, +)
        #expect(allowedProcessors() == bits)
    }
}
