/*
 * Lets ThreadSanitizer see Swift's Mutex under contention. Compiled into sanitized builds only.
 *
 * The fast path of Mutex is compiled into this program, where the sanitizer sees it. The slow path is in the library,
 * which is not instrumented, so the sanitizer would miss every lock acquired after a wait. This definition of the slow
 * path binds before the library's, and acquires the same word with the same memory order. It never sets the bit for
 * waiters in the word, so unlocking always takes the fast path.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

__attribute__((swiftcall, visibility("hidden"))) void megaphone_mutex_lock_slow(
    uint32_t thread, __attribute__((swift_context)) _Atomic(uint32_t) *word)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void megaphone_mutex_lock_slow(
    uint32_t thread, __attribute__((swift_context)) _Atomic(uint32_t) *word) {
    uint32_t unlocked = 0;
    while (!atomic_compare_exchange_weak_explicit(
        word, &unlocked, thread, memory_order_acquire, memory_order_relaxed)) {
        unlocked = 0;
        sched_yield();
    }
}

#endif
#endif
