import Threads

/// Threads are left free for jobs that may use the reserve, such as reads: PUTs that hang in the database
/// must not delay them. A pool of one thread has no reserve.
extension Roster {
    /// The number of threads that the pool may have now.
    var currentMaximum: Int { min(limits.maximumThreads, refusal?.threads ?? .max) }

    /// Whether a job without the right to use the reserve may begin.
    var hasRoom: Bool {
        let ordinary = threads.count { $0.job.map { !$0.usesReserve } ?? false }
        return ordinary < max(1, currentMaximum - limits.reservedThreads)
    }

    /// Removes and returns the first queued job that may begin.
    mutating func nextJob() -> Job? { queue.popFirstAwaited(onlyReserve: !hasRoom) }

    /// Gives queued jobs to idle threads, after room has become free. Returns the events to signal.
    mutating func dispatch() -> [WakeEvent] {
        var wakeEvents: [WakeEvent] = []
        while threads.contains(where: \.isIdle), let job = nextJob() {
            guard let wakeEvent = giveToIdle(job) else {
                queue.putBack(job)
                break
            }
            wakeEvents.append(wakeEvent)
        }
        return wakeEvents
    }
}
