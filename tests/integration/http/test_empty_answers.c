// SPDX-License-Identifier: MIT
/* Answers without content are sent with one object, one after the other. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http_fixture.h"

#define ANSWER_MAX 131072u

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

Test(empty_answers, an_answer_without_content_shows_nothing_of_the_one_before)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){0});
    char value[300];
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i < 60; i++) {
        char request[512];
        const int len = i % 3 == 2 ? 299 : 10 + (int)i; /* a long one takes the other way */
        const char *start = i % 5 == 4 ? "wait" : "";
        (void)snprintf(request, sizeof(request),
                       "GET /v1/empty/%s%.*s HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-%zu\r\n\r\n", start, len,
                       value, i);
        cr_assert_eq(ask_status(fixture, request), 200);
        cr_expect_eq(strlen(response_field(answer, "Location")), (size_t)len + strlen(start));
        (void)snprintf(request, sizeof(request), "id-%zu", i);
        expect_field("X-Request-Id", request);
        expect_field("Content-Length", "0");
        cr_assert_eq(ask_status(fixture, "GET /v1/empty/none HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
        cr_expect_null(response_field(answer, "Location"));
        cr_expect_str_neq(response_field(answer, "X-Request-Id"), request);
        expect_field("Cache-Control", "no-store");
        expect_field("X-Content-Type-Options", "nosniff");
    }
    cr_expect(fixture_stop(fixture));
}

Test(empty_answers, pipelined_answers_without_content_keep_their_fields)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){0});
    bool is_closed = false;
    static const char three[] = "GET /v1/empty/wait-a HTTP/1.1\r\nHost: a\r\n\r\n"
                                "GET /v1/empty/none HTTP/1.1\r\nHost: a\r\n\r\n"
                                "GET /v1/empty/b HTTP/1.1\r\nHost: a\r\n\r\n";
    const int fd = client_connect(fixture);
    (void)client_send(fd, three, strlen(three));
    (void)client_read_all(fd, answer, sizeof(answer), 300, &is_closed);
    const char *a = strstr(answer, "Location: wait-a\r\n");
    const char *b = strstr(answer, "Location: b\r\n");
    cr_assert(a && b && a < b, "%s", answer);
    cr_expect_null(strstr(b + 1, "Location: "));
    const char *between = strstr(a + 1, "Location: ");
    cr_expect_eq(between, b, "%s", answer);
    (void)close(fd);
    cr_expect(fixture_stop(fixture));
}
