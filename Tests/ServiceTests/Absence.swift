import TestSupport

/// A way in which a database server is unavailable.
enum Absence: String, CaseIterable {
    /// Nothing listens on its port.
    case refused
    /// The kernel accepts connections, but the server sends nothing.
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
