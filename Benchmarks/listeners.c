// Follows one URL on many connections and measures when each of them receives a published change.
//
// One thread reads all event streams. Publishing and the GETs meanwhile have a thread each, so that their times do
// not include the reading of events. `listeners --help` describes options, commands and output.

#define _GNU_SOURCE
#include "listeners.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAUSE_MICROSECONDS 150000
#define CHANGE_SECONDS 10
#define GETS_MAX 1000000

static const char usage[] =
    "usage: listeners --port=N --publish-port=N [options]\n"
    "\n"
    "Opens event streams on 127.0.0.1 and waits until each has received the version v00000000. Then it writes\n"
    "{\"ready\":…} and reads commands from standard input until its end:\n"
    "\n"
    "  publish N      publishes N changes, one after the other, and writes a line of JSON for each\n"
    "  publish N get  the same; sends GETs on one more connection until each change is delivered\n"
    "\n"
    "A line {\"done\":…} ends the output of a command. Times are in milliseconds since the change was sent.\n"
    "An error is written as {\"problem\":…} and ends the program.\n"
    "\n"
    "  --port=N            port of the streams\n"
    "  --path=PATH         path of the streams (default: /)\n"
    "  --count=N           number of streams (default: 1000)\n"
    "  --publish-port=N    port to which changes are sent\n"
    "  --publish-path=PATH path of the PUT that changes are sent with (default: /)\n"
    "  --body=TEXT         body of that PUT, in which @ stands for the version (default: @)\n"
    "  --token=TOKEN       bearer token of that PUT\n"
    "  --get=PATH          path of the GETs\n"
    "  --seconds=N         time after which the program ends itself (default: 60)\n";

static struct {
    int port, publish_port, count, seconds;
    const char *path, *publish_path, *body, *token, *get;
} options = {.count = 1000, .seconds = 60, .path = "/", .publish_path = "/", .body = "@"};

// A request that is sent on its own connection while events arrive.
struct publication {
    int connection, length, status;
    char request[8192];
    int64_t sent, responded;
};

static struct publication publication;
static int get_connection;
static atomic_bool change_delivered;
static int64_t get_times[GETS_MAX];
static int get_count;
static bool get_failed;

static void *publish(void *unused) {
    publication.sent = now();
    publication.status = exchange(publication.connection, publication.request, publication.length);
    publication.responded = now();
    return unused;
}

static void *get_until_delivered(void *unused) {
    char request[1024];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", options.get);
    while (!atomic_load(&change_delivered) && get_count < GETS_MAX && !get_failed) {
        int64_t began = now();
        get_failed = exchange(get_connection, request, length) != 200;
        get_times[get_count++] = now() - began;
    }
    return unused;
}

static void prepare_publication(unsigned version) {
    char body[2048] = "", text[16], field[512] = "";
    snprintf(text, sizeof text, VERSION_FORMAT, version);
    const char *place = strchr(options.body, '@');
    if (!place) fail("--body has no @");
    snprintf(body, sizeof body, "%.*s%s%s", (int)(place - options.body), options.body, text, place + 1);
    if (options.token) snprintf(field, sizeof field, "Authorization: Bearer %s\r\n", options.token);
    publication.length = snprintf(
        publication.request, sizeof publication.request,
        "PUT %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: %zu\r\n\r\n%s", options.publish_path, field,
        strlen(body), body);
}

static double milliseconds(int64_t nanoseconds) { return nanoseconds / 1e6; }

// Returns the smallest of COUNT sorted values that PART of them do not exceed.
static int64_t percentile(const int64_t *values, int count, double part) {
    int rank = (int)(part * count + 0.999999);
    return count == 0 ? 0 : values[rank < 1 ? 0 : rank > count ? count - 1 : rank - 1];
}

