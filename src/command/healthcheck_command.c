// SPDX-License-Identifier: MIT
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/command/command.h"
#include "commands_internal.h"
#include "runtime_internal.h"

#define ANSWER_BYTES   4096u
#define ANSWER_SECONDS 5

static int connect_unix(struct str path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path.len >= sizeof address.sun_path) return -1;
    memcpy(address.sun_path, path.ptr, path.len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* "host:port" or "[v6]:port" in its two parts; an address that means "all" is asked on this machine. */
static void split_address(struct arena *arena, struct str listen, struct str *ret_host, struct str *ret_port)
{
    size_t colon = listen.len;
    while (colon > 0 && listen.ptr[colon - 1] != ':') colon--;
    struct str host = {listen.ptr, colon > 0 ? colon - 1 : 0};
    if (host.len >= 2 && host.ptr[0] == '[') host = (struct str){host.ptr + 1, host.len - 2};
    if (str_equal(host, STR("0.0.0.0"))) host = STR("127.0.0.1");
    if (str_equal(host, STR("::"))) host = STR("::1");
    *ret_host = str_copy(arena, host);
    *ret_port = str_copy(arena, str_from_offset(listen, colon));
}

static int connect_first(const struct addrinfo *addresses)
{
    for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
        const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0) return fd;
        if (fd >= 0) close(fd);
    }
    return -1;
}

static int connect_tcp(struct arena *arena, struct str listen)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    struct str host, port;
    split_address(arena, listen, &host, &port);
    if (getaddrinfo(host.ptr, port.ptr, &hints, &addresses) != 0) return -1;
    const int fd = connect_first(addresses);
    freeaddrinfo(addresses);
    return fd;
}

/* Sends the request and reads what comes until the end or the time is up. */
static size_t exchange(int fd, const char *path, char answer[ANSWER_BYTES + 1])
{
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    char text[128];
    const int len =
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len) return 0;
    size_t used = 0;
    ssize_t count;
    while (used < ANSWER_BYTES && (count = read(fd, answer + used, ANSWER_BYTES - used)) > 0)
        used += (size_t)count;
    answer[used] = '\0';
    return used;
}

static int ask(struct arena *arena, struct str listen, const char *path)
{
    const bool is_unix = str_starts_with(listen, STR("unix:"));
    const int fd = is_unix ? connect_unix(str_from_offset(listen, 5)) : connect_tcp(arena, listen);
    if (fd < 0) {
        fprintf(stderr,
                "auth healthcheck: nothing answers on %.*s; is `auth serve` running with these settings?\n",
                STR_ARGS(listen));
        return EXIT_FAILED;
    }
    char *answer = arena_alloc(arena, ANSWER_BYTES + 1);
    const size_t count = exchange(fd, path, answer);
    close(fd);
    const char *body = count > 0 ? strstr(answer, "\r\n\r\n") : NULL;
    printf("%s\n", body ? body + 4 : "no answer");
    const bool is_good = count > 12 && strncmp(answer, "HTTP/1.1 200", 12) == 0;
    return is_good ? EXIT_DONE : EXIT_FAILED;
}

int healthcheck_command(int argc, char **argv)
{
    bool is_live = false;
    const struct command_option options[] = {{"--live", NULL, &is_live}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, &line, "healthcheck");
    if (code == EXIT_DONE)
        code = ask(runtime.arena, runtime.settings->ops_listen, is_live ? "/livez" : "/readyz");
    runtime_done(&runtime);
    return code;
}
