// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "http_fixture.h"

#define ANSWER_MAX 131072u
#define GET(path)  "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct http_fixture_options plain = {0};
static char answer[ANSWER_MAX];

static int ask_status(const struct http_fixture *fixture, const char *request)
{
    answer[0] = '\0';
    (void)client_ask(fixture, request, answer, sizeof(answer));
    return response_status(answer);
}

static void expect_field(const char *name, const char *value)
{
    const char *found = response_field(answer, name);
    cr_expect(found && strcmp(found, value) == 0, "%s: %s instead of %s", name, found ? found : "(none)",
              value);
}

/* Security incident 37: never passed over, never let through. */
Test(server, an_address_that_a_trusted_proxy_garbles_is_refused)
{
    static const char *const garbled[] = {
        "",           "1.2.3", "1.2.3.4, 5.6.7.8", "01.2.3.4",   "1.2.3.4 x", "[::1]",     "::1%lo",
        "1.2.3.4:80", "unix:", "localhost",        "::ffff:1.2", "999.1.1.1", "1.2.3.4/32"};
    struct http_fixture *fixture = fixture_start(&plain);
    for (size_t i = 0; i < ARRAY_COUNT(garbled); i++) {
        char request[256];
        (void)snprintf(request, sizeof(request), "GET /v1/ping HTTP/1.1\r\nHost: a\r\nX-Real-IP: %s\r\n\r\n",
                       garbled[i]);
        cr_expect_eq(ask_status(fixture, request), 400, "%s", garbled[i]);
    }
    cr_expect_eq(fixture->entries, 0);
    cr_expect(fixture_stop(fixture));
}

Test(server, the_address_comes_from_the_proxy_alone_and_never_from_forwarded_fields)
{
    struct http_fixture *fixture = fixture_start(&plain);
    cr_expect_eq(ask_status(fixture, "GET /v1/ping HTTP/1.1\r\nHost: a\r\nX-Real-IP: ::ffff:203.0.113.9\r\n"
                                     "X-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n\r\n"),
                 200);
    cr_expect_not_null(strstr(answer, "\"client\":\"203.0.113.9\""), "%s", answer);
    cr_expect(fixture_stop(fixture));
}

Test(server, the_address_field_of_a_peer_that_is_no_proxy_is_ignored)
{
    struct http_fixture *fixture =
        fixture_start(&(struct http_fixture_options){.listen = "127.0.0.1:0", .trusted = "10.0.0.0/8, unix"});
    cr_expect_eq(ask_status(fixture, "GET /v1/ping HTTP/1.1\r\nHost: a\r\nX-Real-IP: 203.0.113.9\r\n\r\n"),
                 200);
    cr_expect_not_null(strstr(answer, "\"client\":\"127.0.0.1\""), "%s", answer);
    cr_expect(fixture_stop(fixture));
}

Test(server, every_response_carries_the_security_fields_and_no_banner)
{
    static const char *const requests[] = {
        GET("/v1/ping"),
        GET("/v1/prebuilt"),
        GET("/nowhere"),
        "DELETE /v1/ping HTTP/1.1\r\nHost: a\r\n\r\n",
        "BREW /v1/ping HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"};
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.sends_hsts = true});
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        cr_expect_gt(ask_status(fixture, requests[i]), 0);
        expect_field("X-Content-Type-Options", "nosniff");
        expect_field("Referrer-Policy", "no-referrer");
        expect_field("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        expect_field("Cross-Origin-Resource-Policy", "same-origin");
        expect_field("Strict-Transport-Security", "max-age=63072000; includeSubDomains");
        expect_field("Cache-Control", i == 1 ? "public, max-age=300" : "no-store");
        cr_expect_not_null(response_field(answer, "X-Request-Id"));
        cr_expect_not_null(response_field(answer, "Date"));
        cr_expect_null(response_field(answer, "Server"));
    }
    cr_expect(fixture_stop(fixture));
}

