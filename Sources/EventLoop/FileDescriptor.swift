/// An open file descriptor with one owner. It is closed when its owner is destroyed; being noncopyable, it
/// cannot be closed twice.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number for it.
    package let rawValue: Int32
    private let system: SystemCalls

    /// Takes ownership of an open descriptor.
    package init(owning rawValue: Int32, system: SystemCalls) {
        self.rawValue = rawValue
        self.system = system
    }

    deinit {
        system.close(rawValue)
    }
}
