import EventLoop
import TestSupport
import Testing
import Time

@Suite(.timeLimit(.minutes(1))) struct TimerWheelTests {
    private let start = ManualClock().now

    private func due(_ wheel: inout TimerWheel, after duration: Duration) -> [UInt64] {
        var due: [EventSource] = []
        wheel.advance(to: start + duration, into: &due)
        return due.map(\.rawValue).sorted()
    }

    @Test func wheel_hasNoDelay_whenEmpty() {
        let wheel = TimerWheel(startingAt: start)
        #expect(wheel.delay(from: start) == nil)
    }

    @Test func timerEntry_firesWithinATick_afterItsDeadline() {
        var wheel = TimerWheel(startingAt: start)
        wheel.add(7, at: start + .milliseconds(250))
        #expect(due(&wheel, after: .milliseconds(249)).isEmpty)
        #expect(due(&wheel, after: .milliseconds(350)) == [7])
        #expect(due(&wheel, after: .seconds(1000)).isEmpty)
    }

    @Test func timerEntry_firesInItsRound_whenItIsALaterOne() {
        var wheel = TimerWheel(startingAt: start)
        wheel.add(1, at: start + .milliseconds(100))
        wheel.add(2, at: start + .milliseconds(100) + TimerWheel.tick * 512)
        #expect(due(&wheel, after: .milliseconds(100)) == [1])
        #expect(due(&wheel, after: .seconds(51)).isEmpty)
        #expect(due(&wheel, after: .milliseconds(51_300)) == [2])
    }

    @Test func everyTimerEntry_firesOnce_afterALongSleep() {
        var wheel = TimerWheel(startingAt: start)
        for number in 0..<1000 {
            wheel.add(EventSource(rawValue: UInt64(number)), at: start + .milliseconds(number * 333))
        }
        #expect(due(&wheel, after: .seconds(10_000)) == Array(0..<1000))
        #expect(wheel.delay(from: start) == nil)
    }

    @Test(arguments: TestSeed.drawn(4)) func delay_reachesEveryTimerEntry_inTime(seed: TestSeed) {
        var generator = seed.generator
        var wheel = TimerWheel(startingAt: start)
        var now = start
        var deadlines: [UInt64: Instant] = [:]
        for number in 0..<200 as Range<UInt64> {
            let deadline = start + .milliseconds(Int.random(in: 0..<200_000, using: &generator))
            deadlines[number] = deadline
            wheel.add(EventSource(rawValue: number), at: deadline)
        }
        var due: [EventSource] = []
        var turns = 0
        while let delay = wheel.delay(from: now), turns < 10_000 {
            now = now + max(delay, .milliseconds(1))
            wheel.advance(to: now, into: &due)
            for source in due {
                let deadline = deadlines.removeValue(forKey: source.rawValue)
                #expect(deadline.map { $0 <= now && now - $0 < TimerWheel.tick + .milliseconds(1) } == true)
            }
            turns += 1
        }
        #expect(deadlines.isEmpty)
    }

    @Test func timerEntry_firesAtTheNextTick_whenDueInThePast() {
        var wheel = TimerWheel(startingAt: start)
        #expect(due(&wheel, after: .seconds(5)).isEmpty)
        wheel.add(3, at: start)
        #expect(due(&wheel, after: .milliseconds(5100)) == [3])
    }
}
