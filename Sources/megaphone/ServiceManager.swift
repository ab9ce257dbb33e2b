import Glibc

/// Notifications to the service manager (sd_notify(3)). systemd sets `NOTIFY_SOCKET` for units with
/// `Type=notify`; without it, nothing is sent.
enum ServiceManager {
    /// A state of the service.
    enum State: String {
        /// The service listens, and has applied its configuration.
        case ready = "READY=1"
        case reloading = "RELOADING=1"
        case stopping = "STOPPING=1"
    }

    /// Sends one datagram. Does not wait: a manager that does not receive must not delay the service.
    static func notify(_ state: State) {
        guard let path = environmentVariables()["NOTIFY_SOCKET"], let address = address(path) else { return }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(state.rawValue.utf8)
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        _ = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, bytes, bytes.count, flags, $0, length)
            }
        }
    }

    /// Returns the address of a socket in the file system, or, for a name that begins with `@`, in the
    /// abstract namespace (unix(7)). Nil for another form, or if it is too long.
    private static func address(_ path: String) -> sockaddr_un? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"),
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return address
    }
}
