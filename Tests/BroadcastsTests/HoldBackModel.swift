import Broadcasts

/// What is announced when, from the PUTs and their times alone: a reference for hold-back that knows no rows.
struct HoldBackModel {
    static let noOperation = "____NOP____"

    struct Announcement {
        let time: Int
        let version: String
        /// Whether the interval before it does not count: the first one, and those that are urgent.
        let isFree: Bool
    }

    private(set) var announcements: [Announcement] = []
    private var pending: (version: String, due: Int)?
    private(set) var accepted: String?

    /// Announces what is due.
    mutating func settle(at now: Int) {
        guard let pending, pending.due <= now else { return }
        self.pending = nil
        announce(pending.version, at: pending.due, isFree: false)
    }

    mutating func put(_ version: String, at now: Int, interval: Int, isUrgent: Bool) {
        let isUrgent = isUrgent || version == Self.noOperation
        settle(at: now)
        accepted = version
        guard let last = announcements.last else { return announce(version, at: now, isFree: true) }
        if version == last.version {
            pending = nil
        } else if isUrgent {
            pending = nil
            announce(version, at: now, isFree: true)
        } else {
            let due = min(max(now, last.time + interval), pending?.due ?? .max)
            if due <= now {
                pending = nil
                announce(version, at: now, isFree: false)
            } else {
                pending = (version, due)
            }
        }
    }

    /// The version on the board.
    func version(at now: Int) -> String? {
        if let pending, pending.due <= now { return pending.version }
        return announcements.last?.version
    }

    private mutating func announce(_ version: String, at time: Int, isFree: Bool) {
        guard announcements.last?.version != version else { return }
        announcements.append(Announcement(time: time, version: version, isFree: isFree))
    }
}
