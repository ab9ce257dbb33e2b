import Randomness

/// Backoff between attempts: growing, so that what is in trouble is left in peace, and each drawn at random,
/// so that many who try do not come at once.
struct Backoff: Sendable {
    /// Of a pause that grew as far as it may, before the draw.
    let longest: Duration
    private var next: Duration

    /// Between probes of a database that is down. With a quick probe of one second and the head start of a
    /// patient one, no more than two seconds pass between the database's return and its being noticed.
    static let betweenProbes = Backoff(first: .milliseconds(50), longest: .milliseconds(700))

    /// Before a statement that met a conflict is tried again. On two Galera nodes with four writers of one
    /// channel on each, all PUTs came through; without a pause four in ten did not.
    static let afterConflicts = Backoff(first: .milliseconds(2), longest: .milliseconds(64))

    private init(first: Duration, longest: Duration) {
        next = first
        self.longest = longest
    }

    /// Between half of the pause and all of it.
    mutating func draw(_ random: RandomSource) -> Duration {
        defer { next = min(next * 2, longest) }
        return next * (0.5 + random.fraction() / 2)
    }
}
