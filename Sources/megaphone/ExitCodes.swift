import ArgumentParser

/// The exit codes for fatal errors, with the numbers of sysexits(3).
extension ExitCode {
    /// EX_DATAERR: standard input does not contain a valid token.
    static let wrongInput = ExitCode(65)
    /// EX_UNAVAILABLE: the database cannot be reached, denies access, or has a newer schema.
    static let databaseUnavailable = ExitCode(69)
    /// EX_OSERR: a system call failed, for example because the port is taken.
    static let systemRefuses = ExitCode(71)
    /// EX_CONFIG: the configuration is invalid.
    static let configuration = ExitCode(78)
}

/// Prints a line on standard error, and returns the exit code for the caller to throw.
func end(_ code: ExitCode, _ line: String) -> ExitCode {
    printError("megaphone: \(line)")
    return code
}
