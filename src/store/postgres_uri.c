// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/base/strbuf.h"
#include "options_internal.h"

#define OUTPUT_MAX (4u * STORE_URI_MAX)
#define KEYS_MAX   48u
#define PORT_MAX   65535

/* What has been read so far. */
struct reading {
    struct task *task;
    struct strbuf output;  /* keyword='value' … */
    struct strbuf hosts;   /* comma-separated */
    struct strbuf ports;   /* as many, empty where none is given */
    struct strbuf display; /* host:port,… */
    unsigned host_count;
    bool has_ports;
    struct str keys[KEYS_MAX]; /* keywords written */
    unsigned key_count;
};

static result refuse(struct reading *reading, const char *reason)
{
    FAIL(&reading->task->fault, BAD_REQUEST, "SQL_URI: %s", reason);
}

static result decode(struct reading *reading, struct str text, struct str *ret_text)
{
    struct str decoded;
    if (!percent_decode(reading->task->arena, text, false, &decoded)) {
        return refuse(reading, "a % that is not followed by two hexadecimal digits; write it as %25");
    }
    if (has_nul(decoded)) return refuse(reading, "%00 cannot be part of a value");
    *ret_text = decoded;
    return RESULT_OK;
}

static bool is_key_known(const struct reading *reading, struct str key)
{
    for (unsigned i = 0; i < reading->key_count; i++) {
        if (str_equal(reading->keys[i], key)) return true;
    }
    return false;
}

/* Adds keyword='value' as libpq reads it: quotes and backslashes are escaped. */
static result add_key(struct reading *reading, struct str key, struct str value)
{
    if (is_key_known(reading, key)) {
        FAIL(&reading->task->fault, BAD_REQUEST, "SQL_URI: %.*s is given twice", STR_ARGS(key));
    }
    if (reading->key_count == KEYS_MAX) return refuse(reading, "too many options");
    reading->keys[reading->key_count++] = key;
    if (reading->output.len > 0) strbuf_add_char(&reading->output, ' ');
    strbuf_add(&reading->output, key);
    strbuf_add(&reading->output, STR("='"));
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\'' || value.ptr[i] == '\\') strbuf_add_char(&reading->output, '\\');
        strbuf_add_char(&reading->output, value.ptr[i]);
    }
    strbuf_add_char(&reading->output, '\'');
    return RESULT_OK;
}

/* "host", "host:port", "[::1]:port"; the port comes back empty when there is none. */
static result split_port(struct reading *reading, struct str *host, struct str *ret_port)
{
    struct str port = STR_NONE;
    if (host->len > 0 && host->ptr[0] == '[') {
        const char *end = memchr(host->ptr, ']', host->len);
        if (end == NULL) return refuse(reading, "an IPv6 address without its closing bracket");
        const size_t length = (size_t)(end - host->ptr);
        port = str_from_offset(*host, length + 1);
        *host = (struct str){host->ptr + 1, length - 1};
        if (!is_empty(port) && port.ptr[0] != ':') return refuse(reading, "text behind an IPv6 address");
        port = is_empty(port) ? port : str_from_offset(port, 1);
    } else if (host->len == 0 || host->ptr[0] != '/') {
        port = *host;
        *host = str_split(&port, ':');
    }
    int64_t number = 0;
    if (!is_empty(port) && (!str_to_int64(port, &number) || number < 1 || number > PORT_MAX)) {
        return refuse(reading, "a port is not a number from 1 to 65535 (IPv6 addresses stand in brackets)");
    }
    *ret_port = port;
    return RESULT_OK;
}

static result add_host(struct reading *reading, struct str item)
{
    struct str port;
    struct str host;
    TRY(split_port(reading, &item, &port));
    TRY(decode(reading, item, &host));
    if (is_empty(host) && !is_empty(port)) return refuse(reading, "a port without a host");
    if (reading->host_count++ > 0) {
        strbuf_add_char(&reading->hosts, ',');
        strbuf_add_char(&reading->ports, ',');
        strbuf_add_char(&reading->display, ',');
    }
    strbuf_add(&reading->hosts, host);
    strbuf_add(&reading->ports, port);
    strbuf_add(&reading->display, host);
    if (is_empty(port)) return RESULT_OK;
    reading->has_ports = true;
    strbuf_printf(&reading->display, ":%.*s", STR_ARGS(port));
    return RESULT_OK;
}

