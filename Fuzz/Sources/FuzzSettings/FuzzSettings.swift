import FuzzSupport
import TOML

@testable import Settings

/// Loads the input as a file, as environment variables and as options. Each must load, with every value in
/// its range and no secret in the output, or fail with messages that begin with the location.
func checkSettings(_ data: [UInt8]) {
    var input = FuzzInput(data)
    let choice = Int(input.byte())
    let bytes = input.remainder()
    // A file that is not valid UTF-8 is rejected before it is parsed.
    if let text = String(validating: bytes, as: UTF8.self) {
        check(file: text)
    }
    // Variables and options cannot contain NUL. Invalid UTF-8 in them is repaired.
    if !bytes.contains(0) {
        check(shellText: String(decoding: bytes, as: UTF8.self), choice)
    }
}

/// Represents a token or a password. Messages quote names that contain it.
let secret = "s3cret!"

private let path = "fuzz.toml"

private func check(file text: String) {
    check(origins: ["\(path):"]) { () throws(SettingsErrors) in
        try Settings.load(file: (path, text), environment: [:])
    }
}

/// Uses the text as the value of one key. If it contains `=`, it is also used as a name and a value.
private func check(shellText text: String, _ choice: Int) {
    let key = SettingsTable.all[choice % SettingsTable.all.count].key
    let prefix = choice < 128 ? "MEGAPHONE_" : "ROCKET_"
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)

    var environment = [prefix + key.uppercased(): text]
    if parts.count == 2 { environment[prefix + parts[0]] = String(parts[1]) }
    check(origins: environment.keys.map(shown)) { () throws(SettingsErrors) in
        try Settings.load(file: nil, environment: environment, valueFile: { path in path })
    }

    var options = [key: text]
    if parts.count == 2 { options[String(parts[0])] = String(parts[1]) }
    check(origins: options.keys.map { shown("--" + $0.replacingUnderscores) }) { () throws(SettingsErrors) in
        try Settings.load(file: nil, environment: [:], commandLine: options)
    }
}

/// Returns a name as it is shown in messages.
private func shown(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
    return isPlain ? name : quoted(name)
}

private func check(origins: [String], _ load: () throws(SettingsErrors) -> LoadedSettings) {
    do throws(SettingsErrors) {
        let loaded = try load()
        for note in loaded.notes + loaded.warnings { checkShown(note) }
        checkRanges(loaded.settings)
        checkSummary(loaded)
    } catch {
        require(!error.problems.isEmpty, "a failed load reports a problem")
        for problem in error.problems {
            checkShown(problem)
            let begins = origins + ["broadcaster_auth ", "reader_auth ", "reader_scopes "]
            require(
                begins.contains(where: problem.hasPrefix),
                "a problem begins with its location: \(problem)")
        }
    }
}

/// Checks a line that is written to a terminal or a log.
private func checkShown(_ line: String) {
    require(line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "lines are printable: \(quoted(line))")
    // Names are shown, whatever they are. Values are not shown.
    let showsName =
        line.contains("unknown setting") || line.contains("set by the container platform")
        || line.contains(": duplicate key ") || line.contains("hold_back expects ")
        || line.contains("reader_scopes expects ")
    require(showsName || !line.utf8.contains(secret.utf8), "no secret is shown: \(line)")
}

extension String {
    fileprivate var replacingUnderscores: String { String(map { $0 == "_" ? "-" : $0 }) }
}
