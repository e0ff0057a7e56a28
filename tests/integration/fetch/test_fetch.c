// SPDX-License-Identifier: MIT
// Requests of ours against servers that mean no good. Names are looked up by this program's own getaddrinfo, which
// answers as each test wants, so that a name may change its mind between two questions.
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/fetch/fetch.h"
#include "fake_server.h"

#define BIG_BYTES 200000u

static struct fake_server good;  /* on 127.0.0.1 */
static struct fake_server inner; /* on 127.0.0.2, the same port: what nobody may reach */
static struct arena *arena;
static struct offload *pool;
static atomic_uint lookups;
static const char *addresses[4]; /* what the next questions are answered with, one after another */
static bool answers_together;    /* all addresses in one answer */
static useconds_t lookup_us;     /* how long a question takes */
static atomic_uint lookups_done;

/* --- names -------------------------------------------------------------------------------------------------------- */

static struct addrinfo *address_entry(const char *text, const char *service)
{
    struct addrinfo *entry = calloc(1, sizeof *entry + sizeof(struct sockaddr_in));
    struct sockaddr_in *place = (struct sockaddr_in *)(entry + 1);
    place->sin_family = AF_INET;
    place->sin_port = htons((uint16_t)(service ? atoi(service) : 0));
    inet_pton(AF_INET, text, &place->sin_addr);
    entry->ai_family = AF_INET;
    entry->ai_socktype = SOCK_STREAM;
    entry->ai_protocol = IPPROTO_TCP;
    entry->ai_addrlen = sizeof *place;
    entry->ai_addr = (struct sockaddr *)place;
    return entry;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    (void)node;
    (void)hints;
    const unsigned count = atomic_fetch_add(&lookups, 1);
    usleep(lookup_us);
    atomic_fetch_add(&lookups_done, 1);
    if (!addresses[0]) return EAI_NONAME;
    if (!answers_together) {
        unsigned last = 0;
        while (last + 1 < ARRAY_COUNT(addresses) && addresses[last + 1]) last++;
        *ret = address_entry(addresses[count < last ? count : last], service);
        return 0;
    }
    struct addrinfo **place = ret;
    for (size_t i = 0; i < ARRAY_COUNT(addresses) && addresses[i]; i++, place = &(*place)->ai_next)
        *place = address_entry(addresses[i], service);
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

/* --- servers ------------------------------------------------------------------------------------------------------ */

static char last_request[65536];
static atomic_uint received_bytes;

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void say_much(int fd)
{
    static char page[BIG_BYTES];
    memset(page, 'x', sizeof page);
    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n");
    (void)!send(fd, page, sizeof page, MSG_NOSIGNAL);
    say(fd, "\r\n0\r\n\r\n");
}

static void say_headers(int fd)
{
    say(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 3000; i++)
        say(fd, "X-Header: some words that make a long line of a header field\r\n");
    say(fd, "\r\n");
}

static bool is_for(const char *input, const char *path)
{
    const char *space = strchr(input, ' ');
    return space && strncmp(space + 1, path, strlen(path)) == 0 && strchr(" ?", space[1 + strlen(path)]);
}

static bool serve_good(int fd, const char *input, size_t len)
{
    char text[256];
    atomic_fetch_add(&received_bytes, (unsigned)len);
    if (strncmp(input, "GET", 3) != 0 && strncmp(input, "POST", 4) != 0 && strncmp(input, "HEAD", 4) != 0)
        return true; /* the rest of a body */
    snprintf(last_request, sizeof last_request, "%.*s", (int)len, input);
    if (is_for(input, "/redirect")) {
        snprintf(text, sizeof text,
                 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:%d/secret\r\nContent-Length: 0\r\n\r\n",
                 good.port);
        say(fd, text);
    } else if (is_for(input, "/big")) {
        say_much(fd);
    } else if (is_for(input, "/headers")) {
        say_headers(fd);
    } else if (is_for(input, "/declared")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");
    } else if (is_for(input, "/silent")) {
        return true;
    } else if (is_for(input, "/drip")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        for (int i = 0; i < 100; i++, usleep(50000)) say(fd, "x");
    } else if (is_for(input, "/cut")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxx");
        return false;
    } else if (is_for(input, "/noise")) {
        say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
        return false;
    } else if (is_for(input, "/gzip")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08");
    } else if (is_for(input, "/continue")) {
        say(fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    } else {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    }
    return true;
}

static bool serve_inner(int fd, const char *input, size_t len)
{
    (void)input;
    (void)len;
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
    return true;
}

static void begin(void)
{
    const struct offload_options options = {.name = "network", .threads = 2, .queue_limit = 100};
    arena = arena_create(16u << 20);
    fake_server_start_on(&good, serve_good, "127.0.0.1", 0);
    fake_server_start_on(&inner, serve_inner, "127.0.0.2", good.port);
    cr_assert(is_ok(offload_create(&options, &pool)));
    setenv("http_proxy", inner.url, 1);
    setenv("https_proxy", inner.url, 1);
    setenv("ALL_PROXY", inner.url, 1);
}

static void end(void)
{
    offload_destroy(pool);
    fake_server_stop(&inner);
    fake_server_stop(&good);
    arena_destroy(arena);
}

TestSuite(fetch, .init = begin, .fini = end);

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct question {
    struct fiber_job job;
    struct fetch *fetch;
    struct fetch_request request;
    struct task task;
    struct fetch_answer answer;
    result outcome;
};

static bool is_given_up; /* while the question is under way */

static void *give_up(void *fetch)
{
    usleep(200000);
    fetch_abort(fetch);
    return NULL;
}

static void ask(struct fiber_job *job)
{
    struct question *question = CONTAINER_OF(job, struct question, job);
    pthread_t thread;
    if (is_given_up) cr_assert_eq(pthread_create(&thread, NULL, give_up, question->fetch), 0);
    question->outcome = fetch_run(question->fetch, &question->task, &question->request, &question->answer);
    if (is_given_up) pthread_join(thread, NULL);
}

static struct question *run(const char *allow, const char *ca_file, struct fetch_request request)
{
    const struct fetch_options options = {
        .pool = pool, .allow = str_from(allow), .ca_file = str_from(ca_file), .user_agent = STR("auth/test")};
    struct question *question = arena_alloc(arena, sizeof *question);
    task_init(&question->task, arena, STR("test"), 60000);
    question->job.run = ask;
    question->request = request;
    if (is_empty(request.method)) question->request.method = STR("GET");
    if (request.answer_bytes_max == 0) question->request.answer_bytes_max = 65536;
    if (request.timeout_ms == 0) question->request.timeout_ms = 10000;
    cr_assert(is_ok(fetch_create(&question->task, &options, &question->fetch)), "%s",
              question->task.fault.detail);
    cr_assert(is_ok(fiber_run_alone(&question->job)));
    fetch_destroy(question->fetch);
    return question;
}

/* With the port of the servers where %d stands. */
static struct str url_of(const char *form)
{
    const char *mark = strstr(form, "%d");
    return str_printf(arena, "%.*s%d%s", (int)(mark - form), form, good.port, mark + 2);
}

static struct question *get(const char *allow, const char *form)
{
    struct fetch_request request = {.url = url_of(form)};
    return run(allow, "", request);
}

static void expect_outcome(const struct question *question, enum fetch_outcome outcome)
{
    cr_expect(is_ok(question->outcome), "%s", question->task.fault.detail);
    cr_expect_eq(question->answer.outcome, outcome, "%s: %.*s", fetch_outcome_name(question->answer.outcome),
                 STR_ARGS(question->answer.reason));
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

Test(fetch, a_name_of_an_inner_address_is_refused)
{
    addresses[0] = "127.0.0.1";
    expect_outcome(get("", "http://hooks.example:%d/"), FETCH_REFUSED);
    addresses[0] = "10.1.2.3";
    expect_outcome(get("", "http://hooks.example:%d/"), FETCH_REFUSED);
    expect_outcome(get("", "http://127.0.0.1:%d/"), FETCH_REFUSED);
    cr_expect_eq(good.connections, 0u, "nobody was asked");
}

Test(fetch, a_name_that_changes_its_mind_is_connected_to_only_where_it_was_checked)
{
    addresses[0] = "127.0.0.1";
    addresses[1] = "127.0.0.2";
    struct question *first = get("127.0.0.1", "http://rebind.example:%d/");
    expect_outcome(first, FETCH_ANSWERED);
    cr_expect(str_equal(first->answer.body, STR("hello")));
    cr_expect_eq(lookups, 1u, "the name is looked up once");
    expect_outcome(get("127.0.0.1", "http://rebind.example:%d/"), FETCH_REFUSED);
    cr_expect_eq(inner.connections, 0u);
}

Test(fetch, of_several_addresses_only_those_that_may_be_are_tried)
{
    addresses[0] = "127.0.0.2";
    addresses[1] = "127.0.0.1";
    answers_together = true;
    struct question *question = get("127.0.0.1", "http://both.example:%d/");
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect(str_equal(question->answer.body, STR("hello")));
    cr_expect_eq(inner.connections, 0u);
}

Test(fetch, a_redirect_is_an_answer_and_is_not_followed)
{
    struct question *question = get("127.0.0.1", "http://127.0.0.1:%d/redirect");
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.status, 302);
    cr_expect_eq(inner.connections, 0u);
}

Test(fetch, proxies_of_the_environment_are_not_used)
{
    struct question *question = get("127.0.0.1", "http://127.0.0.1:%d/");
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.status, 200);
    cr_expect_eq(inner.connections, 0u);
}

Test(fetch, other_spellings_of_an_address_are_the_address)
{
    static const char *const SPELLINGS[] = {"http://2130706433:%d/",        "http://0x7f.1:%d/",
                                            "http://0177.0.0.01:%d/",       "http://127.1:%d/",
                                            "http://[::ffff:7f00:1]:%d/",   "http://[::127.0.0.1]:%d/",
                                            "http://[64:ff9b::7f00:1]:%d/", "http://127.0.0.1.:%d/",
                                            "http://%31%32%37.0.0.1:%d/"};
    for (size_t i = 0; i < ARRAY_COUNT(SPELLINGS); i++) {
        struct question *question = get("", SPELLINGS[i]);
        cr_expect(question->answer.outcome == FETCH_REFUSED ||
                      question->answer.outcome == FETCH_UNREACHABLE ||
                      question->answer.outcome == FETCH_BAD_URL,
                  "%s: %s", SPELLINGS[i], fetch_outcome_name(question->answer.outcome));
    }
    cr_expect_eq(good.connections, 0u);
}

Test(fetch, a_host_the_operator_named_may_be_anywhere)
{
    addresses[0] = "127.0.0.1";
    expect_outcome(get("hooks.internal", "http://hooks.internal:%d/"), FETCH_ANSWERED);
    expect_outcome(get("hooks.internal", "http://other.internal:%d/"), FETCH_REFUSED);
}

Test(fetch, too_large_bodies_and_headers_end_the_request)
{
    expect_outcome(get("127.0.0.1", "http://127.0.0.1:%d/big"), FETCH_TOO_LARGE);
    expect_outcome(get("127.0.0.1", "http://127.0.0.1:%d/headers"), FETCH_TOO_LARGE);
    struct fetch_request request = {.url = str_printf(arena, "http://127.0.0.1:%d/declared", good.port),
                                    .timeout_ms = 500};
    expect_outcome(run("127.0.0.1", "", request), FETCH_TIMED_OUT);
    request = (struct fetch_request){.url = str_printf(arena, "http://127.0.0.1:%d/big", good.port),
                                     .answer_bytes_max = BIG_BYTES};
    struct question *question = run("127.0.0.1", "", request);
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.body.len, BIG_BYTES);
}

