extension Duration {
    /// Whole nanoseconds; what is below one is dropped.
    package var nanoseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    /// Whole microseconds; what is below one is dropped.
    package var microseconds: Int { nanoseconds / 1000 }

    /// What poll(2) and epoll_wait(2) take: whole milliseconds, from 0 to a day. They are rounded up, so that
    /// no wait ends a moment before its deadline and is begun again and again until it has come.
    package var pollMilliseconds: Int32 {
        if self <= .zero { return 0 }
        if self >= .seconds(86_400) { return 86_400_000 }
        return Int32((nanoseconds + 999_999) / 1_000_000)
    }
}