static result add_hosts(struct reading *reading, struct str list)
{
    const bool is_list = memchr(list.ptr, ',', list.len) != NULL;
    if (list.len > 0 && list.ptr[list.len - 1] == ',') return refuse(reading, "an empty host in a list");
    do {
        const struct str item = str_split(&list, ',');
        if (is_list && is_empty(item)) return refuse(reading, "an empty host in a list");
        TRY(add_host(reading, item));
    } while (!is_empty(list));
    return RESULT_OK;
}

static result add_user(struct reading *reading, struct str user_and_password, struct str *ret_user)
{
    struct str decoded;
    struct str password = user_and_password;
    const struct str user = str_split(&password, ':');
    TRY(decode(reading, user, ret_user));
    if (!is_empty(*ret_user)) TRY(add_key(reading, STR("user"), *ret_user));
    if (is_empty(password)) return RESULT_OK;
    TRY(decode(reading, password, &decoded));
    return add_key(reading, STR("password"), decoded);
}

static bool is_keyword(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        const bool is_allowed = (key.ptr[i] >= 'a' && key.ptr[i] <= 'z') || key.ptr[i] == '_';
        if (!is_allowed) return false;
    }
    return !is_empty(key);
}

/* `host` may stand here, and more than once, as SQLAlchemy has it. */
static result add_option(struct reading *reading, struct str key, struct str value)
{
    struct str decoded;
    const bool is_host = str_equal(key, STR("host"));
    if (!is_keyword(key)) return refuse(reading, "an option's name is not made of the letters a to z and _");
    if (is_host && is_key_known(reading, key)) {
        return refuse(reading, "a host before the path and another among the options");
    }
    if (is_host) return add_hosts(reading, value);
    TRY(decode(reading, value, &decoded));
    return add_key(reading, key, decoded);
}

/* "key=value&key=value" */
static result add_query(struct reading *reading, struct str query)
{
    while (!is_empty(query)) {
        struct str value = str_split(&query, '&');
        const struct str key = str_split(&value, '=');
        TRY(add_option(reading, key, value));
    }
    return RESULT_OK;
}

static result write_hosts(struct reading *reading)
{
    const struct str hosts = strbuf_str(&reading->hosts);
    if (!is_empty(hosts)) TRY(add_key(reading, STR("host"), hosts));
    if (reading->has_ports) TRY(add_key(reading, STR("port"), strbuf_str(&reading->ports)));
    reading->host_count = 0;
    return RESULT_OK;
}

/* "user:password@host:port,host:port/database": what stands before '/' and '?' is the authority. */
static result read_parts(struct reading *reading, struct str rest, struct str *ret_user,
                         struct str *ret_database)
{
    struct str query = rest;
    struct str path = str_split(&query, '?');
    struct str authority = str_split(&path, '/');
    const char *at = memrchr(authority.ptr, '@', authority.len);
    if (at != NULL) {
        const size_t length = (size_t)(at - authority.ptr);
        TRY(add_user(reading, (struct str){authority.ptr, length}, ret_user));
        authority = str_from_offset(authority, length + 1);
    }
    if (!is_empty(authority)) {
        TRY(add_hosts(reading, authority));
        TRY(write_hosts(reading));
    }
    TRY(decode(reading, path, ret_database));
    if (!is_empty(*ret_database)) TRY(add_key(reading, STR("dbname"), *ret_database));
    TRY(add_query(reading, query));
    return reading->host_count > 0 ? write_hosts(reading) : RESULT_OK;
}

result postgres_uri_parse(struct task *task, struct str rest, struct store_options *options)
{
    struct reading *reading = arena_alloc(task->arena, sizeof *reading);
    struct str user = STR_NONE;
    struct str database = STR_NONE;
    reading->task = task;
    strbuf_init(&reading->output, task->arena, 256, OUTPUT_MAX);
    strbuf_init(&reading->hosts, task->arena, 64, STORE_URI_MAX);
    strbuf_init(&reading->ports, task->arena, 64, STORE_URI_MAX);
    strbuf_init(&reading->display, task->arena, 64, STORE_URI_MAX);
    TRY(read_parts(reading, rest, &user, &database));
    options->engine = DB_POSTGRES;
    options->display =
        str_printf(task->arena, "postgresql://%.*s%s%.*s/%.*s", STR_ARGS(user), is_empty(user) ? "" : "@",
                   STR_ARGS(strbuf_str(&reading->display)), STR_ARGS(database));
    return strbuf_finish(&reading->output, &options->uri);
}
