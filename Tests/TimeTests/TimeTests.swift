import TestSupport
import Testing
import Time

@Suite struct TimeTests {
    @Test func date_followsTheCalendar_forFourCenturies() {
        var day = 0
        for year in 1970..<2370 {
            let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (index, length) in [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
                .enumerated()
            {
                for dayOfMonth in 1...length {
                    let date = CalendarTime(unixSeconds: day * 86_400)
                    if (date.year, date.month, date.day) != (year, index + 1, dayOfMonth) {
                        Issue.record("Day \(day) is \(date).")
                    }
                    day += 1
                }
            }
        }
    }

    @Test func date_isNegative_beforeTheYear0() {
        let date = CalendarTime(unixSeconds: -719_529 * 86_400)
        #expect((date.year, date.month, date.day, date.weekday) == (-1, 12, 31, 5))
    }

    @Test func time_is1970_outsideTheCalendar() {
        #expect(CalendarTime(unixSeconds: .max) == CalendarTime(unixSeconds: 0))
    }

    @Test func manualClock_advancesBothTimes_andSetsTheWallTime() {
        let manual = ManualClock(wallTime: UnixTime(nanoseconds: -1))
        let clock = Clock(manual)
        let start = clock.now
        #expect(clock.wallTime.seconds == -1)
        manual.advance(by: .seconds(2))
        #expect(start.duration(to: clock.now) == .seconds(2))
        #expect(clock.wallTime == UnixTime(nanoseconds: 1_999_999_999))
        #expect(clock.wallSeconds == 1)
        manual.setWallTime(UnixTime(nanoseconds: 5))
        #expect(clock.wallTime.nanoseconds == 5)
        #expect(clock.time(until: start) == .seconds(-2))
    }

    @Test(arguments: [
        (Duration.seconds(-1), 0 as Int32), (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1),
        (.nanoseconds(1_000_001), 2), (.seconds(86_400), 86_400_000), (.seconds(1 << 60), 86_400_000),
    ])
    func pollMilliseconds_areRoundedUp_andBounded(duration: Duration, milliseconds: Int32) {
        #expect(duration.pollMilliseconds == milliseconds)
    }

    @Test func instants_supportAdditionAndSubtraction() {
        let now = Instant.now
        #expect((now + .seconds(2)) - now == .seconds(2))
        #expect(now.duration(to: now - .seconds(1)) == .seconds(-1))
        #expect(now - .nanoseconds(1) < now)
        #expect(now <= .now)
    }
}
