internal import Glibc

/// The program that was built with the tests.
package enum BuiltProgram {
    /// The folder of the build products, which contains the executable of the tests.
    package static let folder: String = {
        let test = unsafe realpath("/proc/self/exe", nil)
        defer { unsafe free(test) }
        let path = unsafe test.map { unsafe String(cString: $0) } ?? ""
        return "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }()

    package static let path = "\(folder)/megaphone"
}
