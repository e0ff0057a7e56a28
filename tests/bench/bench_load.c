// SPDX-License-Identifier: MIT
/* The load of `make bench`: keep-alive connections that each send a request, wait for its answer and send the next.
 * Usage: bench_load <port> <connections> <seconds> <file> [chain | awake]
 * The file holds requests, each after a line with its length; connection i of n sends those at i, i + n, i + 2n … and
 * begins again. With "chain" connection i sends the one at i, each time with the refresh token of the last answer.
 * With "awake" it never sleeps, so that the server does not pay for waking it, which costs as much as a cheap answer.
 * Prints one JSON object. A wrk would do for the first kind only. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024u
#define REQUESTS_MAX    4096u
#define ANSWER_BYTES    16384u
#define EVENTS          64
#define BUCKETS         200000u /* of 10 us: two seconds */
#define US_PER_BUCKET   10
#define WAIT_MS         10000
#define US_PER_MS       1000

struct request {
    char *text;
    size_t len;
};

struct connection {
    int fd;
    size_t next;
    size_t filled;
    long long sent_us;
    char answer[ANSWER_BYTES + 1];
};

static struct request requests[REQUESTS_MAX];
static struct connection connections[CONNECTIONS_MAX];
static unsigned durations[BUCKETS];
static size_t request_count;
static size_t connection_count;
static size_t answered;
static size_t failed;
static size_t waiting;
static size_t answer_bytes;
static bool is_chain;
static bool is_awake;
static long long until_us;

static long long now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void give_up(const char *what)
{
    (void)fprintf(stderr, "bench_load: %s\n", what);
    exit(1);
}

static void read_requests(const char *path)
{
    size_t len = 0;
    FILE *file = fopen(path, "r");
    if (!file) give_up(path);
    while (request_count < REQUESTS_MAX && fscanf(file, "%zu", &len) == 1) {
        struct request *request = &requests[request_count++];
        *request = (struct request){.text = calloc(1, len + 1), .len = len};
        const bool is_whole =
            request->text && fgetc(file) == '\n' && fread(request->text, 1, len, file) == len;
        if (!is_whole) give_up("the file of requests is cut off");
    }
    (void)fclose(file);
    if (request_count == 0) give_up("no requests");
    if (is_chain && request_count < connection_count) give_up("fewer chains than connections");
}

static int connect_to(unsigned short port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        give_up("cannot connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Requests are far smaller than a socket's buffer. */
static void send_next(struct connection *connection)
{
    const struct request *request = &requests[connection->next];
    connection->filled = 0;
    connection->sent_us = now_us();
    if (write(connection->fd, request->text, request->len) != (ssize_t)request->len) give_up("cannot send");
    waiting++;
    if (!is_chain) connection->next = (connection->next + connection_count) % request_count;
}

/* Bytes of the whole answer, 0 while its head is not there. */
static size_t answer_len(const struct connection *connection)
{
    const char *end = strstr(connection->answer, "\r\n\r\n");
    if (!end) return 0;
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    const size_t head = (size_t)(end + 4 - connection->answer);
    return head + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static void take_refresh_token(struct connection *connection)
{
    static const char in_answer[] = "\"refresh_token\":\"";
    static const char in_request[] = "refresh_token=";
    const char *from = strstr(connection->answer, in_answer);
    char *to = NULL;
    for (char *found = requests[connection->next].text; found; found = strstr(found + 1, in_request))
        to = found;
    if (!from || !to) give_up("no refresh token in an answer");
    from += sizeof in_answer - 1;
    to += sizeof in_request - 1;
    if (strcspn(from, "\"") != strcspn(to, "& ")) give_up("a refresh token of another length");
    memcpy(to, from, strcspn(from, "\""));
}

static void take_answer(struct connection *connection)
{
    const long long duration = (now_us() - connection->sent_us) / US_PER_BUCKET;
    const bool is_good = strncmp(connection->answer, "HTTP/1.1 2", 10) == 0;
    if (!is_good && failed++ == 0) (void)fprintf(stderr, "%.*s\n", 600, connection->answer);
    durations[duration < BUCKETS ? (size_t)duration : BUCKETS - 1]++;
    answer_bytes = connection->filled;
    answered++;
    waiting--;
    if (is_chain && is_good) take_refresh_token(connection);
    if (now_us() < until_us) send_next(connection);
}

static void receive(struct connection *connection)
{
    const ssize_t got =
        read(connection->fd, connection->answer + connection->filled, ANSWER_BYTES - connection->filled);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) give_up("the server closed a connection, or answered too much");
    connection->filled += (size_t)got;
    connection->answer[connection->filled] = '\0';
    const size_t len = answer_len(connection);
    if (len > 0 && connection->filled >= len) take_answer(connection);
}

static double run(void)
{
    struct epoll_event events[EVENTS];
    const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    const long long began_us = now_us();
    for (size_t i = 0; i < connection_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connections[i].fd, &event) != 0) give_up("epoll");
        send_next(&connections[i]);
    }
    while (waiting > 0) {
        const int count = epoll_wait(epoll_fd, events, EVENTS, is_awake ? 0 : WAIT_MS);
        if (count == 0 && (!is_awake || now_us() > until_us + WAIT_MS * US_PER_MS))
            give_up("no answer for ten seconds");
        for (int i = 0; i < count; i++) receive(events[i].data.ptr);
    }
    (void)close(epoll_fd);
    return (double)(now_us() - began_us) / 1e6;
}

static long long percentile_us(double share)
{
    size_t left = (size_t)((double)answered * share);
    size_t bucket = 0;
    while (bucket < BUCKETS - 1 && durations[bucket] <= left) left -= durations[bucket++];
    return (long long)bucket * US_PER_BUCKET;
}

int main(int argc, char **argv)
{
    if (argc < 5) give_up("usage: bench_load <port> <connections> <seconds> <file> [chain | awake]");
    connection_count = strtoul(argv[2], NULL, 10);
    is_chain = argc > 5 && strcmp(argv[5], "chain") == 0;
    is_awake = argc > 5 && strcmp(argv[5], "awake") == 0;
    if (connection_count < 1 || connection_count > CONNECTIONS_MAX) give_up("how many connections?");
    read_requests(argv[4]);
    for (size_t i = 0; i < connection_count; i++) {
        connections[i].fd = connect_to((unsigned short)strtoul(argv[1], NULL, 10));
        connections[i].next = i % request_count;
    }
    until_us = now_us() + (long long)(strtod(argv[3], NULL) * 1e6);
    const double seconds = run();
    (void)printf("{\"requests\": %zu, \"failed\": %zu, \"seconds\": %.6f, \"answer_bytes\": %zu, "
                 "\"p50_us\": %lld, \"p99_us\": %lld}\n",
                 answered, failed, seconds, answer_bytes, percentile_us(0.5), percentile_us(0.99));
    return 0;
}
