internal import CLinux
internal import Glibc

/// How many threads of this process can run at once: the processors that its affinity allows, or all that are
/// online where the kernel does not tell. A quota on CPU time is not looked at.
package func allowedProcessors() -> Int {
    let allowed = Int(megaphone_allowed_processors())
    return allowed > 0 ? allowed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
