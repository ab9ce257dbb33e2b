/*
 * Lets ThreadSanitizer see the value of a continuation that is resumed before it is awaited. Compiled into sanitized
 * builds only.
 *
 * The Swift runtime is not instrumented. It reports every job that it enqueues to the sanitizer, but a continuation
 * that has been resumed before the await enqueues none: the awaiting thread continues, and the sanitizer would report
 * its use of the value as a race with the resuming thread. These definitions bind before the library's, report the
 * release and the acquire, and call the library's.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);
__attribute__((swiftcall)) void *swift_task_getCurrent(void);

typedef __attribute__((swiftcall)) void (*resume_function)(void *task);
typedef __attribute__((swiftasynccall)) void (*await_function)(void *context);

__attribute__((swiftcall)) void swift_continuation_resume(void *task) {
    resume_function resume = (resume_function)dlsym(RTLD_NEXT, "swift_continuation_resume");
    __tsan_release(task);
    resume(task);
}

__attribute__((swiftasynccall)) void swift_continuation_await(void *context) {
    await_function await = (await_function)dlsym(RTLD_NEXT, "swift_continuation_await");
    __tsan_acquire(swift_task_getCurrent());
    __attribute__((musttail)) return await(context);
}

#endif
#endif
