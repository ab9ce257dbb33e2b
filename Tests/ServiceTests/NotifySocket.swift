import Glibc
import TestSupport

/// A datagram socket in the file system, in place of systemd's notification socket.
final class NotifySocket {
    let path: String
    private let descriptor: Int32

    struct Failure: Error {
        let errno: Int32
    }

    init(in directory: TemporaryDirectory) throws {
        path = "\(directory.path)/notify"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length)
            }
        }
        guard result == 0 else { throw Failure(errno: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Returns the next notification, or an empty string if none arrives within 20 seconds.
    func receive() -> String {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 20_000) == 1 else { return "" }
        return received()
    }

    /// Returns a notification that has already arrived, or an empty string.
    func received() -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
