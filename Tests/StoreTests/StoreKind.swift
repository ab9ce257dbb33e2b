import Broadcasts
import SQLiteStore
import TestSupport
import Testing

/// The stores that every test of the contract runs on.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqliteMemory
    case sqliteFile
    case mysql
    /// A database that the original made, adopted in place.
    case adopted

    var testDescription: String { rawValue }

    /// All, or those that need no server where there is none.
    static let available: [StoreKind] = TestServer.isThere ? allCases : [.sqliteMemory, .sqliteFile]

    /// Those whose database outlives a store and may be shared by several.
    static let shared = available.filter { $0 != .sqliteMemory }

    /// Makes an empty database and hands over what opens stores on it; all are closed, and it is gone,
    /// afterwards.
    func withDatabase(_ body: (_ open: () throws -> any BroadcastStore) async throws -> Void) async throws {
        var opened: [any BroadcastStore] = []
        let database = try self.database()
        defer { for store in opened { store.close() } }
        try await body {
            let store = try database()
            opened.append(store)
            return store
        }
    }

    /// One store on an empty database.
    func withStore(_ body: (any BroadcastStore) async throws -> Void) async throws {
        try await withDatabase { open in try await body(open()) }
    }

    /// What opens stores on a new database, which lasts as long as this closure.
    private func database() throws -> () throws -> any BroadcastStore {
        switch self {
        case .sqliteMemory:
            return { try SQLiteStore(path: ":memory:", logger: silent) }
        case .sqliteFile:
            let directory = try TemporaryDirectory()
            return { try SQLiteStore(path: "\(directory.path)/megaphone.db", logger: silent) }
        case .mysql:
            let database = try MySQLTestDatabase()
            return { try database.store() }
        case .adopted:
            let database = try MySQLTestDatabase()
            try OriginalDatabase.make(at: database.address)
            return { try database.store() }
        }
    }
}
