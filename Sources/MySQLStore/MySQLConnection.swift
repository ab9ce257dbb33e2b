import BlockingWork
import CMySQL
import StoreAddress

/// A logged-in connection. Used by one thread at a time; it may move to another thread.
@safe
struct MySQLConnection: ~Copyable, Sendable {
    /// The library's connection, as a number, because pointers are not `Sendable`.
    private let handleBits: UInt
    private var interrupter: Interrupter
    /// A duplicate of the socket's descriptor. The library may close its own, and the system may reuse that
    /// number; the interrupter must not shut down the wrong socket.
    private var socket: Int32 = -1

    /// Whether the client library is initialised. Initialisation must happen once, before another thread
    /// calls the library.
    static let isLibraryReady = megaphone_mysql_library_init() == 0

    /// Connects and logs in.
    static func open(
        _ address: MySQLAddress, limits: MySQLLimits, interrupter: Interrupter
    ) throws(MySQLError) -> MySQLConnection {
        guard isLibraryReady, let handle = unsafe megaphone_mysql_create() else {
            throw MySQLError(
                code: .CR_OUT_OF_MEMORY, message: "out of memory", stage: .login)
        }
        var connection = unsafe MySQLConnection(handle: handle, interrupter: interrupter)
        try connection.logIn(address, limits: limits)
        return connection
    }

    private init(handle: OpaquePointer, interrupter: Interrupter) {
        handleBits = UInt(bitPattern: handle)
        self.interrupter = interrupter
    }

    /// Frees what the client library keeps for the calling thread. The thread must not use a connection
    /// afterwards.
    static func endThread() { megaphone_mysql_thread_end() }

    /// Moves the connection to another thread, whose interrupter can shut it down from now on.
    mutating func move(to interrupter: Interrupter) {
        self.interrupter.clear()
        self.interrupter = interrupter
        interrupter.register { [socket] in megaphone_mysql_shut_down(socket) }
    }

    private var handle: OpaquePointer? { unsafe OpaquePointer(bitPattern: handleBits) }

    deinit {
        unsafe megaphone_mysql_close(handle)
        // After `clear()` no other thread uses the duplicate, so it can be closed.
        interrupter.clear()
        if socket >= 0 { megaphone_mysql_release(socket) }
    }

    private mutating func logIn(_ address: MySQLAddress, limits: MySQLLimits) throws(MySQLError) {
        unsafe megaphone_mysql_set_limits(handle, limits.connect, limits.readAndWrite)
        let encryption = address.encryption
        unsafe megaphone_mysql_set_tls(
            handle, encryption.mode.number, encryption.authority, encryption.certificate, encryption.key)
        let result = unsafe megaphone_mysql_connect(
            handle, address.host, UInt32(address.port), address.socket, address.user, address.password,
            address.database)
        guard result == 0 else { throw lastError(.login) }
        socket = unsafe megaphone_mysql_duplicate_socket(handle)
        guard socket >= 0 else {
            throw MySQLError(code: .CR_SOCKET_CREATE_ERROR, message: "no file descriptor left", stage: .login)
        }
        interrupter.register { [socket] in megaphone_mysql_shut_down(socket) }
    }

    /// The server's number of the session.
    var id: UInt { unsafe megaphone_mysql_connection_id(handle) }

    /// The server's version string.
    var serverVersion: String { unsafe String(cString: megaphone_mysql_server_version(handle)) }

    /// The cipher in use; nil without encryption.
    var cipher: String? { unsafe megaphone_mysql_cipher(handle).map { unsafe String(cString: $0) } }

    func ping() throws(MySQLError) {
        guard unsafe megaphone_mysql_ping(handle) == 0 else { throw lastError(.statement) }
    }

    /// Runs one statement and buffers its whole result, if it has one.
    func query(_ sql: String) throws(MySQLError) {
        guard unsafe megaphone_mysql_query(handle, sql, sql.utf8.count) == 0 else {
            throw lastError(.statement)
        }
    }

    /// Lets `query` run several statements, separated by semicolons, from now on. Costs a round trip.
    func allowSeveralStatements() throws(MySQLError) {
        guard unsafe megaphone_mysql_allow_several(handle) == 0 else { throw lastError(.statement) }
    }

