// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <sys/un.h>

#include "settings_internal.h"

static bool has_space(struct str text)
{
    return text.len > 0 && memchr(text.ptr, ' ', text.len) != NULL;
}

static const char *word_problem(struct str text)
{
    return has_space(text) ? "must not contain spaces" : NULL;
}

/* postgresql+psycopg2 and the like: SQLAlchemy names a driver after '+'. */
static const char *sql_uri_problem(struct str text)
{
    static const struct str engines[] = {STR_INIT("sqlite"), STR_INIT("postgresql"), STR_INIT("postgres")};
    const char *mark = memmem(text.ptr, text.len, "://", 3);
    struct str scheme = {text.ptr, mark ? (size_t)(mark - text.ptr) : 0};
    const struct str engine = str_split(&scheme, '+');
    for (size_t i = 0; i < ARRAY_COUNT(engines); i++) {
        if (str_equal(engine, engines[i])) return NULL;
    }
    return "must begin with sqlite:// or postgresql://";
}

static const char *redis_url_problem(struct str text)
{
    static const struct str starts[] = {STR_INIT("redis://"), STR_INIT("unix://")};
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        if (str_starts_with(text, starts[i])) return word_problem(text);
    }
    return "must begin with redis:// or unix://; rediss:// needs a TLS tunnel on this machine";
}

static const char *smtp_url_problem(struct str text)
{
    if (str_starts_with(text, STR("smtp://")) || str_starts_with(text, STR("smtps://")))
        return word_problem(text);
    return "must begin with smtp:// or smtps://";
}

static bool is_port(struct str text)
{
    int64_t port;
    return str_to_int64(text, &port) && port >= 1 && port <= 65535;
}

/* Offset of the ':' before the port, or the length. A colon inside brackets belongs to an IPv6 address. */
static size_t port_mark(struct str text)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.ptr[i - 1] == ']') return text.len;
        if (text.ptr[i - 1] == ':') return i - 1;
    }
    return text.len;
}

static bool is_host(struct str host)
{
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        char address[INET6_ADDRSTRLEN];
        unsigned char bytes[sizeof(struct in6_addr)];
        if (host.len - 2 >= sizeof(address)) return false;
        memcpy(address, host.ptr + 1, host.len - 2);
        address[host.len - 2] = '\0';
        return inet_pton(AF_INET6, address, bytes) == 1;
    }
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.ptr[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') return false;
    }
    return host.len > 0;
}

static const char *listen_problem(struct str text)
{
    static const char sentence[] = "must be host:port, [address]:port or unix:/path";
    if (str_starts_with(text, STR("unix:"))) {
        const size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
        const struct str path = str_from_offset(text, 5);
        if (path.len > path_max) return "must be a socket path of at most 107 bytes";
        return is_empty(path) ? sentence : NULL;
    }
    const size_t mark = port_mark(text);
    const struct str host = {text.ptr, mark};
    const bool is_fine = mark < text.len && is_host(host) && is_port(str_from_offset(text, mark + 1));
    return is_fine ? NULL : sentence;
}

static bool is_authority(struct str text)
{
    const size_t mark = port_mark(text);
    if (!is_host((struct str){text.ptr, mark})) return false;
    return mark == text.len || is_port(str_from_offset(text, mark + 1));
}

static bool split_http(struct str text, struct str *ret_rest)
{
    const bool is_plain = str_starts_with(text, STR("http://"));
    if (!is_plain && !str_starts_with(text, STR("https://"))) return false;
    *ret_rest = str_from_offset(text, is_plain ? 7 : 8);
    return true;
}

/* RFC 8414 §2: the issuer is "a URL that uses the "https" scheme and has no query or fragment components". */
static const char *issuer_problem(struct str text)
{
    struct str rest;
    if (!split_http(text, &rest)) return "must begin with https:// or http://";
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("?# \"<>\\^`{|}@", text.ptr[i])) return "must be a URL without user, query or fragment";
    }
    if (text.ptr[text.len - 1] == '/') return "must not end with '/'";
    const struct str authority = str_split(&rest, '/');
    return is_authority(authority) ? NULL : "must name a host";
}

/* RFC 6454 §6.2: scheme, host and port, nothing behind. */
static const char *origin_problem(struct str text)
{
    static const char sentence[] = "must list origins like https://app.example, without a path";
    struct str rest;
    if (!split_http(text, &rest) || !is_authority(rest)) return sentence;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')
            return "must list origins in lower case, as browsers send them";
    }
    return NULL;
}

static const char *proxy_problem(struct str text)
{
    static const char sentence[] = "must list addresses, networks like 10.0.0.0/8 or the word unix";
    if (str_equal(text, STR("unix"))) return NULL;
    const bool has_bits = memchr(text.ptr, '/', text.len) != NULL;
    struct str bits = text;
    const struct str address = str_split(&bits, '/');
    char name[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (address.len >= sizeof(name)) return sentence;
    memcpy(name, address.ptr, address.len);
    name[address.len] = '\0';
    const bool is_four = inet_pton(AF_INET, name, bytes) == 1;
    if (!is_four && inet_pton(AF_INET6, name, bytes) != 1) return sentence;
    int64_t count = 0;
    if (!has_bits) return NULL;
    return str_to_int64(bits, &count) && count >= 0 && count <= (is_four ? 32 : 128) ? NULL : sentence;
}

/* As they stand in canonical addresses: A-labels in lower case. */
static const char *domain_problem(struct str text)
{
    static const char sentence[] =
        "must list domains in lower case: example.org, .example.org, xn--bcher-kva.example";
    const struct str name = str_starts_with(text, STR(".")) ? str_from_offset(text, 1) : text;
    bool after_dot = true;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool is_inner = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!is_inner && (c != '.' || after_dot)) return sentence;
        after_dot = c == '.';
    }
    return after_dot ? sentence : NULL;
}

const char *form_problem(enum setting_form form, struct str text)
{
    switch (form) {
    case FORM_ANY:
        return NULL;
    case FORM_WORD:
        return word_problem(text);
    case FORM_SQL_URI:
        return sql_uri_problem(text);
    case FORM_REDIS_URL:
        return redis_url_problem(text);
    case FORM_SMTP_URL:
        return smtp_url_problem(text);
    case FORM_LISTEN:
        return listen_problem(text);
    case FORM_ISSUER:
        return issuer_problem(text);
    case FORM_PROXIES:
        return proxy_problem(text);
    case FORM_ORIGINS:
        return origin_problem(text);
    case FORM_DOMAINS:
        return domain_problem(text);
    }
    return NULL;
}

bool is_loopback_host(struct str host)
{
    return str_equal(host, STR("localhost")) || str_starts_with(host, STR("127.")) ||
           str_equal(host, STR("[::1]"));
}
