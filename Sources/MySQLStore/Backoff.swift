import Randomness

/// Exponential backoff with jitter.
struct Backoff: Sendable {
    /// The maximum delay before jitter.
    let longest: Duration
    private var next: Duration

    /// Between probes of a database that is down. Together with the one-second timeout of a quick probe and
    /// the head start of the patient probe, a recovered database is noticed within two seconds.
    static let betweenProbes = Backoff(first: .milliseconds(50), longest: .milliseconds(700))

    /// Before a statement that met a conflict is retried. On two Galera nodes with four writers of one
    /// channel on each, all PUTs succeeded; without a delay four in ten did not.
    static let afterConflicts = Backoff(first: .milliseconds(2), longest: .milliseconds(64))

    private init(first: Duration, longest: Duration) {
        next = first
        self.longest = longest
    }

    /// Returns the next delay, reduced by up to half at random.
    mutating func draw(_ random: RandomSource) -> Duration {
        defer { next = min(next * 2, longest) }
        return next * (0.5 + random.fraction() / 2)
    }
}
