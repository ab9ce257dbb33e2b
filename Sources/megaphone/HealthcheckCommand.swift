import ArgumentParser
import Bytes
import EventLoop
import Settings

/// `megaphone healthcheck`: requests the heartbeat, for a container without curl.
struct HealthcheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Exits with 0 if the heartbeat of the service returns status 200, otherwise with 1.",
        discussion: """
            Without --live, asks /__heartbeat__: ready, database included. With --live, asks \
            /__lbheartbeat__: the process serves, whatever the database does. A container must not be \
            restarted because the database is down. Exits with 64 if the arguments are invalid, with 78 if \
            the configuration is invalid.
            """)

    @Flag(help: "Ask /__lbheartbeat__, which does not depend on the database.")
    var live = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "URL of the heartbeat (default: the heartbeat at the configured address).", valueName: "url"))
    var url: String?

    @OptionGroup var options: SettingsOptions

    private var path: String { live ? "/__lbheartbeat__" : "/__heartbeat__" }

    func run() throws {
        let probe: HealthProbe
        if let url {
            guard let parsed = HealthProbe(url: url, path: path) else {
                throw ValidationError(
                    "--url expects http://ADDRESS[:PORT][/PATH] with a numeric address or localhost")
            }
            probe = parsed
        } else {
            let settings = try options.load().settings
            probe = HealthProbe(
                address: try settings.socketAddress().reachable,
                authority: settings.authority(port: settings.port), path: path)
        }
        let status: Int
        do {
            status = try probe.run()
        } catch {
            throw end(.failure, "heartbeat request failed: \(error)")
        }
        guard status == 200 else { throw end(.failure, "heartbeat returned status \(status)") }
        print("ok")
    }
}

extension SocketAddress {
    /// The address to connect to: the loopback address for a listener on all addresses, otherwise the address
    /// itself.
    fileprivate var reachable: SocketAddress {
        switch address {
        case .version4(0): .version4(0x7F00_0001, port: port)
        case .version6(0, 0): .version6(0, 1, port: port)
        default: self
        }
    }
}
