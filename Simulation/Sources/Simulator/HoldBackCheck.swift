import Broadcasts
import Time

/// The invariants of held announcements (API.md section 13), from the rows alone.
enum HoldBackCheck {
    /// Two announcements of a channel are at least an interval apart, and nothing accepted waits for longer.
    static func check(_ channel: String, interval: Duration, _ database: Database) {
        let microseconds = Int(interval.components.seconds) * 1_000_000
        var last: (version: String, time: Int)?
        var held: (version: String, due: Int)?
        func announce(_ version: String, _ time: Int) {
            if let last, time - last.time < microseconds {
                database.world.violate(
                    "\(channel): \(version) was announced \(time - last.time) µs after \(last.version), with an interval of \(interval)"
                )
            }
            last = (version, time)
        }
        for commit in database.commits where commit.channel == channel {
            guard let after = commit.after else { continue }
            // A held version whose time has passed counts as announced, folded or not.
            if let due = held,
                after.shownAt == due.due || after.shown == nil && after.version == due.version
            {
                announce(due.version, due.due)
            }
            held = nil
            if after.shown != nil, let due = after.announceAt {
                held = (after.version, due)
                if let last, due > last.time + microseconds {
                    database.world.violate("\(channel): \(after.version) is held for longer than \(interval)")
                }
            } else if after.version != last?.version, let time = after.announceAt {
                announce(after.version, time)
            }
        }
    }
}
