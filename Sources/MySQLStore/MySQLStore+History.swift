import Broadcasts
import Logging
import Randomness
import Time

extension MySQLStore {
    private static let trimLimit = Duration.seconds(10)

    /// Logs that the history cannot be written, or removes old entries if that is due.
    func keepUp(after change: Change, _ applied: AppliedChange) {
        if applied.historyError != nil { observer?.historyWasNotWritten() }
        let (warning, work) = upkeep.note(applied, at: clock.now, fraction: random.fraction())
        if let warning { logger.warning("\(warning)") }
        guard work.isNeeded else { return }
        submit(.trim, until: clock.now + Self.trimLimit) { [logger] result in
            if case .failure(let error) = result {
                logger.warning("Cannot remove old entries of the history: \(error)")
            }
        } body: { [upkeep] session throws(MySQLError) in
            do throws(MySQLError) {
                try session.trim(change, work)
            } catch {
                guard error.isOfStatement else { throw error }
                guard error.isDenied else { throw error.inHistory }
                // What cannot be removed must not grow.
                upkeep.stop()
                throw error.inHistory.advising(
                    "changes are not recorded until the account has the DELETE privilege on the table")
            }
        }
    }
}
