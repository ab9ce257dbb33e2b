import Access
import ArgumentParser

/// `megaphone hash-token`: prints the digest of a token, for a configuration that others can read.
struct HashTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-token",
        abstract: "Reads a token from standard input and prints its digest for the configuration.",
        discussion: "For example: printf %s \"$TOKEN\" | megaphone hash-token")

    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []

    /// An argument is probably a token, so it is not printed.
    func validate() throws {
        guard rest.isEmpty else {
            throw ValidationError("Unexpected argument; the token is read from standard input")
        }
    }

    func run() throws {
        if isTerminalInput { printError("Enter the token:") }
        guard let token = readLine(strippingNewline: true), !token.isEmpty else {
            throw end(.wrongInput, "no token on standard input")
        }
        // On a terminal, the next line would be waited for.
        while !isTerminalInput, let line = readLine() {
            guard line.isEmpty else {
                throw end(.wrongInput, "more than one line on standard input; expected one token")
            }
        }
        guard TokenDigest.isToken(token) else {
            throw end(.wrongInput, "the token must be printable ASCII without leading or trailing spaces")
        }
        print(TokenDigest(token: token).configured)
    }
}
