/*
 * The Linux calls that Swift's Glibc module does not import.
 *
 * The headers declare accept4 and pthread_setname_np only with _GNU_SOURCE, so they are declared here as in the manual
 * pages accept4(2) and pthread_setname_np(3).
 */
#ifndef MEGAPHONE_CLINUX_H
#define MEGAPHONE_CLINUX_H

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

int accept4(int descriptor, struct sockaddr *restrict address, socklen_t *restrict length, int flags);
int pthread_setname_np(pthread_t thread, const char *name);

/* Creates an event with a number as its data: Swift handles a number better than the union `epoll_data`. */
static inline struct epoll_event megaphone_epoll_event(unsigned int events, unsigned long long data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return event;
}

/* Returns the number of processors that the calling thread may run on, or 0 if sched_getaffinity(2) fails, as with more
 * processors than a cpu_set_t holds. In C, because CPU_COUNT is a macro. */
int megaphone_allowed_processors(void);

static inline unsigned long long megaphone_epoll_data(struct epoll_event event) {
    return event.data.u64;
}

#endif
