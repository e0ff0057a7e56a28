// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "auth/base/encoding.h"
#include "settings_internal.h"

#define MASK          "***"
#define URI_BYTES_MAX 16384u

/* The user information ends at the last '@' before the query: a password may hold an '@' that nobody encoded,
 * and then more is masked rather than less. */
static void add_authority(struct strbuf *out, struct str text)
{
    const char *at = text.len > 0 ? memrchr(text.ptr, '@', text.len) : NULL;
    if (!at) {
        strbuf_add(out, text);
        return;
    }
    const struct str user_info = {text.ptr, (size_t)(at - text.ptr)};
    const char *colon = user_info.len > 0 ? memchr(user_info.ptr, ':', user_info.len) : NULL;
    const size_t user_len = colon ? (size_t)(colon - text.ptr) : user_info.len;
    strbuf_add(out, (struct str){text.ptr, user_len});
    if (colon) strbuf_add(out, STR(":" MASK));
    strbuf_add(out, str_from_offset(text, user_info.len));
}

/* libpq takes password, passfile and sslpassword as parameters too. */
static void add_query(struct strbuf *out, struct str query)
{
    while (!is_empty(query)) {
        struct str value = str_split(&query, '&');
        const struct str pair = value;
        const struct str name = str_split(&value, '=');
        const bool is_secret = memmem(name.ptr, name.len, "password", 8) != NULL;
        if (is_secret)
            strbuf_printf(out, "%.*s=" MASK, STR_ARGS(name));
        else
            strbuf_add(out, pair);
        if (!is_empty(query)) strbuf_add_char(out, '&');
    }
}

struct str settings_uri_masked(struct str uri, struct arena *arena)
{
    struct strbuf out;
    strbuf_init(&out, arena, uri.len + 16, URI_BYTES_MAX);
    struct str query = uri;
    const struct str main_part = str_split(&query, '?');
    const char *mark = memmem(main_part.ptr, main_part.len, "://", 3);
    const size_t scheme_len = mark ? (size_t)(mark - main_part.ptr) + 3 : 0;
    strbuf_add(&out, (struct str){main_part.ptr, scheme_len});
    add_authority(&out, str_from_offset(main_part, scheme_len));
    if (main_part.len < uri.len) strbuf_add_char(&out, '?');
    add_query(&out, query);
    return strbuf_str(&out);
}

/* An IPv6 address stands in brackets; a socket folder is percent-encoded, as libpq has it. */
static void add_host(struct strbuf *out, struct str host, struct arena *arena)
{
    const bool is_six = memchr(host.ptr, ':', host.len) != NULL && host.ptr[0] != '[';
    if (is_six)
        strbuf_printf(out, "[%.*s]", STR_ARGS(host));
    else if (host.ptr[0] == '[')
        strbuf_add(out, host);
    else
        strbuf_add(out, percent_encode(arena, host));
}

static struct secret embedded_uri(const struct settings *settings, struct arena *arena)
{
    const struct str uri = str_printf(arena, "sqlite:///%.*s/auth.db", STR_ARGS(settings->data_dir));
    return secret_copy(arena, uri.ptr, uri.len);
}

static struct secret postgres_uri(const struct settings *settings, struct arena *arena)
{
    struct strbuf out;
    strbuf_init(&out, arena, 512, URI_BYTES_MAX);
    strbuf_add(&out, STR("postgresql://"));
    strbuf_add(&out, percent_encode(arena, settings->postgres_user));
    const struct str password = secret_expose(settings->postgres_password);
    if (!is_empty(password)) strbuf_add_char(&out, ':');
    strbuf_add(&out, percent_encode(arena, password));
    strbuf_add_char(&out, '@');
    add_host(&out, settings->postgres_host, arena);
    strbuf_printf(&out, ":%" PRId64 "/", settings->postgres_port);
    strbuf_add(&out, percent_encode(arena, settings->postgres_db));
    const struct str uri = strbuf_str(&out);
    return secret_copy(arena, uri.ptr, uri.len);
}

struct secret settings_sql_uri(const struct settings *settings, struct arena *arena)
{
    const bool is_given = settings->sources[SETTING_SQL_URI] != SOURCE_DEFAULT;
    if (is_given) return settings->sql_uri;
    if (is_empty(settings->postgres_host)) return embedded_uri(settings, arena);
    return postgres_uri(settings, arena);
}

struct secret settings_migration_sql_uri(const struct settings *settings, struct arena *arena)
{
    if (settings->migration_sql_uri.len > 0) return settings->migration_sql_uri;
    return settings_sql_uri(settings, arena);
}
