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

    /// Nothing can be done now; the poller tells when to try again.
    package var isBlocked: Bool { number == EAGAIN || number == EWOULDBLOCK }

    /// A connection is being made; the poller tells when it is there.
    package var isInProgress: Bool { number == EINPROGRESS }

    /// What a call that took too long is reported as.
    package static func timedOut(_ call: SystemCall) -> SystemError {
        SystemError(call, ETIMEDOUT)
    }

    /// The process or the machine has run out of descriptors or memory; trying again at once would spin.
    package var isExhaustion: Bool {
        number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM
    }
}

extension SystemError: CustomStringConvertible {
    /// The call and the kernel's words for the error, such as `bind: Address already in use`.
    package var description: String {
        guard let text = unsafe strerror(number) else { return "\(call.rawValue): error \(number)" }
        return unsafe "\(call.rawValue): \(String(cString: text))"
    }
}

/// The kinds of system calls this module makes, as the fault table names them.
package enum SystemCall: String, Hashable, Sendable, CaseIterable {
    case accept4, bind, close, connect, epollControl, epollCreate, epollWait, eventfd, getsockname, listen
    case recv, send, setsockopt, shutdown, signalfd, socket, write, writev
}
