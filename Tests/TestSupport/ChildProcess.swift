internal import Glibc

/// A program started by a test, which can read its output. It is killed when this object is released.
package final class ChildProcess {
    package enum Failure: Error {
        case cannotStart(errno: Int32)
        case ended(output: String)
        case timeout(output: String)
    }

    package let processID: Int32
    private let outputDescriptor: Int32
    private var pending: [UInt8] = []
    private var exitStatus: Int32?
    /// Everything read so far, standard output and standard error together.
    package private(set) var output = ""

    /// Starts a program with exactly this environment, and with no signal blocked: the threads of the tests
    /// block some, on which a program that a shell or systemd has started would end. Its output goes to a
    /// pipe, or is appended to `outputFile`, so that the program does not block if the test reads nothing.
    package init(
        _ path: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
        outputFile: String? = nil
    ) throws {
        var outputPipe: [Int32] = [0, 0]
        var inputPipe: [Int32] = [0, 0]
        guard unsafe pipe(&outputPipe) == 0, unsafe pipe(&inputPipe) == 0 else {
            throw Failure.cannotStart(errno: errno)
        }
        for descriptor in outputPipe + inputPipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, inputPipe[0], 0)
        if let outputFile {
            unsafe posix_spawn_file_actions_addopen(
                &actions, 1, outputFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        } else {
            unsafe posix_spawn_file_actions_adddup2(&actions, outputPipe[1], 1)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let argumentPointers = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        let environmentPointers = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (argumentPointers + environmentPointers).forEach { unsafe free($0) } }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var processID: pid_t = 0
        let error = unsafe posix_spawnp(
            &processID, path, &actions, &attributes, argumentPointers, environmentPointers)
        close(outputPipe[1])
        // Written while the read end is still open here, so that a child that has ended causes no SIGPIPE.
        if !input.isEmpty { _ = unsafe write(inputPipe[1], input, input.utf8.count) }
        close(inputPipe[0])
        close(inputPipe[1])
        guard error == 0 else {
            close(outputPipe[0])
            throw Failure.cannotStart(errno: error)
        }
        self.processID = processID
        outputDescriptor = outputPipe[0]
    }

    deinit {
        if exitStatus == nil {
            signal(SIGKILL)
            var status: Int32 = 0
            unsafe waitpid(processID, &status, 0)
        }
        close(outputDescriptor)
    }

    package func signal(_ number: Int32) {
        kill(processID, number)
    }

    /// Stops the program with SIGSTOP, and returns when all its threads have stopped.
    package func pause() {
        signal(SIGSTOP)
        var information = unsafe siginfo_t()
        _ = unsafe waitid(P_PID, id_t(processID), &information, WSTOPPED | WEXITED | WNOWAIT)
    }

    /// Whether the program is still running. Does not wait.
    package var isRunning: Bool {
        var information = unsafe siginfo_t()
        _ = unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOHANG | WNOWAIT)
        return unsafe information._sifields._sigchld.si_pid == 0
    }

    /// Reads lines until one contains the text, and returns it.
    package func line(containing text: String, timeoutSeconds: Int32 = 30) throws -> String {
        while true {
            while let end = pending.firstIndex(of: 0x0A) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                output += line + "\n"
                if line.contains(text) { return line }
            }
            guard try fill(timeoutSeconds) else { throw Failure.ended(output: output) }
        }
    }

    /// Reads to the end of the output, waits for the program, and returns its exit code (128 + n after signal
    /// n).
    package func waitForExit(timeoutSeconds: Int32 = 30) throws -> Int32 {
        while try fill(timeoutSeconds) {}
        output += String(decoding: pending, as: UTF8.self)
        pending = []
        var status: Int32 = 0
        unsafe waitpid(processID, &status, 0)
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        exitStatus = code
        return code
    }

    /// Reads some output. Returns false at its end.
    private func fill(_ timeoutSeconds: Int32) throws -> Bool {
        var poll = pollfd(fd: outputDescriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe Glibc.poll(&poll, 1, timeoutSeconds * 1000) > 0 else {
            throw Failure.timeout(output: output + String(decoding: pending, as: UTF8.self))
        }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe read(outputDescriptor, &buffer, buffer.count)
        if count > 0 { pending += buffer[..<count] }
        return count > 0
    }
}
