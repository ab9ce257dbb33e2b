import Glibc

/// Memory directly before an inaccessible page: reading one byte past its end ends the process.
@safe final class GuardedBytes {
    private let start: UnsafeMutableRawPointer
    private let capacity: Int
    private let pageSize = sysconf(Int32(_SC_PAGESIZE))

    /// Allocates at least `capacity` bytes.
    init(capacity: Int) throws {
        self.capacity = (capacity + pageSize - 1) / pageSize * pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard
            let start = unsafe mmap(nil, self.capacity + pageSize, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe start != MAP_FAILED, unsafe mprotect(start + self.capacity, pageSize, PROT_NONE) == 0
        else { throw CorpusError("no guarded memory") }
        unsafe self.start = start
    }

    deinit {
        unsafe munmap(start, capacity + pageSize)
    }

    /// Copies the bytes directly before the guard page and passes them to `look`.
    func with<Result>(_ bytes: some Collection<UInt8>, _ look: (Span<UInt8>) throws -> Result) rethrows
        -> Result
    {
        precondition(bytes.count <= capacity)
        let place = unsafe UnsafeMutableBufferPointer(
            start: (start + capacity - bytes.count).assumingMemoryBound(to: UInt8.self), count: bytes.count)
        _ = unsafe place.initialize(from: bytes)
        return try look(unsafe Span(_unsafeElements: UnsafeBufferPointer(place)))
    }
}
