internal import CLinux
internal import Glibc

/// Returns the number of processors that the calling thread's affinity allows, or that are online if the
/// affinity cannot be read. CPU quotas are not considered.
package func allowedProcessors() -> Int {
    let allowed = Int(megaphone_allowed_processors())
    return allowed > 0 ? allowed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
