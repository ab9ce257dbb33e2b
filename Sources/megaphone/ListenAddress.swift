import ArgumentParser
import Bytes
import EventLoop
import Settings

extension Settings {
    /// Returns the address to listen on. Looks up a name: its first IPv4 address, or else its first IPv6
    /// address.
    func socketAddress() throws(ExitCode) -> SocketAddress {
        if let numeric = SocketAddress(address, port: port) { return numeric }
        do throws(LookupError) {
            let found = try lookUp(address)
            let chosen = found.first { if case .version4 = $0 { true } else { false } } ?? found[0]
            return SocketAddress(chosen, port: port)
        } catch {
            throw end(.systemRefuses, "cannot resolve address \(address): \(error.reason)")
        }
    }

    /// The address and a port, as in a URL and in `Host`.
    func authority(port: UInt16) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