Test(fetch, slow_servers_are_left)
{
    static const char *const PATHS[] = {"http://127.0.0.1:%d/silent", "http://127.0.0.1:%d/drip"};
    for (size_t i = 0; i < ARRAY_COUNT(PATHS); i++) {
        struct fetch_request request = {.url = url_of(PATHS[i]), .timeout_ms = 400};
        struct question *question = run("127.0.0.1", "", request);
        expect_outcome(question, FETCH_TIMED_OUT);
        cr_expect(question->answer.duration_ms >= 390 && question->answer.duration_ms < 4000, "%lld",
                  (long long)question->answer.duration_ms);
    }
}

Test(fetch, name_servers_that_are_silent_are_left)
{
    lookup_us = 2000000;
    addresses[0] = "127.0.0.1";
    struct fetch_request request = {.url = url_of("http://slow.example:%d/"), .timeout_ms = 300};
    struct question *question = run("slow.example", "", request);
    cr_expect_eq(question->answer.outcome, FETCH_TIMED_OUT, "%.*s", STR_ARGS(question->answer.reason));
    cr_expect_lt(question->answer.duration_ms, 1500);
    while (atomic_load(&lookups_done) < atomic_load(&lookups)) usleep(10000);
}

Test(fetch, what_is_aborted_fails_soon)
{
    is_given_up = true;
    struct question *question = get("127.0.0.1", "http://127.0.0.1:%d/silent");
    expect_outcome(question, FETCH_BROKEN);
    cr_expect_lt(question->answer.duration_ms, 3000);
}

