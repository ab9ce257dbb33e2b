/// An open descriptor with one owner: closing it twice does not compile, and one that is not closed is
/// closed when its owner goes.
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
