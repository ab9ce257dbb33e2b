import Broadcasts
import Glibc
import SQLiteStore
import Testing

/// The stores that every test of the contract runs on.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqliteMemory
    case sqliteFile

    var testDescription: String { rawValue }

    /// Those whose database outlives a store and may be shared by several.
    static let shared: [StoreKind] = [.sqliteFile]

    /// Makes an empty database and hands over what opens stores on it; all are closed, and it is gone, afterwards.
    func withDatabase(_ body: (_ open: () throws -> any BroadcastStore) async throws -> Void) async throws {
        var opened: [any BroadcastStore] = []
        defer { for store in opened { store.close() } }
        let directory = try TemporaryDirectory()
        try await body {
            let store: any BroadcastStore =
                switch self {
                case .sqliteMemory: try SQLiteStore(path: ":memory:", logger: silent)
                case .sqliteFile: try SQLiteStore(path: "\(directory.path)/megaphone.db", logger: silent)
                }
            opened.append(store)
            return store
        }
    }

    /// One store on an empty database.
    func withStore(_ body: (any BroadcastStore) async throws -> Void) async throws {
        try await withDatabase { open in try await body(open()) }
    }
}
