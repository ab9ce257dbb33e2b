import Broadcasts
import TestSupport
import Testing
import Time

@testable import SQLiteStore

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
    func withDatabase(_ body: (_ open: @escaping () throws -> any BroadcastStore) async throws -> Void)
        async throws
    {
        try await withDatabase(.history) { open, _ in try await body(open) }
    }

    /// Runs statements of another program on a database.
    typealias Execute = @Sendable (_ sql: String) throws -> Void

    /// The same with these additions to the schema, and with a way to run statements of another program.
    func withDatabase(
        _ additions: SchemaAdditions,
        _ body: (_ open: @escaping () throws -> any BroadcastStore, _ execute: @escaping Execute) async throws
            -> Void
    ) async throws {
        var opened: [any BroadcastStore] = []
        let (makeStore, execute) = try database(additions)
        defer { for store in opened { store.close() } }
        try await body(
            {
                let store = try makeStore()
                opened.append(store)
                return store
            }, execute)
    }

    /// Runs the body with a store on an empty database.
    func withStore(_ body: (any BroadcastStore) async throws -> Void) async throws {
        try await withDatabase { open in try await body(open()) }
    }

    /// Makes a database. Returns a closure that opens stores on it, and one that runs statements; releasing
    /// them removes the database.
    private func database(
        _ additions: SchemaAdditions
    ) throws -> (() throws -> any BroadcastStore, Execute) {
        switch self {
        case .sqliteMemory:
            return ({ try SQLiteStore(path: ":memory:", additions: additions, logger: silent) }, { _ in })
        case .sqliteFile:
            let directory = try TemporaryDirectory()
            @Sendable func path() -> String { "\(directory.path)/megaphone.db" }
            return (
                { try SQLiteStore(path: path(), additions: additions, logger: silent) },
                { sql in
                    let connection = try SQLiteConnection.open(path: path(), create: false)
                    connection.setBusyLimit(.seconds(20))
                    try connection.execute(sql)
                }
            )
        case .mysql, .adopted:
            let database = try MySQLTestDatabase()
            if self == .adopted { try OriginalDatabase.make(at: database.address) }
            return (
                { try database.store(additions: additions) }, { sql in _ = try database.address.sql(sql) }
            )
        }
    }
}
