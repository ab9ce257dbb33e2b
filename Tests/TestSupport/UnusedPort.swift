/// A server could not listen, because its port is in use.
package struct PortInUse: Error {
    package let port: UInt16

    package init(_ port: UInt16) {
        self.port = port
    }
}

/// Calls a function with a port until it does not throw `PortInUse`, five times at most.
///
/// For servers that must restart on the same port. The kernel uses ports from 32768 for outgoing connections,
/// so it could assign such a port to a client while the server is down.
package func withUnusedPort<Value>(_ start: (UInt16) throws -> Value) throws -> Value {
    for _ in 1..<5 {
        do { return try start(.random(in: 10_000..<30_000)) } catch is PortInUse {}
    }
    return try start(.random(in: 10_000..<30_000))
}
