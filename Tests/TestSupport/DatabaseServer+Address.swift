package import StoreAddress

extension DatabaseServer {
    /// The address of the empty database `megaphone` on this server.
    package var address: MySQLAddress {
        guard let shared = TestServer.address else {
            preconditionFailure("MEGAPHONE_TEST_MYSQL_URL is not set")
        }
        return shared.with(host: "127.0.0.1", port: port)
    }
}
