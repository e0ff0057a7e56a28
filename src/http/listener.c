// SPDX-License-Identifier: MIT
#include "listener_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG           511
#define UNIX_MODE         0660
#define HOST_MAX          256u
#define PORT_MAX          6u
#define UNIX_SOCKETS_MAX  8u
#define ADDRESS_PRINT_MAX (HOST_MAX + PORT_MAX + 3u)

/* The Unix sockets this process listens on. */
static struct unix_socket {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    int fd;
    unsigned users;
} unix_sockets[UNIX_SOCKETS_MAX];
static pthread_mutex_t unix_sockets_lock = PTHREAD_MUTEX_INITIALIZER;

static struct unix_socket *unix_socket_find(struct str path)
{
    for (size_t i = 0; i < UNIX_SOCKETS_MAX; i++)
        if (unix_sockets[i].users > 0 && str_equal(str_from(unix_sockets[i].path), path))
            return &unix_sockets[i];
    return NULL;
}

static struct unix_socket *unix_socket_free(void)
{
    for (size_t i = 0; i < UNIX_SOCKETS_MAX; i++)
        if (unix_sockets[i].users == 0) return &unix_sockets[i];
    return NULL;
}

static void close_scoped(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

static int take_fd(int *fd)
{
    const int taken = *fd;
    *fd = -1;
    return taken;
}

/* A file left by a process that is gone answers "refused"; one that somebody serves is not touched. */
static bool is_stale(const struct sockaddr_un *name)
{
    int SCOPED(close_scoped) probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    return connect(probe, (const struct sockaddr *)name, sizeof(*name)) != 0 && errno == ECONNREFUSED;
}

static result unix_bind(const char *path, struct fault *fault, int *ret_fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    int SCOPED(close_scoped) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) FAIL(fault, BAD_REQUEST, "socket: %m");
    /* The file gets the socket's mode, so that there is no moment when it is wider. */
    if (fchmod(fd, UNIX_MODE) != 0) FAIL(fault, BAD_REQUEST, "fchmod: %m");
    if (is_stale(&name)) (void)unlink(path);
    if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0)
        FAIL(fault, BAD_REQUEST, "cannot bind %s: %m", path);
    if (chmod(path, UNIX_MODE) != 0 || listen(fd, BACKLOG) != 0)
        FAIL(fault, BAD_REQUEST, "cannot listen on %s: %m", path);
    *ret_fd = take_fd(&fd);
    return RESULT_OK;
}

static result unix_open_locked(struct str path, bool reuse, struct fault *fault,
                               struct listener *ret_listener)
{
    struct unix_socket *found = unix_socket_find(path);
    if (found && !reuse) FAIL(fault, BAD_REQUEST, "%s is already listened on", found->path);
    if (!found) {
        struct unix_socket *fresh = unix_socket_free();
        if (!fresh) FAIL(fault, BAD_REQUEST, "more than %u Unix sockets", UNIX_SOCKETS_MAX);
        (void)snprintf(fresh->path, sizeof(fresh->path), "%.*s", STR_ARGS(path));
        TRY(unix_bind(fresh->path, fault, &fresh->fd));
        found = fresh;
    }
    const int fd = fcntl(found->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) FAIL(fault, BAD_REQUEST, "dup: %m");
    found->users++;
    ret_listener->fd = fd;
    ret_listener->is_unix = true;
    return RESULT_OK;
}

static result unix_open(struct str path, bool reuse, struct fault *fault, struct listener *ret_listener)
{
    if (path.len == 0 || path.len >= sizeof(unix_sockets[0].path) || path.ptr[0] != '/' || has_nul(path))
        FAIL(fault, BAD_REQUEST, "\"%.*s\" is no absolute path of at most %zu bytes", STR_ARGS(path),
             sizeof(unix_sockets[0].path) - 1);
    (void)pthread_mutex_lock(&unix_sockets_lock);
    const result opened = unix_open_locked(path, reuse, fault, ret_listener);
    (void)pthread_mutex_unlock(&unix_sockets_lock);
    return opened;
}

static bool split_host_port(struct str address, char ret_host[HOST_MAX], char ret_port[PORT_MAX])
{
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':') colon--;
    if (colon < 2) return false;
    struct str host = {address.ptr, colon - 1};
    const struct str port = str_from_offset(address, colon);
    int64_t number = -1;
    if (!str_to_int64(port, &number) || number < 0 || number > 65535 || port.len >= PORT_MAX) return false;
    const bool has_brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (has_brackets) host = (struct str){host.ptr + 1, host.len - 2};
    if (!has_brackets && memchr(host.ptr, ':', host.len)) return false;
    if (host.len >= HOST_MAX || has_nul(host)) return false;
    (void)snprintf(ret_host, HOST_MAX, "%.*s", STR_ARGS(host));
    (void)snprintf(ret_port, PORT_MAX, "%.*s", STR_ARGS(port));
    return true;
}

static int tcp_bind(const struct addrinfo *where, bool reuse_port)
{
    const int on = 1;
    int SCOPED(close_scoped) fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return -1;
    if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) return -1;
    if (bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) return -1;
    return take_fd(&fd);
}

static struct str bound_address(int fd, struct arena *arena)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof(name);
    char host[HOST_MAX];
    char port[PORT_MAX];
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0) return STR("?");
    if (getnameinfo((struct sockaddr *)&name, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return STR("?");
    return str_printf(arena, name.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static result tcp_open(struct str address, bool reuse_port, struct fault *fault,
                       struct listener *ret_listener)
{
    char host[HOST_MAX];
    char port[PORT_MAX];
    if (!split_host_port(address, host, port))
        FAIL(fault, BAD_REQUEST, "\"%.*s\" is not host:port, [v6]:port or unix:/path", STR_ARGS(address));
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    const int looked_up = getaddrinfo(host, port, &hints, &found);
    if (looked_up != 0) FAIL(fault, BAD_REQUEST, "cannot resolve %s: %s", host, gai_strerror(looked_up));
    const int fd = tcp_bind(found, reuse_port);
    const int bind_error = errno;
    freeaddrinfo(found);
    errno = bind_error;
    if (fd < 0) FAIL(fault, BAD_REQUEST, "cannot listen on %.*s: %m", STR_ARGS(address));
    ret_listener->fd = fd;
    ret_listener->is_unix = false;
    return RESULT_OK;
}

result listener_open(struct str address, bool reuse_port, struct arena *arena, struct fault *fault,
                     struct listener *ret_listener)
{
    if (str_starts_with(address, STR("unix:"))) {
        TRY(unix_open(str_from_offset(address, strlen("unix:")), reuse_port, fault, ret_listener));
        ret_listener->address = str_copy(arena, address);
        return RESULT_OK;
    }
    TRY(tcp_open(address, reuse_port, fault, ret_listener));
    ret_listener->address = bound_address(ret_listener->fd, arena);
    return RESULT_OK;
}

static void unix_release(struct str path)
{
    (void)pthread_mutex_lock(&unix_sockets_lock);
    struct unix_socket *found = unix_socket_find(path);
    if (found && --found->users == 0) {
        (void)close(found->fd);
        (void)unlink(found->path);
    }
    (void)pthread_mutex_unlock(&unix_sockets_lock);
}

void listener_close(struct listener *listener)
{
    if (listener->fd < 0) return;
    (void)close(listener->fd);
    listener->fd = -1;
    if (listener->is_unix) unix_release(str_from_offset(listener->address, strlen("unix:")));
}
