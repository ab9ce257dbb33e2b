import TestSupport

/// How a database server may be away.
enum Absence: String, CaseIterable {
    /// Nobody listens at its port.
    case refused
    /// The system takes connections for it, and nothing comes.
    case silent

    func begin(_ server: DatabaseServer) throws {
        switch self {
        case .refused: try server.kill()
        case .silent: server.pause()
        }
    }

    func end(_ server: DatabaseServer) throws {
        switch self {
        case .refused: try server.start()
        case .silent: server.resume()
        }
    }
}