Test(server, an_id_that_is_not_plain_is_replaced_and_a_plain_one_is_kept)
{
    static const struct {
        const char *sent;
        bool is_kept;
    } rows[] = {{"abc-1.2_3", true}, {"a b", false}, {"a;b", false}, {"\"a\"", false}, {"", false}};
    struct http_fixture *fixture = fixture_start(&plain);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char request[256];
        (void)snprintf(request, sizeof(request),
                       "GET /v1/prebuilt HTTP/1.1\r\nHost: a\r\nX-Request-Id: %s\r\n\r\n", rows[i].sent);
        cr_expect_eq(ask_status(fixture, request), 200);
        const char *id = response_field(answer, "X-Request-Id");
        cr_assert_not_null(id);
        cr_expect_eq(strcmp(id, rows[i].sent) == 0, rows[i].is_kept, "%s", id);
        cr_expect_gt(strlen(id), 0);
    }
    cr_expect(fixture_stop(fixture));
}

Test(server, a_method_that_a_path_does_not_take_is_told_which_it_takes)
{
    struct http_fixture *fixture = fixture_start(&plain);
    cr_expect_eq(ask_status(fixture, "DELETE /v1/ping HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
    expect_field("Allow", "GET, HEAD");
    expect_field("Content-Type", "application/problem+json");
    cr_expect(fixture_stop(fixture));
}

Test(server, head_is_get_without_content)
{
    static const char *const paths[] = {"/v1/ping", "/v1/prebuilt"};
    struct http_fixture *fixture = fixture_start(&plain);
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        char request[128];
        bool is_closed = false;
        const int fd = client_connect(fixture);
        (void)snprintf(request, sizeof(request), "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        (void)client_send(fd, request, strlen(request));
        const size_t len = client_read_all(fd, answer, sizeof(answer), 100, &is_closed);
        cr_expect_eq(response_status(answer), 200);
        cr_expect_str_neq(response_field(answer, "Content-Length"), "0");
        cr_expect_eq((size_t)(strstr(answer, "\r\n\r\n") - answer) + 4, len, "%s", answer);
        (void)close(fd);
    }
    cr_expect(fixture_stop(fixture));
}

Test(server, content_that_the_client_has_is_not_sent_again)
{
    struct http_fixture *fixture = fixture_start(&plain);
    char request[256];
    cr_expect_eq(ask_status(fixture, GET("/v1/prebuilt")), 200);
    (void)snprintf(request, sizeof(request),
                   "GET /v1/prebuilt HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", W/%s\r\n\r\n",
                   response_field(answer, "ETag"));
    cr_expect_eq(ask_status(fixture, request), 304);
    cr_expect_not_null(response_field(answer, "ETag"));
    expect_field("Cache-Control", "public, max-age=300");
    cr_expect_eq(ask_status(fixture, "GET /v1/prebuilt HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\"\r\n\r\n"),
                 200);
    cr_expect(fixture_stop(fixture));
}

Test(server, a_trace_is_taken_only_from_a_field_that_keeps_the_rules)
{
    static const struct {
        const char *sent;
        const char *trace;
    } rows[] = {
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", ""},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", ""},
        {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", ""},
        {"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "4bf92f3577b34da6a3ce929d0e0e4736"},
    };
    struct http_fixture *fixture = fixture_start(&plain);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char request[256];
        char wanted[64];
        (void)snprintf(request, sizeof(request),
                       "GET /v1/ping HTTP/1.1\r\nHost: a\r\ntraceparent: %s\r\n\r\n", rows[i].sent);
        (void)snprintf(wanted, sizeof(wanted), "\"trace\":\"%s\"", rows[i].trace);
        cr_expect_eq(ask_status(fixture, request), 200);
        cr_expect_not_null(strstr(answer, wanted), "%s: %s", rows[i].sent, answer);
    }
    cr_expect(fixture_stop(fixture));
}

Test(server, a_body_over_the_limit_is_refused_before_it_is_sent)
{
    struct http_fixture *fixture = fixture_start(&plain);
    cr_expect_eq(ask_status(fixture, "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"),
                 413);
    expect_field("Connection", "close");
    cr_expect_eq(fixture->entries, 0);
    cr_expect(fixture_stop(fixture));
}

Test(server, a_body_at_the_limit_comes_back_byte_for_byte)
{
    struct http_fixture *fixture = fixture_start(&plain);
    static char body[65536];
    char head[128];
    for (size_t i = 0; i < sizeof(body); i++) body[i] = (char)(i * 31 + i / 256);
    (void)snprintf(head, sizeof(head), "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
                   sizeof(body));
    const int fd = client_connect(fixture);
    cr_assert(client_send(fd, head, strlen(head)) && client_send(fd, body, sizeof(body)));
    const size_t len = client_read_response(fd, answer, sizeof(answer));
    cr_expect_eq(response_status(answer), 200);
    cr_assert_gt(len, sizeof(body));
    cr_expect_arr_eq(answer + len - sizeof(body), body, sizeof(body));
    (void)close(fd);
    cr_expect(fixture_stop(fixture));
}

Test(server, a_field_of_eight_kibibytes_fits)
{
    struct http_fixture *fixture = fixture_start(&plain);
    static char request[12000];
    (void)snprintf(request, sizeof(request), "GET /v1/ping HTTP/1.1\r\nHost: a\r\nX-A: %0*d\r\n\r\n",
                   8192 - 3, 0);
    cr_expect_eq(ask_status(fixture, request), 200, "%.200s", answer);
    cr_expect(fixture_stop(fixture));
}

Test(server, a_path_value_reaches_the_handler_raw)
{
    struct http_fixture *fixture = fixture_start(&plain);
    cr_expect_eq(ask_status(fixture, GET("/v1/items/a-b_c.d~e")), 200);
    expect_field("Location", "a-b_c.d~e");
    cr_expect_eq(ask_status(fixture, GET("/v1/items/")), 404);
    cr_expect_eq(ask_status(fixture, GET("/v1/items/a/b")), 404);
    cr_expect_eq(ask_status(fixture, GET("/v1/items/a/")), 404);
    cr_expect(fixture_stop(fixture));
}

static int64_t drip(const struct http_fixture *fixture, const char *start, const char *piece)
{
    const int fd = client_connect(fixture);
    const int64_t began_ms = clock_monotonic_ms();
    (void)client_send(fd, start, strlen(start));
    while (clock_monotonic_ms() - began_ms < 8000 && client_send(fd, piece, strlen(piece))) {
        struct pollfd asked = {.fd = fd, .events = POLLIN};
        if (poll(&asked, 1, 50) > 0) break;
    }
    (void)close(fd);
    return clock_monotonic_ms() - began_ms;
}

Test(server, a_client_that_drips_is_cut_at_the_deadline)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.request_ms = 600});
    static const char *const starts[][2] = {
        {"", "G"},
        {"GET /v1/ping HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n"},
        {"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", "b"},
        {"GET /v1/ping HTTP/1.1\r\n", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        const int64_t took_ms = drip(fixture, starts[i][0], starts[i][1]);
        cr_expect(took_ms >= 500 && took_ms < 3000, "case %zu: %d ms", i, (int)took_ms);
    }
    cr_expect_eq(fixture->entries, 0);
    cr_expect_eq(ask_status(fixture, GET("/v1/ping")), 200);
    cr_expect(fixture_stop(fixture));
}

