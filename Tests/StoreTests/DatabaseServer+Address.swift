import Broadcasts
import StoreAddress
import TestSupport

@testable import MySQLStore

extension DatabaseServer {
    /// An empty database on it.
    var address: MySQLAddress {
        guard let shared = TestServer.address else { preconditionFailure("no server without a shared one") }
        return shared.with(host: "127.0.0.1", port: port)
    }
}
