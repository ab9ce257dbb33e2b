internal import Glibc

/// An open descriptor with one owner: closing twice does not compile, and forgetting to close closes.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by.
    package let rawValue: Int32

    package init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        // Linux releases the number even when close reports EINTR or EIO (close(2)), so there is nothing to
        // retry.
        _ = Glibc.close(rawValue)
    }
}