Test(fetch, broken_answers_are_told_apart)
{
    struct question *question = get("127.0.0.1", "http://127.0.0.1:%d/cut");
    expect_outcome(question, FETCH_BROKEN);
    cr_expect_eq(question->answer.status, 200, "its status had come");
    expect_outcome(get("127.0.0.1", "http://127.0.0.1:%d/noise"), FETCH_BROKEN);
    expect_outcome(get("", "http://nowhere.example:%d/"), FETCH_UNREACHABLE);
    expect_outcome(get("127.0.0.3", "http://127.0.0.3:%d/"), FETCH_UNREACHABLE);
    expect_outcome(get("127.0.0.2", "https://127.0.0.2:%d/"), FETCH_TLS_FAILED);
    expect_outcome(get("127.0.0.1", "ftp://127.0.0.1:%d/"), FETCH_BAD_URL);
}

Test(fetch, requests_that_are_malformed_are_not_sent)
{
    static const struct fetch_header HEADERS[] = {
        {STR_INIT("X-A"), STR_INIT("b\r\nX-Injected: c")},
        {STR_INIT("X-A\r\nX-B"), STR_INIT("b")},
        {STR_INIT("X A"), STR_INIT("b")},
        {STR_INIT(""), STR_INIT("b")},
        {STR_INIT("X-A"), {"b\0c", 3}},
    };
    struct fetch_request request = {.url = str_printf(arena, "http://127.0.0.1:%d/", good.port)};
    for (size_t i = 0; i < ARRAY_COUNT(HEADERS); i++) {
        request.headers = &HEADERS[i];
        request.header_count = 1;
        cr_expect_eq(run("127.0.0.1", "", request)->outcome.code, STATUS_BAD_REQUEST, "%zu", i);
    }
    request.header_count = 0;
    request.method = STR("GET / HTTP/1.1\r\nX: y\r\n\r\nGET");
    cr_expect_eq(run("127.0.0.1", "", request)->outcome.code, STATUS_BAD_REQUEST);
    cr_expect_eq(good.connections, 0u);
}

