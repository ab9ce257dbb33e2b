import ArgumentParser
import EventLoop
import Settings

/// `megaphone healthcheck`: the heartbeat from inside a container that has no curl.
struct HealthcheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Exits with 0 when the service answers its heartbeat with 200, with 1 otherwise.")

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The heartbeat to ask; by default that of the configured address.", valueName: "url"))
    var url: String?

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let probe: HealthProbe
        if let url {
            guard let parsed = HealthProbe(url: url) else {
                throw ValidationError(
                    "--url takes http://ADDRESS[:PORT][/PATH] with a numeric address or localhost")
            }
            probe = parsed
        } else {
            let settings = try options.load().settings
            guard let address = SocketAddress(settings.address, port: settings.port) else {
                throw end(.configuration, "address \(settings.address) is not numeric")
            }
            probe = HealthProbe(address: address.reachable)
        }
        switch probe.run() {
        case .success(200): print("ok")
        case .success(let status): throw end(.failure, "the heartbeat says \(status)")
        case .failure(let error): throw end(.failure, "no heartbeat: \(error)")
        }
    }
}

extension SocketAddress {
    /// The address to reach a listener by: itself, or the loopback for one that listens everywhere.
    fileprivate var reachable: SocketAddress {
        switch self {
        case .version4(0, let port): .version4(0x7F00_0001, port: port)
        case .version6(0, 0, let port): .version6(0, 1, port: port)
        default: self
        }
    }
}
