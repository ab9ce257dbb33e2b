/// A server that could not listen, because its port is in use.
package struct PortInUse: Error {
    package let port: UInt16

    package init(_ port: UInt16) {
        self.port = port
    }
}

/// Calls a function with a port until it does not throw `PortInUse`, five times at most.
///
/// For servers that must come back on the port they had. The kernel gives ports from 32768 on to outgoing
/// connections, and so could give the port of a server that is away to a client that looks for it.
package func withUnusedPort<Value>(_ start: (UInt16) throws -> Value) throws -> Value {
    for _ in 1..<5 {
        do { return try start(.random(in: 10_000..<30_000)) } catch is PortInUse {}
    }
    return try start(.random(in: 10_000..<30_000))
}
