import Glibc

// All calls of this module into libc, so that unsafe code is in one file.

/// Returns the name of this host, as `uname -n` prints it, or "unknown".
package func systemHostname() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Returns the ID of this process.
package func systemProcessID() -> Int32 {
    getpid()
}

/// Sends bytes without blocking or raising SIGPIPE. Returns whether all were sent.
@discardableResult
func sendWithoutWaiting(_ bytes: [UInt8], to socket: Int32) -> Bool {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    return unsafe bytes.withUnsafeBytes { unsafe send(socket, $0.baseAddress, $0.count, flags) }
        == bytes.count
}

/// Writes bytes; blocks until the descriptor has accepted all of them. Returns how many were written before
/// an error.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int {
    var written = 0
    while written < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
            return unsafe write(descriptor, rest.baseAddress, rest.count)
        }
        if count > 0 {
            written += count
        } else if count < 0, errno == EAGAIN {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            unsafe poll(&entry, 1, -1)
        } else if count == 0 || errno != EINTR {
            break
        }
    }
    return written
}

// MARK: - The process

func clockTicksPerSecond() -> Int {
    sysconf(Int32(_SC_CLK_TCK))
}

func pageSize() -> Int {
    sysconf(Int32(_SC_PAGESIZE))
}

/// Returns the processor time of all threads, user and system, in seconds, or NaN.
func processorSeconds() -> Double {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .nan }
    return [usage.ru_utime, usage.ru_stime].reduce(0) { sum, time in
        sum + Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}

/// Returns the first 4 KiB of a file of the proc file system, or an empty string if it cannot be read.
func procFile(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}

/// Returns the number of open descriptors, or NaN if it cannot be read.
func openDescriptorCount() -> Double {
    guard let directory = unsafe opendir("/proc/self/fd") else { return .nan }
    defer { unsafe closedir(directory) }
    var count = 0
    while let entry = unsafe readdir(directory) {
        if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    // The descriptor of the directory itself is not counted.
    return Double(count - 1)
}

/// Returns the limit on open descriptors, or NaN if it cannot be read.
func descriptorLimit() -> Double {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .nan }
    return limit.rlim_cur == .max ? .infinity : Double(limit.rlim_cur)
}

// MARK: - StatsD

/// Why a socket could not be connected, created or replaced, for the log.
struct SocketError: Error {
    let reason: String
}

/// Returns a UDP socket connected to the first address of the host that the system has a route to. Blocks
/// while a name is looked up; with `isAddress`, a name is an error.
func connectDatagramSocket(host: String, port: UInt16, isAddress: Bool) throws(SocketError) -> Int32 {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    unsafe hints.ai_flags = isAddress ? AI_NUMERICHOST : 0
    var found: UnsafeMutablePointer<addrinfo>?
    let result = unsafe getaddrinfo(host, String(port), &hints, &found)
    guard result == 0 else {
        throw SocketError(reason: unsafe String(cString: gai_strerror(result)))
    }
    defer { unsafe freeaddrinfo(found) }
    var reason = "no address"
    var next = unsafe found
    while let address = unsafe next {
        let type = unsafe address.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(address.pointee.ai_family, type, address.pointee.ai_protocol)
        if unsafe descriptor >= 0
            && connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0
        {
            return descriptor
        }
        reason = unsafe String(cString: strerror(errno))
        if descriptor >= 0 { close(descriptor) }
        unsafe next = address.pointee.ai_next
    }
    throw SocketError(reason: reason)
}

/// Returns an unconnected Unix datagram socket: a placeholder, on which every send fails with ENOTCONN.
func makeIdleSocket() throws(SocketError) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SocketError(reason: unsafe String(cString: strerror(errno))) }
    return descriptor
}

/// Makes a descriptor refer to another socket (dup2(2)). A concurrent send uses either one. If it throws, the
/// descriptor is unchanged. `socket` is closed in any case.
func replace(_ descriptor: Int32, with socket: Int32) throws(SocketError) {
    defer { close(socket) }
    while dup2(socket, descriptor) < 0 {
        guard errno == EINTR || errno == EBUSY else {
            throw SocketError(reason: unsafe String(cString: strerror(errno)))
        }
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}

func closeDescriptor(_ descriptor: Int32) {
    close(descriptor)
}
