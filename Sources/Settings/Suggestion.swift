import TOML

/// Returns `; did you mean "port"?` if the name of a setting is similar to `key`, otherwise an empty string.
func suggestion(for key: String, prefix: String = "") -> String {
    // The time for the distance is the product of both lengths, and no setting has a name of this length.
    guard key.utf8.count <= 64 else { return "" }
    let near = SettingsTable.all.map { (key: $0.key, distance: editDistance($0.key, key)) }
        .min { $0.distance < $1.distance }
    guard let near, (0...max(2, near.key.utf8.count / 4)).contains(near.distance) else { return "" }
    return prefix.isEmpty
        ? "; did you mean \(quoted(near.key))?" : "; did you mean \(prefix)\(near.key.uppercased())?"
}

/// Returns the Levenshtein distance of two texts in bytes.
func editDistance(_ first: String, _ second: String) -> Int {
    let second = Array(second.utf8)
    var previous = Array(0...second.count)
    for (row, letter) in first.utf8.enumerated() {
        var current = [row + 1]
        for (column, other) in second.enumerated() {
            current.append(
                min(
                    previous[column] + (letter == other ? 0 : 1), previous[column + 1] + 1,
                    current[column] + 1))
        }
        previous = current
    }
    return previous[second.count]
}
