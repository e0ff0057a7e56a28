// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_fixture.h"

#define PIECE_BYTES 1024u
#define ANSWER_MAX  (8u * 1024u * 1024u)

static const struct http_fixture_options plain = {0};

static int begin(const struct http_fixture *fixture, const char *kind)
{
    char request[128];
    const int fd = client_connect(fixture);
    (void)snprintf(request, sizeof request, "GET /v1/stream/%s HTTP/1.1\r\nHost: a\r\n\r\n", kind);
    cr_assert(client_send(fd, request, strlen(request)));
    return fd;
}

static bool becomes(const atomic_size_t *value, size_t wanted, int64_t within_ms)
{
    for (int64_t waited_ms = 0; waited_ms < within_ms; waited_ms += 5) {
        if (*value >= wanted) return true;
        usleep(5000);
    }
    return *value >= wanted;
}

/* The content of a chunked answer, in place; its length, or -1 when the last chunk is missing. */
static long unchunk(char *text)
{
    char *in = strstr(text, "\r\n\r\n");
    char *out = text;
    if (!in) return -1;
    in += 4;
    for (;;) {
        char *end;
        const size_t len = strtoul(in, &end, 16);
        if (end == in || strncmp(end, "\r\n", 2) != 0) return -1;
        if (len == 0) return out - text;
        memmove(out, end + 2, len);
        out += len;
        in = end + 2 + len + 2;
    }
}

static void expect_pieces(const struct http_fixture *fixture, const char *kind, long count)
{
    char *answer = malloc(ANSWER_MAX);
    bool is_closed;
    const int fd = begin(fixture, kind);
    (void)client_read_all(fd, answer, ANSWER_MAX, 10000, &is_closed);
    cr_expect(is_closed, "%s: the connection of a stream is not used again", kind);
    cr_expect_eq(response_status(answer), 200, "%s", kind);
    cr_expect_str_eq(response_field(answer, "Content-Type"), "text/plain");
    cr_expect_str_eq(response_field(answer, "X-Content-Type-Options"), "nosniff");
    cr_expect_null(response_field(answer, "Content-Length"));
    const long len = unchunk(answer);
    cr_expect_eq(len, count * (long)PIECE_BYTES, "%s: %ld bytes", kind, len);
    for (long i = 0; i < count && len == count * (long)PIECE_BYTES; i++)
        cr_expect_eq(strtol(answer + i * (long)PIECE_BYTES, NULL, 10), i, "%s: piece %ld", kind, i);
    (void)close(fd);
    free(answer);
}

Test(stream, what_is_written_arrives_whole_whether_or_not_the_writer_waits)
{
    static const struct {
        const char *kind;
        long count;
    } cases[] = {{"0", 0},      {"1", 1},      {"64", 64},        {"65", 65},        {"4000", 4000},
                 {"5-wait", 5}, {"0-late", 0}, {"300-late", 300}, {"3-wait-late", 3}};
    struct http_fixture *fixture = fixture_start(&plain);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) expect_pieces(fixture, cases[i].kind, cases[i].count);
    cr_expect(becomes(&fixture->over, ARRAY_COUNT(cases), 1000));
    cr_expect(fixture_stop(fixture));
}

Test(stream, a_head_request_has_the_fields_and_writes_nothing)
{
    char answer[4096];
    bool is_closed;
    struct http_fixture *fixture = fixture_start(&plain);
    const int fd = client_connect(fixture);
    const char request[] = "HEAD /v1/stream/9-open HTTP/1.1\r\nHost: a\r\n\r\n";
    cr_assert(client_send(fd, request, strlen(request)));
    (void)client_read_all(fd, answer, sizeof answer, 2000, &is_closed);
    cr_expect_eq(response_status(answer), 200);
    cr_expect_str_eq(response_field(answer, "Content-Type"), "text/plain");
    cr_expect_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    cr_expect_eq(fixture->written, 0);
    (void)close(fd);
    cr_expect(fixture_stop(fixture));
}

