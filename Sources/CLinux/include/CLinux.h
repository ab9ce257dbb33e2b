/*
 * The Linux calls that Swift's Glibc module leaves out, and nothing else.
 *
 * accept4 and pthread_setname_np are hidden behind _GNU_SOURCE even then, so they are declared here as the manual
 * pages accept4(2) and pthread_setname_np(3) give them.
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

/* The members of the union `epoll_data` overlap; Swift sees them better as one number. */
static inline struct epoll_event megaphone_epoll_event(unsigned int events, unsigned long long data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return event;
}

/* The processors that the calling thread may run on, or 0 where the kernel knows more of them than fit in its set.
 * CPU_COUNT is a macro. */
int megaphone_allowed_processors(void);

static inline unsigned long long megaphone_epoll_data(struct epoll_event event) {
    return event.data.u64;
}

#endif