Test(server, a_slow_handler_is_not_cut_by_the_receiving_deadline)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.request_ms = 200});
    cr_expect_eq(ask_status(fixture, GET("/v1/wait?ms=700")), 200);
    cr_expect(fixture_stop(fixture));
}

/* Security incident 49. */
Test(server, a_client_that_leaves_while_its_handler_waits_does_no_harm)
{
    static const char *const listens[] = {NULL, "127.0.0.1:0"};
    for (size_t l = 0; l < ARRAY_COUNT(listens); l++) {
        struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.listen = listens[l]});
        for (size_t i = 0; i < 50; i++) {
            const int fd = client_connect(fixture);
            (void)client_send(fd, GET("/v1/wait?ms=100"), strlen(GET("/v1/wait?ms=100")));
            while (fixture->entries <= i) (void)usleep(500);
            (void)close(fd);
        }
        const int64_t began_ms = clock_monotonic_ms();
        while (fixture->ended < 50 && clock_monotonic_ms() - began_ms < 5000) (void)usleep(5000);
        cr_expect_eq(fixture->ended, 50);
        cr_expect_eq(fixture->gone, 50, "%zu", (size_t)fixture->gone);
        cr_expect_eq(ask_status(fixture, GET("/v1/ping")), 200);
        cr_expect(fixture_stop(fixture));
    }
}