    /// Takes the result of the next statement of the last query, or throws its error. Must be called for each
    /// statement after the first, until one fails.
    func nextResult() throws(MySQLError) {
        guard unsafe megaphone_mysql_next_result(handle) == 0 else { throw lastError(.statement) }
    }

    /// Runs one statement without a result and returns the number of affected rows, as `execute` does. Of
    /// several statements, the first one counts.
    func update(_ sql: String) throws(MySQLError) -> UInt64 {
        try query(sql)
        return unsafe megaphone_mysql_affected_rows(handle)
    }

    /// Advances to the next row of the last query's result. Returns false if there is none.
    func nextRow() -> Bool {
        unsafe megaphone_mysql_next_row(handle) != 0
    }

    /// Returns a value of the current row; nil for NULL. Invalid UTF-8 is replaced.
    func text(at column: UInt32) -> String? {
        var count = 0
        guard let bytes = unsafe megaphone_mysql_value(handle, column, &count) else { return nil }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// Returns a value of the current row; nil for NULL and for a value that is not an integer.
    func integer(at column: UInt32) -> Int? { text(at: column).flatMap { Int($0) } }

    /// Whether a value of the current row is NULL.
    func isNull(at column: UInt32) -> Bool {
        var count = 0
        return unsafe megaphone_mysql_value(handle, column, &count) == nil
    }

    /// Returns the bytes of a value of the current row; nil for NULL.
    func bytes(at column: UInt32) -> [UInt8]? {
        var count = 0
        guard let bytes = unsafe megaphone_mysql_value(handle, column, &count) else { return nil }
        return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Whether a value of the current row has the same bytes as this text.
    func holds(_ text: String, at column: UInt32) -> Bool {
        var count = 0
        guard let bytes = unsafe megaphone_mysql_value(handle, column, &count) else { return false }
        let value = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
        guard text.utf8.count == value.count else { return false }
        return unsafe text.utf8.span.withUnsafeBytes { unsafe $0.elementsEqual(value) }
    }

    /// Returns the first value of the first row; nil if there is no row or the value is not an integer.
    func integer(_ sql: String) throws(MySQLError) -> Int? {
        try query(sql)
        return nextRow() ? text(at: 0).flatMap { Int($0) } : nil
    }

    /// Prepares the statement that `execute` runs, in place of the last one.
    func prepare(_ sql: String, parameters: UInt32) throws(MySQLError) {
        guard unsafe megaphone_mysql_prepare(handle, sql, sql.utf8.count, parameters) == 0 else {
            throw lastError(.statement)
        }
    }

    /// Runs the prepared statement and returns the number of affected rows. For an upsert that is 1 for a new
    /// row, 2 for a changed row and 0 for an equal one.
    func execute(_ parameters: [String]) throws(MySQLError) -> UInt64 {
        for (index, parameter) in parameters.enumerated() {
            let result = unsafe parameter.utf8.span.withUnsafeBufferPointer { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                    unsafe megaphone_mysql_bind(
                        handle, UInt32(index), characters.baseAddress, characters.count)
                }
            }
            guard result == 0 else { throw lastError(.statement) }
        }
        guard unsafe megaphone_mysql_execute(handle) == 0 else { throw lastError(.statement) }
        return unsafe megaphone_mysql_affected_rows(handle)
    }

    private func lastError(_ stage: MySQLError.Stage) -> MySQLError {
        unsafe MySQLError(
            code: MySQLErrorCode(rawValue: megaphone_mysql_error_number(handle)),
            message: String(cString: megaphone_mysql_error_text(handle)), stage: stage)
    }
}

extension MySQLEncryption.Mode {
    fileprivate var number: Int32 {
        let mode =
            switch self {
            case .disabled: MEGAPHONE_MYSQL_TLS_DISABLED
            case .preferred: MEGAPHONE_MYSQL_TLS_PREFERRED
            case .required: MEGAPHONE_MYSQL_TLS_REQUIRED
            case .verifyAuthority: MEGAPHONE_MYSQL_TLS_VERIFY_CA
            case .verifyIdentity: MEGAPHONE_MYSQL_TLS_VERIFY_IDENTITY
            }
        return Int32(mode)
    }
}