static void report_change(const struct deliveries *deliveries) {
    int before = 0;
    while (before < deliveries->count && deliveries->times[before] < publication.responded) before++;
    const int64_t *times = deliveries->times;
    int count = deliveries->count;
    int64_t sent = count ? publication.sent : 0;
    printf("{\"delivered\":%d,\"closed\":%d,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f,\"response\":%.3f,"
           "\"delivered_before_response\":%d}\n",
           count, deliveries->closed, milliseconds(percentile(times, count, 0.5) - sent),
           milliseconds(percentile(times, count, 0.99) - sent),
           milliseconds(percentile(times, count, 1) - sent),
           milliseconds(publication.responded - publication.sent), before);
}

static void change(unsigned version, bool gets) {
    pthread_t publisher, getter;
    prepare_publication(version);
    expect_version(version);
    atomic_store(&change_delivered, false);
    if (gets && pthread_create(&getter, NULL, get_until_delivered, NULL) != 0) fail("no thread");
    if (pthread_create(&publisher, NULL, publish, NULL) != 0) fail("no thread");
    read_until_delivered(now() + CHANGE_SECONDS * SECOND);
    atomic_store(&change_delivered, true);
    pthread_join(publisher, NULL);
    if (gets) pthread_join(getter, NULL);
    if (publication.status < 200 || publication.status > 299) fail("PUT got status %d", publication.status);
    if (get_failed) fail("a GET during the fan-out failed");
    report_change(&deliveries);
}

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void run_commands(void) {
    unsigned version = 0;
    char line[64], word[8] = "";
    int changes;
    while (fgets(line, sizeof line, stdin)) {
        word[0] = 0;
        if (sscanf(line, "publish %d %7s", &changes, word) < 1) fail("unknown command %s", line);
        bool gets = strcmp(word, "get") == 0;
        if (gets && !options.get) fail("--get is missing");
        get_count = 0;
        // New connections, because a server may close those that sent no request for a while.
        publication.connection = connect_to(options.publish_port, 0);
        if (gets) get_connection = connect_to(options.port, 0);
        for (int i = 0; i < changes; i++) {
            usleep(PAUSE_MICROSECONDS);
            change(++version, gets);
        }
        close(publication.connection);
        if (gets) close(get_connection);
        qsort(get_times, get_count, sizeof get_times[0], ascending);
        printf("{\"done\":true,\"gets\":%d,\"get_p50\":%.3f,\"get_p99\":%.3f,\"get_max\":%.3f}\n", get_count,
               milliseconds(percentile(get_times, get_count, 0.5)),
               milliseconds(percentile(get_times, get_count, 0.99)),
               milliseconds(percentile(get_times, get_count, 1)));
        fflush(stdout);
    }
}

static void read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"port", 1, NULL, 'p'},  {"publish-port", 1, NULL, 'q'}, {"publish-path", 1, NULL, 'r'},
        {"path", 1, NULL, 'a'},  {"count", 1, NULL, 'n'},        {"body", 1, NULL, 'b'},
        {"token", 1, NULL, 't'}, {"get", 1, NULL, 'g'},          {"seconds", 1, NULL, 's'},
        {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        switch (option) {
            case 'p': options.port = atoi(optarg); break;
            case 'q': options.publish_port = atoi(optarg); break;
            case 'r': options.publish_path = optarg; break;
            case 'a': options.path = optarg; break;
            case 'n': options.count = atoi(optarg); break;
            case 'b': options.body = optarg; break;
            case 't': options.token = optarg; break;
            case 'g': options.get = optarg; break;
            case 's': options.seconds = atoi(optarg); break;
            case 'h': fputs(usage, stdout); exit(0);
            default: fputs(usage, stderr); exit(64);
        }
    }
    if (!options.port || !options.publish_port || options.count < 1 || options.seconds < 1) {
        fputs(usage, stderr);
        exit(64);
    }
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    signal(SIGPIPE, SIG_IGN);
    alarm(options.seconds);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    expect_version(0);
    int64_t began = now();
    open_streams(options.port, options.path, options.count, began + options.seconds * SECOND);
    printf("{\"ready\":%d,\"milliseconds\":%.0f}\n", deliveries.count, milliseconds(now() - began));
    fflush(stdout);
    run_commands();
    close_streams();
    return 0;
}
