// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "options_internal.h"

#define ACCEPTED                                                          \
    "accepted are sqlite:///relative/path, sqlite:////absolute/path and " \
    "postgresql://user:password@host/database"

static result sqlite_uri_parse(struct task *task, struct str rest, struct store_options *options)
{
    if (is_empty(rest) || str_equal(rest, STR("/")) || str_equal(rest, STR("/:memory:"))) {
        FAIL(&task->fault, BAD_REQUEST,
             "SQL_URI: a database in memory would be lost at the end and differ between "
             "connections; " ACCEPTED);
    }
    if (rest.ptr[0] != '/') {
        FAIL(&task->fault, BAD_REQUEST,
             "SQL_URI: sqlite:// has no host: three slashes and a relative path, "
             "or four and an absolute one");
    }
    const struct str path = str_from_offset(rest, 1);
    if (str_starts_with(path, STR("file:")) || memchr(path.ptr, '?', path.len) != NULL) {
        FAIL(&task->fault, BAD_REQUEST, "SQL_URI: sqlite takes a path without options");
    }
    options->engine = DB_SQLITE;
    options->uri = str_copy(task->arena, path);
    options->display = str_printf(task->arena, "sqlite:///%.*s", STR_ARGS(path));
    return RESULT_OK;
}

static bool is_clean(struct str uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        if ((unsigned char)uri.ptr[i] <= ' ' || uri.ptr[i] == 0x7f) return false;
    }
    return is_utf8(uri);
}

/* Splits at "://"; false if there is none. */
static bool split_scheme(struct str uri, struct str *ret_scheme, struct str *ret_rest)
{
    const char *mark = memmem(uri.ptr, uri.len, "://", 3);
    if (mark == NULL) return false;
    const size_t length = (size_t)(mark - uri.ptr);
    struct str scheme = {uri.ptr, length};
    *ret_scheme = str_split(&scheme, '+'); /* SQLAlchemy names a driver behind it: not ours to choose */
    *ret_rest = str_from_offset(uri, length + 3);
    return true;
}

result store_options_parse(struct task *task, struct str sql_uri, struct store_options *ret_options)
{
    struct store_options options = {
        .read_connections = 2,
        .write_connections = 8,
        .leases = 8,
        .connect_timeout_ms = 2 * MS_PER_SECOND,
        .statement_timeout_ms = 2 * MS_PER_SECOND,
        .lock_timeout_ms = MS_PER_SECOND,
        .application_name = STR("auth"),
    };
    struct str scheme;
    struct str rest;
    if (is_empty(sql_uri)) FAIL(&task->fault, BAD_REQUEST, "SQL_URI is empty; " ACCEPTED);
    if (sql_uri.len > STORE_URI_MAX) FAIL(&task->fault, BAD_REQUEST, "SQL_URI is too long");
    if (!is_clean(sql_uri)) {
        FAIL(&task->fault, BAD_REQUEST,
             "SQL_URI holds a space, a control character or bytes that are not UTF-8; "
             "write them as %%XX");
    }
    if (!split_scheme(sql_uri, &scheme, &rest)) {
        FAIL(&task->fault, BAD_REQUEST, "SQL_URI is not a URL; " ACCEPTED);
    }
    if (str_equal(scheme, STR("sqlite"))) {
        TRY(sqlite_uri_parse(task, rest, &options));
    } else if (str_equal(scheme, STR("postgresql")) || str_equal(scheme, STR("postgres"))) {
        TRY(postgres_uri_parse(task, rest, &options));
    } else {
        FAIL(&task->fault, BAD_REQUEST, "SQL_URI names an engine that is not known; " ACCEPTED);
    }
    *ret_options = options;
    return RESULT_OK;
}
