// The floor of a fan-out: a server that sends each published event to all listeners, one send() each, and does
// nothing else. One thread, one epoll. It checks nothing, and expects each request in one segment, as on loopback.
//
//   floor PORT PUBLISH-PORT
//
// PORT responds to every request with the head of an event stream and the latest event. PUBLISH-PORT sends the body of
// a request to all streams as an event, then responds. Both listen on 127.0.0.1.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS 65536
#define BATCH 256
#define BODY_BYTES 4096

// As long as Megaphone's fields and event ID.
#define HEAD                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"                                \
    "Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\n"                    \
    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nd\r\nretry: 3417\n\n\r\n"
#define ID "9f2c61d0e07a4b825dc1f99f2c61d0e07a4b825dc1f99f2c61d0e07a4b825dc1"
#define PUBLISHED "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

enum kind { CLOSED, NEW, STREAM, PUBLISHER };

static unsigned char kinds[DESCRIPTORS];
static int streams[DESCRIPTORS];    // Descriptors in the order in which their streams began.
static int positions[DESCRIPTORS];  // The position of a descriptor in `streams`.
static int stream_count;
static char event[BODY_BYTES + 256];
static int event_length;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int listen_on(int epoll, int port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = descriptor};
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 || listen(descriptor, 4096) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &interest) != 0)
        fail("listen");
    return descriptor;
}

static void accept_all(int epoll, int listener, enum kind kind) {
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = descriptor};
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (descriptor >= DESCRIPTORS || epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &interest) != 0) {
            close(descriptor);
            continue;
        }
        kinds[descriptor] = kind;
    }
}

static void close_connection(int descriptor) {
    if (kinds[descriptor] == STREAM) {
        int last = streams[--stream_count];
        streams[positions[descriptor]] = last;
        positions[last] = positions[descriptor];
    }
    kinds[descriptor] = CLOSED;
    close(descriptor);
}

static void begin_stream(int descriptor) {
    char first[sizeof HEAD + sizeof event];
    memcpy(first, HEAD, sizeof HEAD - 1);
    memcpy(first + sizeof HEAD - 1, event, event_length);
    send(descriptor, first, sizeof HEAD - 1 + event_length, MSG_NOSIGNAL);
    kinds[descriptor] = STREAM;
    positions[descriptor] = stream_count;
    streams[stream_count++] = descriptor;
}

static void publish(int descriptor, const char *request) {
    const char *body = strstr(request, "\r\n\r\n");
    if (!body) return;
    char text[sizeof event];
    int length = snprintf(text, sizeof text, "id: " ID "\ndata: %.*s\n\n", BODY_BYTES, body + 4);
    event_length = snprintf(event, sizeof event, "%x\r\n%s\r\n", length, text);
    for (int i = 0; i < stream_count; i++)
        // A stream whose buffer is full misses the event, which its listener then reports as not delivered.
        send(streams[i], event, event_length, MSG_NOSIGNAL);
    send(descriptor, PUBLISHED, sizeof PUBLISHED - 1, MSG_NOSIGNAL);
}

static void serve(int descriptor) {
    char request[BODY_BYTES];
    ssize_t length = recv(descriptor, request, sizeof request - 1, 0);
    if (length <= 0) {
        close_connection(descriptor);
        return;
    }
    request[length] = 0;
    if (kinds[descriptor] == NEW) begin_stream(descriptor);
    else if (kinds[descriptor] == PUBLISHER) publish(descriptor, request);
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: floor PORT PUBLISH-PORT\n");
        return 64;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(epoll, atoi(arguments[1]));
    int publishers = listen_on(epoll, atoi(arguments[2]));
    for (;;) {
        struct epoll_event ready[BATCH];
        int found = epoll_wait(epoll, ready, BATCH, -1);
        for (int i = 0; i < found; i++) {
            int descriptor = ready[i].data.fd;
            if (descriptor == listener) accept_all(epoll, listener, NEW);
            else if (descriptor == publishers) accept_all(epoll, publishers, PUBLISHER);
            else if (kinds[descriptor] != CLOSED) serve(descriptor);
        }
    }
}
