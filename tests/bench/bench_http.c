// SPDX-License-Identifier: MIT
/* The yard-stick of `make bench`: libmicrohttpd alone, external epoll, one prebuilt body, no checks.
 * Usage: bench_http <unix:/path | port> <bytes>. Runs until a signal ends it. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG     511
#define CONNECTIONS 4096u
#define POOL_BYTES  ((size_t)12 * 1024)

/* Answered in the call after the head and the body: in the first, libmicrohttpd 0.9.75 closes the connection. */
static enum MHD_Result handle(void *response, struct MHD_Connection *connection, const char *target,
                              const char *method, const char *version, const char *data, size_t *data_len,
                              void **context)
{
    (void)target, (void)method, (void)version, (void)data;
    const int is_first = *context == NULL;
    const int has_body = *data_len > 0;
    *context = response;
    *data_len = 0;
    if (is_first || has_body) return MHD_YES;
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static int listen_on(const char *where)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int is_unix = strncmp(where, "unix:", 5) == 0;
    const struct sockaddr *name = is_unix ? (const struct sockaddr *)&path : (const struct sockaddr *)&port;
    const socklen_t size = is_unix ? sizeof(path) : sizeof(port);
    const int on = 1;
    if (is_unix)
        (void)snprintf(path.sun_path, sizeof(path.sun_path), "%s", where + 5);
    else
        port.sin_port = htons((uint16_t)strtoul(where, NULL, 10));
    const int fd = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (is_unix)
        (void)unlink(path.sun_path);
    else
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, name, size) != 0 || listen(fd, BACKLOG) != 0) {
        perror(where);
        exit(1);
    }
    return fd;
}

static struct MHD_Response *respond(size_t bytes)
{
    char *body = malloc(bytes + 1);
    if (!body) exit(1);
    memset(body, 'x', bytes);
    struct MHD_Response *response = MHD_create_response_from_buffer(bytes, body, MHD_RESPMEM_MUST_FREE);
    if (!response) exit(1);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    return response;
}

_Noreturn static void run(struct MHD_Daemon *daemon)
{
    const int daemon_fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct epoll_event event = {.events = EPOLLIN};
    const int loop_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop_fd < 0 || epoll_ctl(loop_fd, EPOLL_CTL_ADD, daemon_fd, &event) != 0) exit(1);
    for (;;) {
        MHD_UNSIGNED_LONG_LONG wait_ms = 0;
        const int has_wait = MHD_get_timeout(daemon, &wait_ms) == MHD_YES;
        (void)epoll_wait(loop_fd, &event, 1, has_wait ? (int)wait_ms : -1);
        (void)MHD_run(daemon);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s <unix:/path | port> <bytes>\n", argv[0]);
        return 2;
    }
    struct MHD_Response *response = respond(strtoul(argv[2], NULL, 10));
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, response, MHD_OPTION_LISTEN_SOCKET,
                         listen_on(argv[1]), MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES, MHD_OPTION_END);
    if (!daemon) return 1;
    run(daemon);
}
