internal import CFuzzer
internal import Glibc

/// Runs libFuzzer's loop with the arguments of the process, and never returns.
///
/// - Parameter check: A function that ends the process if an input violates an invariant. It captures
///   nothing, because C calls it.
package func fuzz(_ check: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) -> Never {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
    exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, check))
}

/// Returns a copy of the input of one run, which is valid only during the run.
package func bytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: data, count: count))
}