Test(server, more_requests_than_fibers_are_answered_503_with_retry_after)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){.fiber_limit = 2});
    int fds[4];
    int busy = 0;
    for (size_t i = 0; i < 4; i++) {
        fds[i] = client_connect(fixture);
        (void)client_send(fds[i], GET("/v1/wait?ms=300"), strlen(GET("/v1/wait?ms=300")));
    }
    for (size_t i = 0; i < 4; i++) {
        cr_expect_gt(client_read_response(fds[i], answer, sizeof(answer)), 0);
        if (response_status(answer) != 503) continue;
        expect_field("Retry-After", "1");
        busy++;
    }
    for (size_t i = 0; i < 4; i++) (void)close(fds[i]);
    cr_expect_eq(busy, 2);
    cr_expect(fixture_stop(fixture));
}

/* Security incident 52: multiples of 128 ready sockets stall libmicrohttpd's own threads; ours must not care. */
Test(server, multiples_of_128_connections_do_not_stall)
{
    static const size_t counts[] = {128, 256, 512};
    static int fds[512];
    struct http_fixture *fixture = fixture_start(&plain);
    for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
        for (size_t i = 0; i < counts[c]; i++) fds[i] = client_connect(fixture);
        for (int round = 0; round < 10; round++) {
            for (size_t i = 0; i < counts[c]; i++)
                cr_assert(client_send(fds[i], GET("/v1/ping"), strlen(GET("/v1/ping"))));
            for (size_t i = 0; i < counts[c]; i++)
                cr_assert_gt(client_read_response(fds[i], answer, sizeof(answer)), 0, "%zu of %zu", i,
                             counts[c]);
        }
        for (size_t i = 0; i < counts[c]; i++) (void)close(fds[i]);
    }
    cr_expect_eq(fixture->entries, 10 * (128 + 256 + 512));
    cr_expect(fixture_stop(fixture));
}

/* Security incident 57. */
Test(server, ten_thousand_requests_that_wait_each_get_their_own_id_back)
{
    enum { CLIENTS = 64, ROUNDS = 157 };
    int fds[CLIENTS];
    struct http_fixture *fixture = fixture_start(&plain);
    for (int i = 0; i < CLIENTS; i++) fds[i] = client_connect(fixture);
    for (int round = 0; round < ROUNDS; round++) {
        char text[160];
        for (int i = 0; i < CLIENTS; i++) {
            const int len = snprintf(text, sizeof(text),
                                     "GET /v1/wait?ms=%d HTTP/1.1\r\nHost: a\r\nX-Request-Id: %d.%d\r\n\r\n",
                                     (i * 7 + round) % 5, i, round);
            cr_assert(client_send(fds[i], text, (size_t)len));
        }
        for (int i = 0; i < CLIENTS; i++) {
            char id[32];
            char body[64];
            cr_assert_gt(client_read_response(fds[i], answer, sizeof(answer)), 0);
            (void)snprintf(id, sizeof(id), "%d.%d", i, round);
            (void)snprintf(body, sizeof(body), "\"id\":\"%s\"", id);
            cr_assert_str_eq(response_field(answer, "X-Request-Id"), id);
            cr_assert_not_null(strstr(answer, body), "%s", answer);
        }
    }
    for (int i = 0; i < CLIENTS; i++) (void)close(fds[i]);
    cr_expect_eq(fixture->entries, CLIENTS * ROUNDS);
    cr_expect(fixture_stop(fixture));
}

