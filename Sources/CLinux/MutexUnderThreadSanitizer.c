/*
 * Lets ThreadSanitizer see Swift's Mutex when it is contended. Part of sanitized builds only.
 *
 * The fast path of Mutex is compiled into our code, where the sanitizer follows it. The slow path lies in the library,
 * which is not instrumented, so every lock taken after a wait looked like no lock at all. This definition of the slow
 * path binds before the library's, and waits for the same word with the same order of memory. It never leaves a mark of
 * waiters in the word, so that unlocking always takes the fast path.
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
