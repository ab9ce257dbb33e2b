import API
import BlockingWork
import Broadcasts
import Time

/// `version_file`, read again for each request, as Dockerflow has it, and on a thread that may block: a file
/// system may hang, and whoever asks needs no token.
struct VersionFile {
    private struct Nothing: ~Copyable {}

    private let path: String
    private let pool: BlockingPool<Nothing>

    /// As long as the heartbeat.
    private static let limit = Duration.milliseconds(900)

    init(path: String) throws(PoolError) {
        self.path = path
        // A reader that hangs is left behind, and one more tried in its place.
        let limits = PoolLimits(
            maximumThreads: 1, maximumQueue: 1000, idleLimit: .seconds(10), replacesLateThreads: true)
        pool = try BlockingPool(limits: limits) { _ in Nothing() }
    }

    /// The bytes as they are on disk now, or nil when there is no such file.
    func read() async throws(API.VersionFileError) -> [UInt8]? {
        let result: Result<[UInt8], FileError>
        do {
            result = try await pool.run(until: .now + Self.limit) { [path] _ in
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
