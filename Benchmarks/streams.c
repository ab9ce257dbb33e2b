// The event streams of the listeners: opening, reading, and the time at which each received a version.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listeners.h"

#define OPENING_MAX 128           // Streams that wait for their first event at a time.
#define STREAMS_PER_ADDRESS 4000  // The kernel has about 28,000 ports for each source address.
#define TIMEOUT_SECONDS 10
#define HEAD_BYTES 2048
#define BATCH 256

// What the next byte of a stream belongs to. Without chunks, all bytes after the head are content.
enum phase { HEAD, CONTENT, CHUNK_SIZE, CHUNK_END };

struct stream {
    int connection;
    uint8_t phase, matched;
    bool chunked, received;
    uint32_t chunk_left;
    char *head;
    int head_length;
};

struct deliveries deliveries;
static struct stream *streams;
static int stream_count, poller;
static int waiting;  // Open streams that have not received the expected version.
// The end of an event with the expected version. Only its first byte is a 'v', so a mismatch never hides a match.
static char ending[32];
static int ending_length;

int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

void fail(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *byte = text; *byte; byte++)
        if (iscntrl((unsigned char)*byte) || *byte == '"' || *byte == '\\') *byte = ' ';
    printf("{\"problem\":\"%s\"}\n", text);
    fflush(stdout);
    _exit(1);
}

int connect_to(int port, int index) {
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    struct linger reset = {.l_onoff = 1};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(connection, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / STREAMS_PER_ADDRESS);
    bool bound = bind(connection, (struct sockaddr *)&address, sizeof address) == 0;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (!bound || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connection %d failed: %m", index + 1);
    return connection;
}

int exchange(int connection, const char *request, int length) {
    char response[65536];
    size_t received = 0;
    if (send(connection, request, length, MSG_NOSIGNAL) != length) return -1;
    for (;;) {
        ssize_t more = recv(connection, response + received, sizeof response - 1 - received, 0);
        if (more <= 0) return -1;
        response[received += more] = 0;
        const char *head_end = strstr(response, "\r\n\r\n");
        if (!head_end) continue;
        const char *field = strcasestr(response, "\r\nContent-Length:");
        size_t body = field && field < head_end ? strtoul(field + 17, NULL, 10) : 0;
        if (received >= head_end + 4 - response + body) return atoi(response + 9);
    }
}

void expect_version(unsigned version) {
    ending_length = snprintf(ending, sizeof ending, VERSION_FORMAT "\"}}\n\n", version);
    deliveries.count = 0;
    waiting = 0;
    for (int i = 0; i < stream_count; i++) {
        streams[i].received = false;
        waiting += streams[i].connection >= 0;
    }
}

// Takes bytes of the head and returns how many of them belong to it.
static int take_head(struct stream *stream, const char *bytes, int count) {
    if (!stream->head && !(stream->head = malloc(HEAD_BYTES + 1))) fail("out of memory");
    int used = 0;
    while (used < count && stream->phase == HEAD) {
        if (stream->head_length == HEAD_BYTES) fail("a response has a head of more than %d bytes", HEAD_BYTES);
        stream->head[stream->head_length++] = bytes[used++];
        stream->head[stream->head_length] = 0;
        const char *head = stream->head;
        if (stream->head_length < 4 || strcmp(head + stream->head_length - 4, "\r\n\r\n") != 0) continue;
        if (strncmp(head, "HTTP/1.1 200 ", 13) != 0 || !strcasestr(head, ": text/event-stream"))
            fail("no event stream: %.*s", (int)strcspn(head, "\r"), head);
        stream->chunked = strcasestr(head, "\r\nTransfer-Encoding: chunked") != NULL;
        stream->phase = stream->chunked ? CHUNK_SIZE : CONTENT;
        free(stream->head);
    }
    return used;
}

static void take_content(struct stream *stream, char byte) {
    if (byte == ending[stream->matched]) stream->matched++;
    else stream->matched = byte == ending[0];
    if (stream->matched < ending_length) return;
    stream->matched = 0;
    if (stream->received) return;
    stream->received = true;
    waiting--;
    deliveries.times[deliveries.count++] = now();
}

static uint32_t hexadecimal(char digit) {
    return isdigit((unsigned char)digit) ? digit - '0' : (digit | 32) - 'a' + 10;
}

static void take(struct stream *stream, const char *bytes, int count) {
    int i = stream->phase == HEAD ? take_head(stream, bytes, count) : 0;
    for (; i < count; i++) {
        char byte = bytes[i];
        switch ((enum phase)stream->phase) {
            case HEAD: break;
            case CONTENT:
                take_content(stream, byte);
                if (stream->chunked && --stream->chunk_left == 0) stream->phase = CHUNK_END;
                break;
            case CHUNK_SIZE:
                if (isxdigit((unsigned char)byte)) stream->chunk_left = stream->chunk_left * 16 + hexadecimal(byte);
                else if (byte == '\n') stream->phase = stream->chunk_left ? CONTENT : CHUNK_END;
                break;
            case CHUNK_END:
                if (byte == '\n') stream->phase = CHUNK_SIZE;
                break;
        }
    }
}

static void close_stream(struct stream *stream) {
    close(stream->connection);
    stream->connection = -1;
    deliveries.closed++;
    if (!stream->received) waiting--;
}

// Waits for events, and reads each stream that has some once.
static void read_ready(int64_t deadline) {
    static char bytes[65536];
    struct epoll_event ready[BATCH];
    int64_t left = (deadline - now()) / 1000000;
    int found = left > 0 ? epoll_wait(poller, ready, BATCH, left < 1000 ? left : 1000) : 0;
    for (int i = 0; i < found; i++) {
        struct stream *stream = ready[i].data.ptr;
        ssize_t count = recv(stream->connection, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count > 0) take(stream, bytes, (int)count);
        else if (count == 0 || (errno != EAGAIN && errno != EINTR)) close_stream(stream);
    }
}

void read_until_delivered(int64_t deadline) {
    while (waiting > 0 && now() < deadline) read_ready(deadline);
}

void open_streams(int port, const char *path, int count, int64_t deadline) {
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n", path);
    poller = epoll_create1(EPOLL_CLOEXEC);
    streams = calloc(count, sizeof *streams);
    deliveries.times = calloc(count, sizeof *deliveries.times);
    if (poller < 0 || !streams || !deliveries.times) fail("out of memory");
    while (stream_count < count && now() < deadline) {
        struct stream *stream = &streams[stream_count];
        struct epoll_event interest = {.events = EPOLLIN, .data.ptr = stream};
        stream->connection = connect_to(port, stream_count);
        stream_count++;
        waiting++;
        if (send(stream->connection, request, length, MSG_NOSIGNAL) != length ||
            epoll_ctl(poller, EPOLL_CTL_ADD, stream->connection, &interest) != 0)
            fail("stream %d failed: %m", stream_count);
        while (waiting >= OPENING_MAX && now() < deadline) read_ready(deadline);
    }
    read_until_delivered(deadline);
    if (deliveries.count < count)
        fail("%d of %d streams received their first event, %d were closed", deliveries.count, count,
             deliveries.closed);
}

void close_streams(void) {
    for (int i = 0; i < stream_count; i++)
        if (streams[i].connection >= 0) close(streams[i].connection);
}
