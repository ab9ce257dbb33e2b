internal import CLinux
internal import Glibc
package import Time

/// Receives the signals of the process by signalfd(2), and notifications from other threads, in one wait.
package final class SignalReceiver: Sendable {
    /// The signals that the service handles.
    package enum Signal: Int32, Hashable, Sendable, CaseIterable {
        case terminate, interrupt, hangUp

        fileprivate var number: Int32 {
            switch self {
            case .terminate: SIGTERM
            case .interrupt: SIGINT
            case .hangUp: SIGHUP
            }
        }
    }

    /// What ends a wait.
    package enum Event: Hashable, Sendable {
        case signal(Signal)
        /// `notify` was called at least once.
        case notification
    }

    private let system: SystemCalls
    private let descriptor: FileDescriptor
    private let notification: FileDescriptor

    /// Signals that would end the process without draining. SIGPIPE: a write to a closed connection reports
    /// EPIPE. SIGXFSZ: a write beyond the file size limit reports EFBIG. SIGUSR1 and SIGUSR2: programs that
    /// rotate logs send them.
    private static let ignored = [SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2]

    /// Blocks the signals for this thread and all threads that it starts, SIGQUIT among them, which counts
    /// as SIGTERM. Ignores others that would end the process. Must be called before the first other thread
    /// starts.
    package init() throws(SystemError) {
        system = SystemCalls()
        notification = try system.makeEventCounter()
        for number in Self.ignored { _ = signal(number, SIG_IGN) }
        var set = sigset_t()
        _ = unsafe sigemptyset(&set)
        for signal in Signal.allCases { _ = unsafe sigaddset(&set, signal.number) }
        _ = unsafe sigaddset(&set, SIGQUIT)
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        let number = unsafe CLinux.signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard number >= 0 else { throw SystemError(.signalfd, errno) }
        descriptor = FileDescriptor(owning: number, system: system)
    }

    /// Ends the wait under way, or the next one. May be called by any thread.
    package func notify() {
        // Fails only if the counter is at its maximum, and then the wait ends anyway.
        try? system.increment(notification)
    }

    /// Waits for the next signal or notification. Blocks the calling thread, which must not be a loop's.
    package func next() throws(SystemError) -> Event {
        while true {
            if let event = try takeEvent() { return event }
            try wait(milliseconds: -1)
        }
    }

    /// Waits for the next signal or notification as above, until `end` at most. Returns nil after that.
    package func next(until end: Instant, by clock: Clock) throws(SystemError) -> Event? {
        while true {
            if let event = try takeEvent() { return event }
            let rest = end - clock.now
            guard rest > .zero else { return nil }
            // Rounded up, so that the wait does not end before its time.
            try wait(milliseconds: Int32(clamping: Int64(rest / .milliseconds(1)) + 1))
        }
    }

    private func takeEvent() throws(SystemError) -> Event? {
        if let signal = try takeSignal() { return .signal(signal) }
        return takeNotification() ? .notification : nil
    }

    /// Waits until a descriptor is readable. A negative time has no end.
    private func wait(milliseconds: Int32) throws(SystemError) {
        var entries = [descriptor.rawValue, notification.rawValue].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard unsafe poll(&entries, nfds_t(entries.count), milliseconds) >= 0 || errno == EINTR else {
            throw SystemError(.signalfd, errno)
        }
    }

    private func takeSignal() throws(SystemError) -> Signal? {
        var information = signalfd_siginfo()
        let count = unsafe withUnsafeMutableBytes(of: &information) {
            unsafe Glibc.read(descriptor.rawValue, $0.baseAddress, $0.count)
        }
        guard count > 0 else {
            guard count == 0 || errno == EAGAIN || errno == EINTR else {
                throw SystemError(.signalfd, errno)
            }
            return nil
        }
        let number = Int32(information.ssi_signo)
        // SIGQUIT ends nginx gracefully; by default it would end this process with a core dump.
        return number == SIGQUIT ? .terminate : Signal.allCases.first { $0.number == number }
    }

    private func takeNotification() -> Bool {
        var count: UInt64 = 0
        return unsafe Glibc.read(notification.rawValue, &count, MemoryLayout<UInt64>.size) > 0
    }
}
