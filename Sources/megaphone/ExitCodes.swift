import ArgumentParser

/// How the program ends when it cannot go on, with the numbers of sysexits(3).
extension ExitCode {
    /// EX_DATAERR: what came by standard input is not what was asked for.
    static let wrongInput = ExitCode(65)
    /// EX_UNAVAILABLE: the database cannot be reached, refuses, or is newer than this program.
    static let databaseUnavailable = ExitCode(69)
    /// EX_OSERR: the system refuses, for one because the port is taken.
    static let systemRefuses = ExitCode(71)
    /// EX_CONFIG: the configuration is wrong.
    static let configuration = ExitCode(78)
}

/// Prints a line on standard error and ends with a code.
func end(_ code: ExitCode, _ line: String) -> ExitCode {
    printError("megaphone: \(line)")
    return code
}
