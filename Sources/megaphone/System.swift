import Bytes
import Glibc

// The system calls of the program itself: files, the environment, limits and the terminal.

/// A file that could not be read, and why.
struct FileError: Error {
    let reason: String
    /// Whether there is no such file.
    let isMissing: Bool
}

/// Which files may be read.
enum FileKind {
    /// Pipes too, as a shell passes the output of a command. Opening or reading one waits for its writer.
    case any
    /// Regular files only; reading one waits for no writer.
    case regular
}

/// Reads a whole file of at most 1 MiB, which is far more than any configuration or version file needs.
func readFile(_ path: String, _ kind: FileKind) throws(FileError) -> [UInt8] {
    let flags = kind == .regular ? O_RDONLY | O_CLOEXEC | O_NONBLOCK : O_RDONLY | O_CLOEXEC
    let descriptor = unsafe open(path, flags)
    guard descriptor >= 0 else { throw lastFileError() }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw lastFileError() }
    guard kind == .any || status.st_mode & S_IFMT == S_IFREG else {
        throw FileError(reason: "not a regular file", isMissing: false)
    }
    var bytes: [UInt8] = []
    var readBuffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = unsafe read(descriptor, &readBuffer, readBuffer.count)
        if count < 0, errno != EINTR { throw lastFileError() }
        if count == 0 { return bytes }
        bytes += readBuffer[..<max(0, count)]
        guard bytes.count <= 1 << 20 else { throw FileError(reason: "larger than 1 MiB", isMissing: false) }
    }
}

private func lastFileError() -> FileError {
    let number = errno
    return FileError(reason: unsafe String(cString: strerror(number)), isMissing: number == ENOENT)
}

/// Returns the environment of the process.
func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
        let parts = unsafe String(cString: text).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        unsafe entry += 1
    }
    return variables
}

/// The limit on open descriptors, and how many are taken.
struct DescriptorLimit {
    let maximum: Int
    /// Number of descriptors that the process got from its parent, besides the three standard streams.
    let inherited: Int

    /// Raises the soft limit to the hard limit. Takes 1024 if the limit cannot be read. Must be called before
    /// the process opens descriptors that it keeps.
    static func raise() -> DescriptorLimit {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DescriptorLimit(maximum: 1024, inherited: 0)
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let maximum = Int(clamping: limit.rlim_cur)
        // Numbers are given out from the lowest, so that higher ones are rarely in use.
        let inherited = (3..<max(3, min(maximum, 1024))).count { fcntl(Int32($0), F_GETFD) >= 0 }
        return DescriptorLimit(maximum: maximum, inherited: inherited)
    }
}

/// Writes a line to standard error. If that is the journal, the line begins with its priority: 3 is an error,
/// 4 a warning (sd-daemon(3)).
func printError(_ line: String, priority: Int = 3) {
    let prefix = isJournal(STDERR_FILENO) ? "<\(priority)>" : ""
    let bytes = Array("\(prefix)\(line)\n".utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}

/// Returns whether a descriptor is connected to systemd's journal: `JOURNAL_STREAM` contains its device and
/// inode (systemd.exec(5)).
func isJournal(_ descriptor: Int32) -> Bool {
    guard let stream = environmentVariables()["JOURNAL_STREAM"] else { return false }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
}

/// Returns the absolute path of a file, without symbolic links if it exists.
func absolutePath(_ path: String) -> String {
    if let resolved = unsafe realpath(path, nil) {
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
    guard !path.hasPrefix("/"), let directory = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(directory) }
    return unsafe "\(String(cString: directory))/\(path)"
}

/// Why a host name could not be resolved.
struct LookupError: Error {
    let reason: String
}

/// Returns the addresses of a host, at least one, in the order of the system's resolver. Blocks.
func lookUp(_ host: String) throws(LookupError) -> [IPAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let result = unsafe getaddrinfo(host, nil, &hints, &found)
    guard result == 0 else { throw LookupError(reason: unsafe String(cString: gai_strerror(result))) }
    defer { unsafe freeaddrinfo(found) }
    var addresses: [IPAddress] = []
    var next = unsafe found
    while let entry = unsafe next {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let flags = NI_NUMERICHOST
        if unsafe getnameinfo(
            entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, flags)
            == 0,
            let address = IPAddress(
                String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        {
            addresses.append(address)
        }
        unsafe next = entry.pointee.ai_next
    }
    guard !addresses.isEmpty else { throw LookupError(reason: "no address") }
    return addresses
}

/// Standard output, for the log.
let standardOutput = STDOUT_FILENO

/// Whether standard input is a terminal.
var isTerminalInput: Bool { isatty(STDIN_FILENO) == 1 }