Test(stream, a_client_that_goes_while_nothing_is_sent_ends_the_writer)
{
    struct http_fixture *fixture = fixture_start(&plain);
    int fds[20];
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) fds[i] = begin(fixture, i % 2 ? "1-open" : "0-open-late");
    cr_expect(becomes(&fixture->written, ARRAY_COUNT(fds) / 2, 2000));
    cr_expect_eq(fixture->over, 0, "open as long as somebody reads");
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) (void)close(fds[i]);
    cr_expect(becomes(&fixture->over, ARRAY_COUNT(fds), 2000), "%zu", (size_t)fixture->over);
    for (int i = 0; i < 100 && fixture_in_flight(fixture) > 0; i++) usleep(5000);
    cr_expect_eq(fixture_in_flight(fixture), 0);
    cr_expect(fixture_stop(fixture));
}

/* 4,000 kilobytes do not fit into the buffers between us. */
Test(stream, a_client_that_goes_while_the_writer_waits_for_room_ends_it)
{
    struct http_fixture *fixture = fixture_start(&plain);
    const int fd = begin(fixture, "4000");
    cr_expect(becomes(&fixture->written, 64, 2000));
    usleep(100000);
    const size_t written = fixture->written;
    cr_expect_lt(written, 4000, "the writer waits for the reader");
    usleep(100000);
    cr_expect_eq(fixture->written, written, "and goes on only then");
    char answer[256];
    (void)client_ask(fixture, "GET /v1/ping HTTP/1.1\r\nHost: a\r\n\r\n", answer, sizeof answer);
    (void)close(fd);
    cr_expect(becomes(&fixture->over, 1, 2000));
    cr_expect_lt(fixture->written, 4000);
    cr_expect(fixture_stop(fixture));
}

Test(stream, a_client_that_takes_nothing_is_cut_off)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.stall_ms = 300});
    const int fd = begin(fixture, "4000");
    cr_expect(becomes(&fixture->over, 1, 3000), "cut off");
    cr_expect_lt(fixture->written, 4000);
    (void)close(fd);
    const size_t before = fixture->written;
    const int patient = begin(fixture, "1-open");
    cr_expect(becomes(&fixture->written, before + 1, 1000));
    usleep(900000);
    cr_expect_eq(fixture->over, 1, "who has nothing to take is not slow");
    (void)close(patient);
    cr_expect(becomes(&fixture->over, 2, 2000));
    cr_expect(fixture_stop(fixture));
}

Test(stream, a_slow_reader_that_goes_on_reading_gets_everything)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.stall_ms = 400});
    char *answer = malloc(ANSWER_MAX);
    size_t len = 0;
    const int fd = begin(fixture, "1500");
    for (;;) {
        const ssize_t got = recv(fd, answer + len, 48u * 1024u, 0);
        if (got <= 0) break;
        len += (size_t)got;
        usleep(20000);
    }
    answer[len] = '\0';
    cr_expect_eq(unchunk(answer), 1500 * (long)PIECE_BYTES);
    (void)close(fd);
    free(answer);
    cr_expect(fixture_stop(fixture));
}

Test(stream, a_drain_ends_open_streams_in_order)
{
    struct http_fixture *fixture = fixture_start(&plain);
    char answer[8192];
    bool is_closed;
    int fds[10];
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) fds[i] = begin(fixture, "1-open");
    cr_expect(becomes(&fixture->written, ARRAY_COUNT(fds), 2000));
    fixture_begin_drain(fixture);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        (void)client_read_all(fds[i], answer, sizeof answer, 1000, &is_closed);
        cr_expect(is_closed);
        cr_expect_eq(unchunk(answer), (long)PIECE_BYTES, "to the last chunk");
        (void)close(fds[i]);
    }
    cr_expect_eq(fixture->over, ARRAY_COUNT(fds));
    cr_expect(fixture_stop(fixture));
}

/* The request's deadline is one of its head: who listens may do so for longer. */
Test(stream, a_stream_outlives_the_deadline_of_requests)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.request_ms = 200});
    const int fd = begin(fixture, "1-open");
    usleep(1200000);
    cr_expect_eq(fixture->over, 0);
    cr_expect_not_null(strstr(fixture_metrics(fixture), "auth_http_requests_total"));
    (void)close(fd);
    cr_expect(becomes(&fixture->over, 1, 2000));
    cr_expect(fixture_stop(fixture));
}
