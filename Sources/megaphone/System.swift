import Glibc

// What the program itself asks of the system: files, the environment, limits and the terminal.

/// A file that could not be read, with the kernel's words.
struct FileError: Error {
    let reason: String
    /// There is no such file.
    let isMissing: Bool
}

/// What may be read as a file.
enum FileKind {
    /// A pipe too, whose writer is waited for: a shell gives the output of a command that way.
    case any
    /// What gives its bytes and ends, without waiting for anybody.
    case regular
}

/// Reads a whole file of at most 1 MiB, which is far above any configuration or version file.
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
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = unsafe read(descriptor, &chunk, chunk.count)
        if count < 0, errno != EINTR { throw lastFileError() }
        if count == 0 { return bytes }
        bytes += chunk[..<max(0, count)]
        guard bytes.count <= 1 << 20 else { throw FileError(reason: "larger than 1 MiB", isMissing: false) }
    }
}

private func lastFileError() -> FileError {
    let number = errno
    return FileError(reason: unsafe String(cString: strerror(number)), isMissing: number == ENOENT)
}

/// The environment of the process.
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

/// Raises the limit of open descriptors to what the system allows, and returns it.
func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
}

/// Writes a line to standard error.
func printError(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}

/// Standard output, for the log.
let standardOutput = STDOUT_FILENO

/// Whether a person sits at the other end of standard input.
var isTerminalInput: Bool { isatty(STDIN_FILENO) == 1 }
