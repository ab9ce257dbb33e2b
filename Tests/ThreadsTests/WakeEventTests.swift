import Synchronization
import TestSupport
import Testing
import Threads
import Time

@Suite(.timeLimit(.minutes(1))) struct WakeEventTests {
    @Test func wait_returnsAtOnce_whenSignaledBefore() throws {
        let event = try WakeEvent()
        event.signal()
        #expect(event.wait(for: nil))
    }

    @Test func wait_resetsTheEvent_afterSeveralSignals() throws {
        let event = try WakeEvent()
        for _ in 0..<3 { event.signal() }
        #expect(event.wait(for: nil))
        #expect(!event.wait(for: .zero))
        event.signal()
        #expect(event.wait(for: .zero))
    }

    @Test(arguments: [Duration.seconds(-1), .zero, .microseconds(1), .milliseconds(30)])
    func wait_timesOut_notBeforeItsTimeout(timeout: Duration) throws {
        let event = try WakeEvent()
        let began = Instant.now
        #expect(!event.wait(for: timeout))
        #expect(began.duration(to: .now) >= timeout)
    }

    @Test func wait_ends_whenAnotherThreadSignals() throws {
        let (ping, pong) = (try WakeEvent(), try WakeEvent())
        let thread = try Thread(name: "pong") {
            for _ in 0..<1000 where ping.wait(for: patience) { pong.signal() }
        }
        for _ in 0..<1000 {
            ping.signal()
            #expect(pong.wait(for: patience))
        }
        thread.join()
    }

    /// After a lost signal, the reader would wait although there is work.
    @Test func signalsOfManyThreads_leaveNoWork() throws {
        let event = try WakeEvent()
        let work = Atomic<Int>(0)
        let threads = try (0..<4).map { _ in
            try Thread(name: "signal") {
                for _ in 0..<2500 {
                    work.add(1, ordering: .releasing)
                    event.signal()
                }
            }
        }
        var taken = 0
        while taken < 10_000 {
            try #require(event.wait(for: patience))
            taken += work.exchange(0, ordering: .acquiring)
        }
        #expect(taken == 10_000)
        for thread in threads { thread.join() }
    }
}