/* --- what works --------------------------------------------------------------------------------------------------- */

Test(fetch, a_request_arrives_as_it_was_given)
{
    static const struct fetch_header HEADERS[] = {{STR_INIT("Content-Type"), STR_INIT("application/json")},
                                                  {STR_INIT("X-Empty"), STR_INIT("")},
                                                  {STR_INIT("Webhook-Signature"), STR_INIT("v1=abc")}};
    struct fetch_request request = {.method = STR("POST"),
                                    .url = str_printf(arena, "http://127.0.0.1:%d/hook?x=1#part", good.port),
                                    .headers = HEADERS,
                                    .header_count = ARRAY_COUNT(HEADERS),
                                    .body = STR("{\"a\":1}")};
    struct question *question = run("127.0.0.1", "", request);
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.status, 200);
    cr_expect(str_equal(question->answer.content_type, STR("text/plain")));
    cr_expect(str_equal(question->answer.body, STR("hello")));
    cr_expect(strncmp(last_request, "POST /hook?x=1 HTTP/1.1\r\n", 25) == 0, "%s", last_request);
    cr_expect(strstr(last_request, "\r\nContent-Type: application/json\r\n"));
    cr_expect(strstr(last_request, "\r\nX-Empty:\r\n"));
    cr_expect(strstr(last_request, "\r\nWebhook-Signature: v1=abc\r\n"));
    cr_expect(strstr(last_request, "\r\nUser-Agent: auth/test\r\n"));
    cr_expect(strstr(last_request, "\r\nContent-Length: 7\r\n"));
    cr_expect(strstr(last_request, "\r\n\r\n{\"a\":1}"));
    cr_expect_null(strstr(last_request, "Expect"));
    cr_expect_null(strstr(last_request, "Authorization"));
}

