// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/store/store.h"

static struct task task;

static void prepare(void)
{
    task_init(&task, arena_create(1024 * 1024), STR("test"), 1000);
}

static void done(void)
{
    arena_destroy(task.arena);
}

TestSuite(store_options, .init = prepare, .fini = done);

static void expect_refused(const char *uri, const char *reason)
{
    struct store_options options;
    fault_clear(&task.fault);
    const result outcome = store_options_parse(&task, str_from(uri), &options);
    cr_expect(outcome.code == STATUS_BAD_REQUEST, "%s: %s", uri, status_name(outcome.code));
    cr_expect(strstr(task.fault.detail, reason) != NULL, "%s: %s", uri, task.fault.detail);
    cr_expect(strstr(task.fault.detail, "s3cr3t") == NULL, "%s: %s", uri, task.fault.detail);
}

static void expect_parsed(const char *uri, enum db_engine engine, const char *parsed, const char *display)
{
    struct store_options options = {0};
    fault_clear(&task.fault);
    const result outcome = store_options_parse(&task, str_from(uri), &options);
    cr_expect(is_ok(outcome), "%s: %s", uri, task.fault.detail);
    cr_expect_eq(options.engine, engine);
    cr_expect(str_equal(options.uri, str_from(parsed)), "%s: %.*s", uri, STR_ARGS(options.uri));
    cr_expect(str_equal(options.display, str_from(display)), "%s: %.*s", uri, STR_ARGS(options.display));
}

Test(store_options, what_is_no_url_or_names_no_known_engine_is_refused_with_what_is_accepted)
{
    static const char *const uris[] = {"",
                                       "var/auth.db",
                                       "sqlite:/auth.db",
                                       "postgresql",
                                       "mysql://u:s3cr3t@h/d",
                                       "http://host",
                                       "postgresqls://h/d",
                                       "://",
                                       "SQLITE:///a"};
    for (size_t i = 0; i < ARRAY_COUNT(uris); i++) expect_refused(uris[i], "accepted are sqlite:///");
}

Test(store_options, a_database_in_memory_is_refused)
{
    static const char *const uris[] = {"sqlite://", "sqlite:///", "sqlite:///:memory:"};
    for (size_t i = 0; i < ARRAY_COUNT(uris); i++) expect_refused(uris[i], "memory");
}

Test(store_options, sqlite_takes_neither_host_nor_options)
{
    expect_refused("sqlite://host/auth.db", "three slashes");
    expect_refused("sqlite:///auth.db?mode=ro", "without options");
    expect_refused("sqlite:///file:auth.db", "without options");
}

Test(store_options, spaces_control_characters_and_other_encodings_are_refused)
{
    expect_refused("postgresql://u:s3cr3t@h/d d", "a space");
    expect_refused("postgresql://u:s3cr3t@h/d\n", "a space");
    expect_refused("postgresql://u:s3cr3t@h/d\xff", "UTF-8");
}

Test(store_options, malformed_parts_are_refused_without_repeating_them)
{
    expect_refused("postgresql://u:s3cr3t%@h/d", "%25");
    expect_refused("postgresql://u:s3cr3t%0x@h/d", "%25");
    expect_refused("postgresql://u:s3cr3t%00@h/d", "%00");
    expect_refused("postgresql://u:s3cr3t@h:0/d", "port");
    expect_refused("postgresql://u:s3cr3t@h:65536/d", "port");
    expect_refused("postgresql://u:s3cr3t@h:54x/d", "port");
    expect_refused("postgresql://u:s3cr3t@::1/d", "port");
    expect_refused("postgresql://u:s3cr3t@[::1/d", "bracket");
    expect_refused("postgresql://u:s3cr3t@[::1]x/d", "behind an IPv6 address");
    expect_refused("postgresql://u:s3cr3t@:5432/d", "without a host");
    expect_refused("postgresql://u:s3cr3t@a,,b/d", "empty host");
    expect_refused("postgresql://u:s3cr3t@a,b,/d", "empty host");
    expect_refused("postgresql://u:s3cr3t@h/d?host=x", "a host before the path");
    expect_refused("postgresql://u:s3cr3t@h/d?user=x", "user is given twice");
    expect_refused("postgresql://u:s3cr3t@h/d?sslmode=a&sslmode=b", "sslmode is given twice");
    expect_refused("postgresql://u:s3cr3t@h:1/d?port=2", "port is given twice");
    expect_refused("postgresql://u:s3cr3t@h/d?SSL=1", "an option's name");
    expect_refused("postgresql://u:s3cr3t@h/d?=1", "an option's name");
}

