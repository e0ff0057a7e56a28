// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_fixture.h"

#define PROBE_MAX    65536u
#define RESPONSE_MAX 65536u
#define SILENCE_MS   40

/* One file of the corpus. */
struct probe {
    char name[256];
    int expected;            /* status; 0: closed or answered 4xx or 5xx by the library */
    bool is_second_answered; /* the framing is right, so what follows is a request of its own */
    char bytes[PROBE_MAX];
    size_t len;
};

static size_t unescape(const char *text, size_t len, char *out);

static size_t unescape_repeat(const char *text, char *out, size_t *ret_used)
{
    char *inner = NULL;
    const size_t count = strtoul(text + 2, &inner, 10);
    const char *end = strchr(inner, '}');
    size_t written = 0;
    for (size_t i = 0; i < count; i++)
        written += unescape(inner + 1, (size_t)(end - inner - 1), out + written);
    *ret_used = (size_t)(end - text) + 1;
    return written;
}

static size_t unescape_one(const char *text, char *out, size_t *ret_used)
{
    static const char names[] = "rnt0\\";
    static const char values[] = "\r\n\t\0\\";
    *ret_used = 2;
    if (text[1] == '{') return unescape_repeat(text, out, ret_used);
    if (text[1] == 'x') {
        const char digits[3] = {text[2], text[3], '\0'};
        *out = (char)strtoul(digits, NULL, 16);
        *ret_used = 4;
        return 1;
    }
    *out = values[strchr(names, text[1]) - names];
    return 1;
}

/* Line breaks of the file itself are not part of the probe. */
static size_t unescape(const char *text, size_t len, char *out)
{
    size_t written = 0;
    size_t used = 1;
    for (size_t at = 0; at < len; at += used) {
        used = 1;
        if (text[at] == '\n') continue;
        if (text[at] == '\\')
            written += unescape_one(text + at, out + written, &used);
        else
            out[written++] = text[at];
    }
    return written;
}

static void probe_read(const char *name, struct probe *ret_probe)
{
    char path[1024];
    char line[4096];
    (void)snprintf(path, sizeof(path), "%s/integration/http/corpus/%s", TESTS_DIR, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    *ret_probe = (struct probe){.expected = -1};
    (void)snprintf(ret_probe->name, sizeof(ret_probe->name), "%s", name);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "# expect: ", 10) == 0) ret_probe->expected = (int)strtol(line + 10, NULL, 10);
        if (strncmp(line, "# second: answered", 18) == 0) ret_probe->is_second_answered = true;
        if (line[0] != '#') ret_probe->len += unescape(line, strlen(line), ret_probe->bytes + ret_probe->len);
    }
    (void)fclose(file);
    cr_assert_neq(ret_probe->expected, -1, "%s says not what it expects", name);
}

/* As a client counts them, by Content-Length. (The library's own 400 to some malformed lengths has its head twice, the
 * second within the length of the first: one response, then the end.) */
static size_t count_responses(const char *text)
{
    size_t count = 0;
    while (strncmp(text, "HTTP/1.1 ", 9) == 0) {
        const size_t len = response_len(text);
        count++;
        if (len == 0 || len > strlen(text)) break;
        text += len;
    }
    return count;
}

static void check(struct http_fixture *fixture, const struct probe *probe, size_t entries, const char *answer)
{
    const size_t responses = count_responses(answer);
    const int status = response_status(answer);
    if (probe->is_second_answered) {
        cr_expect_eq(status, probe->expected, "%s: %d", probe->name, status);
        cr_expect_eq(responses, 2, "%s: %zu responses", probe->name, responses);
        cr_expect_eq(fixture->entries - entries, 2, "%s", probe->name);
        return;
    }
    cr_expect_leq(responses, 1, "%s: the second request was answered:\n%s", probe->name, answer);
    cr_expect_eq(fixture->entries, entries, "%s: a handler was entered:\n%s", probe->name, answer);
    if (probe->expected)
        cr_expect_eq(status, probe->expected, "%s: %d\n%s", probe->name, status, answer);
    else
        cr_expect(status == 0 || status >= 400, "%s: %d", probe->name, status);
}

static void run_probe(struct http_fixture *fixture, const struct probe *probe)
{
    static char answer[RESPONSE_MAX];
    static const char second[] = "GET /v1/ping HTTP/1.1\r\nHost: a\r\n\r\n";
    bool is_closed = false;
    const size_t entries = fixture->entries;
    const int fd = client_connect(fixture);
    cr_assert_geq(fd, 0);
    (void)client_send(fd, probe->bytes, probe->len);
    (void)client_send(fd, second, strlen(second));
    const size_t len = client_read_all(fd, answer, sizeof(answer), SILENCE_MS, &is_closed);
    check(fixture, probe, entries, answer);
    if (!probe->is_second_answered && len > 0)
        cr_expect(is_closed, "%s: the connection stays open", probe->name);
    (void)close(fd);
}

/* Security incident 51: what is no request ends the connection and nothing else. */
Test(framing, no_probe_of_the_corpus_gets_a_second_request_through)
{
    struct http_fixture *fixture = fixture_start(&(struct http_fixture_options){0});
    char path[1024];
    size_t count = 0;
    (void)snprintf(path, sizeof(path), "%s/integration/http/corpus", TESTS_DIR);
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    static struct probe probe;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (!strstr(entry->d_name, ".txt")) continue;
        probe_read(entry->d_name, &probe);
        run_probe(fixture, &probe);
        count++;
    }
    (void)closedir(folder);
    cr_expect_geq(count, 80);
    cr_expect(fixture_stop(fixture));
}
