internal import Glibc

/// The program that was built together with the tests.
package enum BuiltProgram {
    /// The folder of all that was built, which the running test lies in itself.
    package static let folder: String = {
        let test = unsafe realpath("/proc/self/exe", nil)
        defer { unsafe free(test) }
        let path = unsafe test.map { unsafe String(cString: $0) } ?? ""
        return "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }()

    package static let path = "\(folder)/megaphone"
}
