import Broadcasts
import SQLiteStore
import TestSupport
import Testing

/// The stores that the contract is tested with.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqliteMemory
    case sqliteFile
    case mysql
    /// A database of Mozilla's Megaphone, adopted in place.
    case adopted

    var testDescription: String { rawValue }

    /// All kinds, or only those that need no server if there is none.
    static let available: [StoreKind] = TestServer.isAvailable ? allCases : [.sqliteMemory, .sqliteFile]

    /// The kinds whose database outlives a store and can be shared by several.
    static let shared = available.filter { $0 != .sqliteMemory }

    /// Makes an empty database and passes a closure that opens stores on it. Closes the stores and removes
    /// the database afterwards.
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

    /// Runs the body with a store on an empty database.
    func withStore(_ body: (any BroadcastStore) async throws -> Void) async throws {
        try await withDatabase { open in try await body(open()) }
    }

    /// Makes a database. Returns a closure that opens stores on it; releasing the closure removes the
    /// database.
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
