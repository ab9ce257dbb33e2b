internal import Glibc

/// A system call that failed, with the error number the kernel gave.
package struct SystemError: Error, Hashable, Sendable {
    package let call: SystemCall
    /// One of the `E…` constants of errno(3).
    package let number: Int32

    package init(_ call: SystemCall, _ number: Int32) {
        self.call = call
        self.number = number
    }

    /// The call would block; the poller reports when to retry.
    package var isBlocked: Bool { number == EAGAIN || number == EWOULDBLOCK }

    /// The connection is being established; the poller reports when it is.
    package var isInProgress: Bool { number == EINPROGRESS }

    /// Returns the error of a call that timed out.
    package static func timedOut(_ call: SystemCall) -> SystemError {
        SystemError(call, ETIMEDOUT)
    }

    /// The process or the machine has no descriptors or memory left; an immediate retry would spin.
    package var isExhaustion: Bool {
        number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM
    }
}

extension SystemError {
    /// What has run out if that is descriptors, for the log.
    package var exhaustedResource: String? {
        switch number {
        case EMFILE: "the process has as many open files as its limit allows (ulimit -n, LimitNOFILE)"
        case ENFILE: "the system has as many open files as its limit allows (fs.file-max)"
        default: nil
        }
    }
}

extension SystemError: CustomStringConvertible {
    /// The call and the text of strerror(3), such as `bind: Address already in use`.
    package var description: String {
        guard let text = unsafe strerror(number) else { return "\(call.rawValue): error \(number)" }
        return unsafe "\(call.rawValue): \(String(cString: text))"
    }
}

/// The system calls of this module, as the fault table names them.
package enum SystemCall: String, Hashable, Sendable, CaseIterable {
    case accept4, bind, close, connect, epollControl, epollCreate, epollWait, eventfd, getsockname, listen
    case recv, send, setsockopt, shutdown, signalfd, socket, write, writev
}
