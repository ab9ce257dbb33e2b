import Glibc
import TestSupport

/// The files of this repository, located relative to this file.
enum SourceTree {
    struct File: Sendable {
        /// The path relative to the root of the repository, such as `Sources/API/Route.swift`.
        let path: String
        let lines: [String]

        /// The module: the folder below `Sources`.
        var module: String { String(path.split(separator: "/")[1]) }
    }

    static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// Returns the files below a folder whose names end in one of the suffixes. Each folder is sorted by
    /// name.
    static func files(below folder: String, endingIn suffixes: [String] = [".swift"]) throws -> [File] {
        var found: [File] = []
        for name in try names(in: "\(root)/\(folder)") {
            let path = "\(folder)/\(name)"
            if suffixes.contains(where: name.hasSuffix) {
                found.append(
                    File(
                        path: path,
                        lines: try text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
                            .map(String.init)))
            } else if isDirectory("\(root)/\(path)") {
                found += try files(below: path, endingIn: suffixes)
            }
        }
        return found
    }

    static func text(of path: String) throws -> String {
        try TestSupport.text(ofFile: "\(root)/\(path)")
    }

    private static func names(in directory: String) throws -> [String] {
        guard let stream = unsafe opendir(directory) else { throw Unreadable(path: directory) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    struct Unreadable: Error {
        let path: String
    }
}
