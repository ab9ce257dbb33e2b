import BlockingWork
import Broadcasts
import Logging
import Time

/// One thread's database: opened when first needed, and again when the file has become useless.
struct SQLiteThreadState: PoolState, ~Copyable {
    private let path: String
    private let clock: Clock
    private let logger: Logger
    private var session: SQLiteSession?

    init(path: String, clock: Clock, logger: Logger) {
        self.clock = clock
        self.path = path
        self.logger = logger
    }

    mutating func use<Value>(
        until deadline: Instant,
        _ body: (inout SQLiteSession) throws(SQLiteError) -> Value
    ) -> Result<Value, StoreError> {
        do {
            var session = try openSession(deadline)
            let result = Result { () throws(SQLiteError) in try body(&session) }
            self.session = consume session
            return .success(try result.get())
        } catch {
            if error.endsConnection, path != ":memory:" { session = nil }
            return .failure(.failed(error.explained(path: path)))
        }
    }

    private mutating func openSession(
        _ deadline: Instant
    ) throws(SQLiteError) -> SQLiteSession {
        if let session = session.take() {
            if !session.isOrphaned { return session }
            logger.warning("SQLite database \(path) was moved or removed; opening the path anew")
        }
        return try SQLiteSession.open(path: path, deadline: deadline, clock: clock)
    }
}
