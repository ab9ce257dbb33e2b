/*
 * Lets ThreadSanitizer see what a continuation hands over when it is resumed before it is awaited. Part of sanitized
 * builds only.
 *
 * The runtime, which is not instrumented, tells the sanitizer about every job that it enqueues. But where the value is
 * there already, nothing is enqueued: the awaiting thread goes on, and every use of the value looked like a race with
 * whoever had made it. These definitions bind before the library's, say what happens before what, and call them.
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
