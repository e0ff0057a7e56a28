// SPDX-License-Identifier: MIT
#include "fake_server.h"
#include <stdbool.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64

static void accept_one(struct fake_server *server, struct pollfd *fds, nfds_t *count)
{
    const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    atomic_fetch_add(&server->connections, 1);
    if (*count == CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    fds[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static bool serve_one(struct fake_server *server, int fd)
{
    char input[65536];
    const ssize_t len = read(fd, input, sizeof input);
    return len > 0 && server->script(fd, input, (size_t)len);
}

static void *server_run(void *argument)
{
    struct fake_server *server = argument;
    struct pollfd fds[CONNECTIONS_MAX] = {{.fd = server->stop_pipe[0], .events = POLLIN},
                                          {.fd = server->listener, .events = POLLIN}};
    nfds_t count = 2;
    while (poll(fds, count, -1) > 0 && fds[0].revents == 0) {
        const nfds_t known = count;
        for (nfds_t i = known; i-- > 2;) {
            if (fds[i].revents == 0 || serve_one(server, fds[i].fd)) continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
        }
        if (fds[1].revents) accept_one(server, fds, &count);
    }
    for (nfds_t i = 2; i < count; i++) close(fds[i].fd);
    return NULL;
}

static void begin(struct fake_server *server)
{
    if (listen(server->listener, 64) != 0 || pipe(server->stop_pipe) != 0) abort();
    if (pthread_create(&server->thread, NULL, server_run, server) != 0) abort();
}

void fake_server_start(struct fake_server *server, fake_script *script)
{
    *server = (struct fake_server){.script = script};
    char folder[] = "/tmp/fake-test-XXXXXX";
    if (!mkdtemp(folder)) abort();
    snprintf(server->path, sizeof server->path, "%s/socket", folder);
    snprintf(server->url, sizeof server->url, "unix://%s", server->path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0) abort();
    begin(server);
}

void fake_server_start_on(struct fake_server *server, fake_script *script, const char *address, int port)
{
    const int on = 1;
    *server = (struct fake_server){.script = script};
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof place;
    if (inet_pton(AF_INET, address, &place.sin_addr) != 1) abort();
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server->listener, (struct sockaddr *)&place, sizeof place) != 0) abort();
    if (getsockname(server->listener, (struct sockaddr *)&place, &size) != 0) abort();
    server->port = ntohs(place.sin_port);
    snprintf(server->url, sizeof server->url, "http://%s:%d", address, server->port);
    begin(server);
}

void fake_server_stop(struct fake_server *server)
{
    close(server->stop_pipe[1]);
    pthread_join(server->thread, NULL);
    close(server->stop_pipe[0]);
    close(server->listener);
    if (server->path[0] == '\0') return;
    unlink(server->path);
    char *slash = server->path;
    for (char *c = server->path; *c; c++) {
        if (*c == '/') slash = c;
    }
    *slash = '\0';
    rmdir(server->path);
}
