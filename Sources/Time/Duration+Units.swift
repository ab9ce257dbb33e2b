extension Duration {
    /// Whole nanoseconds, truncated.
    package var nanoseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    /// Whole microseconds, truncated.
    package var microseconds: Int { nanoseconds / 1000 }

    /// The duration as a timeout of poll(2) and epoll_wait(2): whole milliseconds, from 0 to one day. Rounded
    /// up, because a wait that ended just before its deadline would be repeated until the deadline has
    /// passed.
    package var pollMilliseconds: Int32 {
        if self <= .zero { return 0 }
        if self >= .seconds(86_400) { return 86_400_000 }
        return Int32((nanoseconds + 999_999) / 1_000_000)
    }
}
