import TOML

/// `; did you mean "port"?` when a setting's name is near enough to what was written, else nothing.
func suggestion(for key: String, prefix: String = "") -> String {
    // The distance costs the product of both lengths, and no setting's name comes near this.
    guard key.utf8.count <= 64 else { return "" }
    let near = SettingsTable.all.map { (key: $0.key, distance: editDistance($0.key, key)) }
        .min { $0.distance < $1.distance }
    guard let near, (0...max(2, near.key.utf8.count / 4)).contains(near.distance) else { return "" }
    return prefix.isEmpty
        ? "; did you mean \(quoted(near.key))?" : "; did you mean \(prefix)\(near.key.uppercased())?"
}

/// How many letters must be put in, taken out or exchanged to make one text of the other (Levenshtein).
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
