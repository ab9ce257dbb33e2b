package import StoreAddress

extension DatabaseServer {
    /// An empty database on it.
    package var address: MySQLAddress {
        guard let shared = TestServer.address else { preconditionFailure("no server without a shared one") }
        return shared.with(host: "127.0.0.1", port: port)
    }
}
