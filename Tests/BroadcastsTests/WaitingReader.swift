import Broadcasts

/// What an event loop does with the functions of a reader, as one call that waits.
extension BoardReader {
    func read() async throws -> Reading {
        try await withCheckedContinuation { continuation in
            begin(read { continuation.resume(returning: $0) })
        }.get()
    }

    func check(within limit: Duration) async throws {
        let error = await withCheckedContinuation { continuation in
            begin(check(within: limit) { continuation.resume(returning: $0) })
        }
        if let error { throw error }
    }

    private func begin(_ work: SharedWork?) {
        guard let work else { return }
        Task.immediate { await work() }
    }
}
