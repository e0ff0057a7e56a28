// SPDX-License-Identifier: MIT
#include "redis_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_TRIES 500

static void give_up(const char *what)
{
    perror(what);
    abort();
}

static void child_run(const struct redis_server *server)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that crashes leaves no server behind
    if (!freopen("/dev/null", "w", stdout)) _exit(1);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket, "--save", "",
           "--appendonly", "no", "--dir", server->folder, server->password ? "--requirepass" : (char *)NULL,
           server->password, (char *)NULL);
    _exit(127);
}

static int server_connect(const struct redis_server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->socket);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

void redis_server_restart(struct redis_server *server)
{
    unlink(server->socket);
    server->pid = fork();
    if (server->pid < 0) give_up("fork");
    if (server->pid == 0) child_run(server);
    for (int i = 0; i < START_TRIES; i++) {
        const int fd = server_connect(server);
        if (fd >= 0) {
            close(fd);
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    give_up("redis-server does not start");
}

void redis_server_start(struct redis_server *server, const char *password)
{
    *server = (struct redis_server){.password = password};
    snprintf(server->folder, sizeof server->folder, "/tmp/redis-test-XXXXXX");
    if (!mkdtemp(server->folder)) give_up("mkdtemp");
    snprintf(server->socket, sizeof server->socket, "%s/socket", server->folder);
    snprintf(server->url, sizeof server->url, "unix://%s%s%s%s", password ? ":" : "",
             password ? password : "", password ? "@" : "", server->socket);
    redis_server_restart(server);
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid == 0) return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void redis_server_pause(const struct redis_server *server)
{
    kill(server->pid, SIGSTOP);
}

void redis_server_resume(const struct redis_server *server)
{
    kill(server->pid, SIGCONT);
}

void redis_server_stop(struct redis_server *server)
{
    redis_server_kill(server);
    unlink(server->socket);
    rmdir(server->folder);
}

const char *redis_server_ask(const struct redis_server *server, const char *command)
{
    static char reply[4096];
    char request[1200];
    const int fd = server_connect(server);
    if (fd < 0) give_up("connect");
    const int len =
        snprintf(request, sizeof request, "%s%s%s%s\r\n", server->password ? "AUTH " : "",
                 server->password ? server->password : "", server->password ? "\r\n" : "", command);
    if (write(fd, request, (size_t)len) != len) give_up("write");
    shutdown(fd, SHUT_WR); // Redis answers everything it has read, then closes
    size_t filled = 0;
    ssize_t count = 0;
    while ((count = read(fd, reply + filled, sizeof reply - 1 - filled)) > 0) filled += (size_t)count;
    close(fd);
    reply[filled] = '\0';
    return server->password && filled >= 5 ? reply + 5 : reply; // after "+OK\r\n"
}