Test(store_options, sqlite_paths_are_relative_with_three_slashes_and_absolute_with_four)
{
    expect_parsed("sqlite:///var/auth.db", DB_SQLITE, "var/auth.db", "sqlite:///var/auth.db");
    expect_parsed("sqlite:////var/auth.db", DB_SQLITE, "/var/auth.db", "sqlite:////var/auth.db");
    expect_parsed("sqlite+aiosqlite:///a.db", DB_SQLITE, "a.db", "sqlite:///a.db");
}

Test(store_options, postgres_urls_become_keywords_and_the_display_has_no_password)
{
    static const struct {
        const char *uri;
        const char *parsed;
        const char *display;
    } cases[] = {
        {"postgresql://u:s3cr3t@h:5433/d", "user='u' password='s3cr3t' host='h' port='5433' dbname='d'",
         "postgresql://u@h:5433/d"},
        {"postgres://h/d", "host='h' dbname='d'", "postgresql://h/d"},
        {"postgresql+psycopg2://u@h/d", "user='u' host='h' dbname='d'", "postgresql://u@h/d"},
        {"postgresql://", "", "postgresql:///"},
        {"postgresql:///d", "dbname='d'", "postgresql:///d"},
        {"postgresql://u:a%40b%3A%2F@h", "user='u' password='a@b:/' host='h'", "postgresql://u@h/"},
        {"postgresql://u:p@q@h/d", "user='u' password='p@q' host='h' dbname='d'", "postgresql://u@h/d"},
        {"postgresql://u:p:q@h/d", "user='u' password='p:q' host='h' dbname='d'", "postgresql://u@h/d"},
        {"postgresql://u:it's%5C@h/d", "user='u' password='it\\'s\\\\' host='h' dbname='d'",
         "postgresql://u@h/d"},
        {"postgresql://[::1]:5433/d", "host='::1' port='5433' dbname='d'", "postgresql://::1:5433/d"},
        {"postgresql://a:1,b,c:3/d?target_session_attrs=read-write",
         "host='a,b,c' port='1,,3' dbname='d' target_session_attrs='read-write'", "postgresql://a:1,b,c:3/d"},
        {"postgresql://%2Frun%2Fpg/d", "host='/run/pg' dbname='d'", "postgresql:///run/pg/d"},
        {"postgresql://u@/d?host=/run/pg&port=5433", "user='u' dbname='d' port='5433' host='/run/pg'",
         "postgresql://u@/run/pg/d"},
        {"postgresql:///d?host=a:1&host=b:2", "dbname='d' host='a,b' port='1,2'", "postgresql://a:1,b:2/d"},
        {"postgresql://h/d?sslmode=verify-full&sslpassword=s3cr3t",
         "host='h' dbname='d' sslmode='verify-full' sslpassword='s3cr3t'", "postgresql://h/d"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        expect_parsed(cases[i].uri, DB_POSTGRES, cases[i].parsed, cases[i].display);
    }
}

Test(store_options, limits_and_connections_have_defaults_that_end_every_wait_within_three_seconds)
{
    struct store_options options = {0};
    cr_assert(is_ok(store_options_parse(&task, STR("postgresql://h/d"), &options)));
    cr_expect(options.read_connections == 2 && options.write_connections == 8 && options.leases == 8);
    cr_expect(options.connect_timeout_ms > 0 && options.connect_timeout_ms < 2500);
    cr_expect(options.statement_timeout_ms > 0 && options.statement_timeout_ms < 2500);
    cr_expect(options.lock_timeout_ms > 0 && options.lock_timeout_ms < options.statement_timeout_ms);
}

Test(store_options, a_url_without_end_is_refused)
{
    char uri[STORE_URI_MAX + 64];
    memset(uri, 'a', sizeof uri - 1);
    uri[sizeof uri - 1] = '\0';
    expect_refused(uri, "too long");
}