Test(fetch, large_bodies_are_sent_whole)
{
    char *body = arena_alloc(arena, 2000000);
    memset(body, 'b', 2000000);
    struct fetch_request request = {.method = STR("POST"),
                                    .url = str_printf(arena, "http://127.0.0.1:%d/hook", good.port),
                                    .body = {body, 2000000}};
    expect_outcome(run("127.0.0.1", "", request), FETCH_ANSWERED);
}

Test(fetch, nothing_is_unpacked_and_interim_answers_are_passed_over)
{
    struct question *question = get("127.0.0.1", "http://127.0.0.1:%d/gzip");
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.body.len, 3u);
    question = get("127.0.0.1", "http://127.0.0.1:%d/continue");
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.status, 404);
    struct fetch_request request = {.method = STR("HEAD"),
                                    .url = str_printf(arena, "http://127.0.0.1:%d/", good.port)};
    question = run("127.0.0.1", "", request);
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect(is_empty(question->answer.body));
}

/* --- TLS ---------------------------------------------------------------------------------------------------------- */

static void shell(const char *command)
{
    cr_assert_eq(system(command), 0, "%s", command);
}

static bool is_listening(int port)
{
    const struct sockaddr_in place = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const bool is_there = connect(fd, (const struct sockaddr *)&place, sizeof place) == 0;
    close(fd);
    return is_there;
}

Test(fetch, certificates_are_verified)
{
    char folder[] = "/tmp/fetch-tls-XXXXXX";
    char command[1024];
    struct fake_server spare;
    cr_assert(mkdtemp(folder));
    fake_server_start_on(&spare, serve_inner, "127.0.0.1", 0);
    const int port = spare.port;
    fake_server_stop(&spare);
    snprintf(
        command, sizeof command,
        "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out "
        "cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:hooks.internal >log 2>&1 && "
        "(openssl s_server -accept 127.0.0.1:%d -cert cert.pem -key key.pem -www -quiet >log 2>&1 & echo $! "
        ">pid)",
        folder, port);
    shell(command);
    for (int i = 0; i < 200 && !is_listening(port); i++) usleep(50000);
    addresses[0] = "127.0.0.1";
    char ca_file[64];
    snprintf(ca_file, sizeof ca_file, "%s/cert.pem", folder);
    struct fetch_request request = {.url = str_printf(arena, "https://hooks.internal:%d/", port)};
    expect_outcome(run("hooks.internal", "", request), FETCH_TLS_FAILED);
    struct question *question = run("hooks.internal", ca_file, request);
    expect_outcome(question, FETCH_ANSWERED);
    cr_expect_eq(question->answer.status, 200);
    request.url = str_printf(arena, "https://other.internal:%d/", port);
    expect_outcome(run("other.internal", ca_file, request), FETCH_TLS_FAILED);
    snprintf(command, sizeof command, "cd %s && kill $(cat pid); rm -rf %s", folder, folder);
    shell(command);
}
