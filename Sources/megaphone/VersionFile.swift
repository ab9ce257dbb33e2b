import API
import BlockingWork
import Broadcasts
import Time

/// Reads `version_file` for each request, so that a changed file needs no restart. Reads on a thread that may
/// block: a file system may hang, and the request needs no token.
struct VersionFile {
    private struct Nothing: PoolState, ~Copyable {}

    private let path: String
    private let clock: Clock
    private let pool: BlockingPool<Nothing>

    /// Maximum number of open descriptors: the file, twice if one read hangs, and the pool's.
    static let descriptors = 2 + BlockingPool<Nothing>.descriptors(limits)

    private static let limits = PoolLimits(
        maximumThreads: 1, maximumQueue: 1000, idleLimit: .seconds(10), replacesLateThreads: true)

    /// Deadline of one read, the same as that of the heartbeat.
    private static let limit = Duration.milliseconds(900)

    init(path: String, clock: Clock) throws(PoolError) {
        self.clock = clock
        self.path = path
        // A thread that hangs in a read is abandoned, and one more takes its place.
        pool = try BlockingPool(name: "version-file", limits: Self.limits, clock: clock) { _ in Nothing() }
    }

    /// Returns the bytes of the file, or nil if there is no such file. Throws if it cannot be read, or not in
    /// time.
    func read() async throws(API.VersionFileError) -> [UInt8]? {
        let result: Result<[UInt8], FileError>
        do {
            result = try await pool.run(until: clock.now + Self.limit) { [path] _ in
                Result { () throws(FileError) in try readFile(path, .regular) }
            }
        } catch {
            throw API.VersionFileError(reason: "\(path): \(error)")
        }
        switch result {
        case .success(let bytes): return bytes
        case .failure(let error) where error.isMissing: return nil
        case .failure(let error): throw API.VersionFileError(reason: "\(path): \(error.reason)")
        }
    }

    func close() {
        pool.close()
    }
}
