internal import CFuzzer
internal import Glibc

/// Runs libFuzzer's loop with the arguments of the process, and never returns.
///
/// - Parameter check: A function that ends the process when it is given an input it cannot accept. It
///   captures nothing, because C calls it.
package func fuzz(_ check: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) -> Never {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
    exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, check))
}

/// The bytes that libFuzzer lends for one run.
package func bytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: data, count: count))
}
