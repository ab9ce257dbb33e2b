import ArgumentParser
import Broadcasts

/// `megaphone hash-token`: from a token to what may stand in a configuration that others can read.
struct HashTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-token",
        abstract: "Reads a token from standard input and prints its sha256: form for the configuration.",
        discussion: "For example: printf %s \"$TOKEN\" | megaphone hash-token")

    func run() throws {
        if isTerminalInput { printError("Type the token and press Enter:") }
        guard let token = readLine(strippingNewline: true), !token.isEmpty else {
            throw end(ExitCode(65), "no token on standard input")
        }
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw end(ExitCode(65), "a token is made of visible ASCII characters, without spaces")
        }
        print(TokenDigest(token: token).configured)
    }
}
