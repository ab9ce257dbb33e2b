internal import CLinux
internal import Glibc

/// The signals of the process as bytes to read, instead of interruptions anywhere.
package struct SignalReceiver: ~Copyable, Sendable {
    /// A signal the service acts on.
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

    private let descriptor: FileDescriptor

    /// Blocks the signals for this thread and all it starts, and ignores SIGPIPE: a write to a closed
    /// connection reports EPIPE. Must be called before the first other thread starts.
    package init() throws(SystemError) {
        _ = signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        _ = unsafe sigemptyset(&set)
        for signal in Signal.allCases { _ = unsafe sigaddset(&set, signal.number) }
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        let number = unsafe CLinux.signalfd(-1, &set, Int32(SFD_CLOEXEC))
        guard number >= 0 else { throw SystemError(.signalfd, errno) }
        descriptor = FileDescriptor(owning: number, system: SystemCalls())
    }

    /// Waits for the next signal. Blocks the calling thread, which must not be a loop's.
    package func next() throws(SystemError) -> Signal {
        while true {
            var information = signalfd_siginfo()
            let count = unsafe withUnsafeMutableBytes(of: &information) {
                unsafe Glibc.read(descriptor.rawValue, $0.baseAddress, $0.count)
            }
            if count < 0, errno != EINTR { throw SystemError(.signalfd, errno) }
            if count > 0,
                let signal = Signal.allCases.first(where: { $0.number == Int32(information.ssi_signo) })
            {
                return signal
            }
        }
    }
}
