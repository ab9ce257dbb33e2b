// The event streams of the listeners: opening, reading, and the time at which each received a version.

#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SECOND 1000000000LL
#define VERSION_FORMAT "v%08u"

// When the expected version was received, in ascending order, and how many streams the server has closed.
struct deliveries {
    int64_t *times;
    int count, closed;
};

extern struct deliveries deliveries;

// Returns the monotonic time in nanoseconds.
int64_t now(void);

// Writes a problem as a line of JSON and ends the program.
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

// Returns a connection with a timeout. INDEX selects the source address, so that ports do not run short.
int connect_to(int port, int index);

// Sends a request, reads the complete response, and returns its status, or -1.
int exchange(int connection, const char *request, int length);

// Opens streams, a bounded number of them at a time, and waits until each has received the expected version.
void open_streams(int port, const char *path, int count, int64_t deadline);

// Forgets the deliveries so far and sets the version to wait for. No stream may be in the middle of an event.
void expect_version(unsigned version);

// Reads events until each open stream has received the expected version.
void read_until_delivered(int64_t deadline);

// Resets all connections, so that none of them occupies its port afterwards.
void close_streams(void);
