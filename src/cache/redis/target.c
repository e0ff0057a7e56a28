// SPDX-License-Identifier: MIT
#include "target_internal.h"

#include <netdb.h>
#include <string.h>
#include <sys/un.h>

#include "auth/base/encoding.h"

#define DEFAULT_PORT "6379"
#define DATABASE_MAX 65535
#define HOST_MAX     253u /* RFC 1035 §2.3.4: 255 octets on the wire */

static bool find_last(struct str text, char wanted, size_t *ret_offset)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.ptr[i - 1] != wanted) continue;
        *ret_offset = i - 1;
        return true;
    }
    return false;
}

static struct str before(struct str text, size_t offset)
{
    return (struct str){text.ptr, offset};
}

static const char *credentials_parse(struct arena *arena, struct str userinfo, struct redis_target *target)
{
    if (!memchr(userinfo.ptr, ':', userinfo.len)) return "a user name needs a password: user:password@";
    struct str password = userinfo;
    const struct str user = str_split(&password, ':');
    struct str decoded = STR_NONE;
    if (!percent_decode(arena, user, false, &target->user) ||
        !percent_decode(arena, password, false, &decoded)) {
        return "the user name or the password has a % that is not followed by two hexadecimal digits";
    }
    if (is_empty(decoded)) return "the password is empty";
    target->password = secret_copy(arena, decoded.ptr, decoded.len);
    return NULL;
}

static const char *database_parse(struct str text, struct redis_target *target)
{
    if (is_empty(text)) return NULL;
    if (!str_to_int64(text, &target->database) || target->database < 0 || target->database > DATABASE_MAX) {
        return "the database must be a number from 0 to 65535";
    }
    return NULL;
}

/* Takes "user:password@" off the front of what stands before `end`. */
static const char *userinfo_take(struct arena *arena, struct str *rest, size_t end,
                                 struct redis_target *target)
{
    size_t at = 0;
    if (!find_last(before(*rest, end), '@', &at)) return NULL;
    const char *problem = credentials_parse(arena, before(*rest, at), target);
    *rest = str_from_offset(*rest, at + 1);
    return problem;
}

static size_t offset_of(struct str text, char wanted)
{
    const char *found = is_empty(text) ? NULL : memchr(text.ptr, wanted, text.len);
    return found ? (size_t)(found - text.ptr) : text.len;
}

static const char *unix_parse(struct arena *arena, struct str rest, struct redis_target *target)
{
    const char *problem = userinfo_take(arena, &rest, offset_of(rest, '/'), target);
    if (problem) return problem;
    struct str query = rest;
    struct str path = STR_NONE;
    if (!percent_decode(arena, str_split(&query, '?'), false, &path))
        return "the path has a wrong % sequence";
    if (is_empty(path) || path.ptr[0] != '/') return "unix:// needs an absolute path: unix:///run/redis.sock";
    if (!is_empty(query)) {
        if (!str_starts_with(query, STR("db="))) return "the only parameter known is db";
        problem = database_parse(str_from_offset(query, 3), target);
        if (problem) return problem;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path.len >= sizeof address.sun_path || has_nul(path)) return "the path is too long for a Unix socket";
    memcpy(address.sun_path, path.ptr, path.len);
    memcpy(&target->addresses.items[0], &address, sizeof address);
    target->addresses.sizes[0] = sizeof address;
    target->addresses.count = 1;
    return NULL;
}

static const char *host_split(struct str authority, struct str *ret_host, struct str *ret_port)
{
    *ret_port = STR(DEFAULT_PORT);
    struct str rest;
    if (str_starts_with(authority, STR("["))) {
        /* RFC 3986 §3.2.2: "A host identified by an Internet Protocol literal address, version 6 or later, is
         * distinguished by enclosing the IP literal within square brackets". */
        const size_t end = offset_of(authority, ']');
        if (end == authority.len) return "the IPv6 address misses its closing bracket";
        *ret_host = (struct str){authority.ptr + 1, end - 1};
        rest = str_from_offset(authority, end + 1);
        if (!is_empty(rest) && rest.ptr[0] != ':') return "only a port may follow the IPv6 address";
    } else {
        *ret_host = before(authority, offset_of(authority, ':'));
        rest = str_from_offset(authority, ret_host->len);
    }
    if (rest.len > 1) *ret_port = str_from_offset(rest, 1);
    int64_t port = 0;
    if (!str_to_int64(*ret_port, &port) || port < 1 || port > 65535) return "the port must be 1 to 65535";
    if (is_empty(*ret_host) || ret_host->len > HOST_MAX || has_nul(*ret_host)) return "the host is missing";
    return NULL;
}

static void addresses_copy(const struct addrinfo *list, struct redis_addresses *addresses)
{
    for (; list && addresses->count < REDIS_ADDRESSES_MAX; list = list->ai_next) {
        if (list->ai_addrlen > sizeof addresses->items[0]) continue;
        memcpy(&addresses->items[addresses->count], list->ai_addr, list->ai_addrlen);
        addresses->sizes[addresses->count++] = list->ai_addrlen;
    }
}

static void look_up(struct str host, struct str port, int flags, struct redis_addresses *ret_addresses)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    *ret_addresses = (struct redis_addresses){0};
    if (getaddrinfo(host.ptr, port.ptr, &hints, &list) != 0) return;
    addresses_copy(list, ret_addresses);
    freeaddrinfo(list);
}

void redis_resolve(struct str host, struct str port, struct redis_addresses *ret_addresses)
{
    look_up(host, port, AI_ADDRCONFIG, ret_addresses);
}

static const char *tcp_parse(struct arena *arena, struct str rest, struct redis_target *target)
{
    const size_t slash = offset_of(rest, '/');
    struct str authority = before(rest, slash);
    struct str database = str_from_offset(rest, slash < rest.len ? slash + 1 : slash);
    const char *problem = userinfo_take(arena, &authority, authority.len, target);
    if (problem) return problem;
    problem = database_parse(database, target);
    if (problem) return problem;
    struct str host = STR_NONE;
    struct str port = STR_NONE;
    problem = host_split(authority, &host, &port);
    if (problem) return problem;
    host = str_copy(arena, host);
    target->port = str_copy(arena, port);
    look_up(host, target->port, AI_NUMERICHOST, &target->addresses);
    if (target->addresses.count == 0) target->host = host;
    return NULL;
}

const char *redis_target_parse(struct arena *arena, struct str url, struct redis_target *ret_target)
{
    struct redis_target target = {0};
    const char *problem = "the URL must begin with redis:// or unix://";
    if (str_starts_with(url, STR("rediss://"))) {
        /* hiredis 0.14 has no TLS; a connection in clear where one in TLS was asked for would be a betrayal. */
        problem =
            "TLS to Redis (rediss://) is not available: use a Unix socket, or redis:// to a TLS tunnel on "
            "this machine";
    } else if (str_starts_with(url, STR("redis://"))) {
        problem = tcp_parse(arena, str_from_offset(url, 8), &target);
    } else if (str_starts_with(url, STR("unix://"))) {
        problem = unix_parse(arena, str_from_offset(url, 7), &target);
    }
    if (!problem) *ret_target = target;
    return problem;
}