Test(server, pipelined_requests_are_answered_in_order)
{
    struct http_fixture *fixture = fixture_start(&plain);
    bool is_closed = false;
    static const char three[] = "GET /v1/wait?ms=30 HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\n\r\n"
                                "GET /v1/ping HTTP/1.1\r\nHost: a\r\nX-Request-Id: two\r\n\r\n"
                                "GET /v1/wait?ms=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: three\r\n\r\n";
    const int fd = client_connect(fixture);
    (void)client_send(fd, three, strlen(three));
    (void)client_read_all(fd, answer, sizeof(answer), 300, &is_closed);
    const char *one = strstr(answer, "\"id\":\"one\"");
    const char *two = strstr(answer, "\"id\":\"two\"");
    const char *last = strstr(answer, "\"id\":\"three\"");
    cr_expect(one && two && last && one < two && two < last, "%s", answer);
    (void)close(fd);
    cr_expect(fixture_stop(fixture));
}

struct load {
    struct http_fixture *fixture;
    atomic_size_t answered;
    atomic_size_t lost; /* the request went out and no whole response came */
    atomic_bool is_over;
};

/* Reconnects when told to close; ends when nobody listens any more. */
static void *keep_asking(void *argument)
{
    struct load *load = argument;
    static const char request[] = GET("/v1/wait?ms=2");
    char text[4096];
    int fd = client_connect(load->fixture);
    while (fd >= 0) {
        if (!client_send(fd, request, strlen(request)))
            load->lost++;
        else if (client_read_response(fd, text, sizeof(text)) == 0)
            load->lost++;
        else
            load->answered++;
        const char *field = strcasestr(text, "\r\nconnection: close");
        if (!field && text[0] != '\0') continue;
        (void)close(fd);
        fd = client_connect(load->fixture);
    }
    return NULL;
}

Test(server, draining_under_load_loses_no_request)
{
    enum { CLIENTS = 16 };
    static const char *const listens[] = {NULL, "127.0.0.1:0"};
    for (size_t l = 0; l < ARRAY_COUNT(listens); l++) {
        pthread_t threads[CLIENTS];
        struct load load = {.fixture = fixture_start(&(struct http_fixture_options){.listen = listens[l]})};
        for (int i = 0; i < CLIENTS; i++) (void)pthread_create(&threads[i], NULL, keep_asking, &load);
        (void)usleep(300000);
        fixture_begin_drain(load.fixture);
        for (int i = 0; i < CLIENTS; i++) (void)pthread_join(threads[i], NULL);
        cr_expect_gt(load.answered, 100);
        cr_expect_eq(load.lost, 0, "%zu of %zu", (size_t)load.lost, (size_t)load.answered);
        cr_expect(fixture_stop(load.fixture));
    }
}

Test(server, idle_connections_do_not_hold_a_drain_up)
{
    struct http_fixture *fixture = fixture_start(&plain);
    const int fd = client_connect(fixture);
    (void)client_send(fd, GET("/v1/ping"), strlen(GET("/v1/ping")));
    cr_expect_gt(client_read_response(fd, answer, sizeof(answer)), 0);
    cr_expect(fixture_stop(fixture));
    (void)close(fd);
}

Test(server, the_unix_socket_is_for_owner_and_group_and_goes_with_the_server)
{
    struct stat found;
    struct http_fixture *fixture = fixture_start(&plain);
    char path[64];
    (void)snprintf(path, sizeof(path), "%s", fixture->path);
    cr_assert_eq(stat(path, &found), 0);
    cr_expect_eq(found.st_mode & 0777u, 0660u);
    cr_expect(fixture_stop(fixture));
    cr_expect_neq(stat(path, &found), 0);
}

Test(server, what_is_answered_and_what_is_refused_is_counted)
{
    struct http_fixture *fixture = fixture_start(&plain);
    (void)ask_status(fixture, GET("/v1/ping"));
    (void)ask_status(fixture, GET("/nowhere"));
    (void)ask_status(fixture, "GET /v1/ping HTTP/1.1\nHost: a\n\n");
    (void)usleep(50000);
    const char *text = fixture_metrics(fixture);
    cr_expect_not_null(strstr(text, "auth_http_requests_total{route=\"ping\",status=\"200\"} 1\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "auth_http_requests_total{route=\"none\",status=\"404\"} 1\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "auth_http_request_seconds_bucket{route=\"ping\",le=\"+Inf\"} 1\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "auth_http_refused_total 1\n"), "%s", text);
    cr_expect(fixture_stop(fixture));
}
