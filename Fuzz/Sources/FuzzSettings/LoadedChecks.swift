import Access
import Broadcasts
import FuzzSupport
import Glibc
import StoreAddress

@testable import Settings

/// Checks that settings are within the ranges that config.example.toml and the help document.
func checkRanges(_ settings: Settings) {
    let numbers: [(Int, ClosedRange<Int>)] = [
        (settings.databasePoolMaximumSize, 1...1000), (Int(settings.statsdPort), 1...65_535),
        (settings.workers ?? 1, 1...1024), (settings.maximumConnections, 1...1_000_000),
        (settings.maximumHeaderBytes, 1024...1_048_576), (settings.maximumHeaders, 10...1000),
        (settings.maximumBodyBytes, 200...1_048_576), (settings.environment.utf8.count, 1...64),
        (settings.statsdLabel.utf8.count, 0...64), (settings.statsdHost?.utf8.count ?? 1, 1...255),
    ]
    for (number, range) in numbers { require(range.contains(number), "\(number) is in \(range)") }
    let durations: [(Duration, ClosedRange<Duration>)] = [
        (settings.reloadable.maximumStaleness, .zero ... .seconds(86_400)),
        (settings.reloadable.readDeadline, .milliseconds(1) ... .seconds(60)),
        (settings.reloadable.staleIfError, .zero ... .seconds(31_536_000)),
        (settings.writeDeadline, .milliseconds(1) ... .seconds(60)),
        (settings.keepAlive, .seconds(1) ... .seconds(3600)),
        (settings.headerTimeout, .milliseconds(100) ... .seconds(600)),
        (settings.bodyTimeout, .milliseconds(100) ... .seconds(600)),
        (settings.shutdownGrace, .zero ... .seconds(3600)),
    ]
    for (duration, range) in durations { require(range.contains(duration), "\(duration) is in \(range)") }
    require(
        isAddress(settings.address) || isName(settings.address),
        "inet_pton accepts the address \(settings.address), or it is a name")
    require(
        !settings.versionFile.isEmpty && !settings.versionFile.utf8.contains(0),
        "the path of the version file is valid")
    let realm = settings.environment.utf8
    require(
        realm.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }, "a realm needs no escape"
    )
    let (broadcasters, readers) = (settings.reloadable.broadcasterTokens, settings.reloadable.readerTokens)
    require(Set(broadcasters.keys).isDisjoint(with: readers.keys), "an ID is in one table only")
    require(
        broadcasters.merging(readers) { first, _ in first }.keys.allSatisfy { BroadcasterID($0) != nil },
        "IDs are valid")
    let digests = (Array(broadcasters.values) + Array(readers.values)).joined()
    require(
        digests.indices.allSatisfy { digests.firstIndex(of: digests[$0]) == $0 }, "a token is listed once")
}

/// Returns whether inet_pton accepts an address.
private func isAddress(_ text: String) -> Bool {
    var address = in6_addr()
    return unsafe inet_pton(text.contains(":") ? AF_INET6 : AF_INET, text, &address) == 1
}

/// Returns whether a text can be a host name, and inet_aton reads it as no address.
private func isName(_ text: String) -> Bool {
    var address = in_addr()
    let isNumber = unsafe inet_aton(text, &address) != 0
    return !isNumber
        && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
}

/// Checks that the output of `check-config` is a file with the same values, except for secrets.
func checkSummary(_ loaded: LoadedSettings) {
    let summary = loaded.summary
    require(summary.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0A }, "a summary is printable")
    let lines = summary.split(separator: "\n")
    require(lines.map(key) == SettingsTable.all.map { $0.key[...] }, "a summary has a line for each setting")
    for line in lines where key(line).hasSuffix("_auth") {
        require(!line.utf8.contains(secret.utf8), "no token is shown")
    }
    do throws(SettingsErrors) {
        let again = try Settings.load(file: ("summary", withTokens(summary)), environment: [:])
        checkDatabase(loaded.settings.database, again.settings.database)
        require(
            values(again.summary) == values(summary),
            "a summary loads with the same values:\n\(summary)\(again.summary)")
    } catch {
        require(false, "a summary loads: \(error)\n\(summary)")
    }
}

private func key(_ line: Substring) -> Substring { line.prefix { $0 != " " } }

/// Returns the summary with a different token in place of each masked one, because duplicates are rejected.
private func withTokens(_ summary: String) -> String {
    var count = 0
    let lines = summary.split(separator: "\n").map { line in
        guard key(line).hasSuffix("_auth") else { return String(line) }
        return line.split(separator: "***", omittingEmptySubsequences: false).map(String.init)
            .reduce { first, second in
                count += 1
                return "\(first)token \(count)\(second)"
            }
    }
    return lines.joined(separator: "\n")
}

/// Returns the lines of a summary without the origins of the values.
private func values(_ summary: String) -> [Substring] {
    summary.split(separator: "\n").map { line in
        let comment = line.utf8.lastIndex(of: UInt8(ascii: "#")) ?? line.endIndex
        return line[..<comment]
    }
}

private func checkDatabase(_ address: DatabaseAddress, _ shown: DatabaseAddress) {
    guard case .mysql(let address) = address, case .mysql(let shown) = shown else {
        return require(address == shown, "an address without a password is shown unchanged")
    }
    let masked = MySQLAddress(
        host: address.host, port: address.port, socket: address.socket, user: address.user,
        password: address.password.isEmpty ? "" : "***", database: address.database,
        encryption: address.encryption)
    require(shown == masked, "an address is shown unchanged except for its password")
}

extension Array {
    fileprivate func reduce(_ next: (Element, Element) -> Element) -> Element where Element == String {
        dropFirst().reduce(self[0], next)
    }
}
