// SPDX-License-Identifier: MIT
#include "domain_fixture.h"

#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "auth/domain/clients.h"
#include "auth/domain/grants.h"
#include "auth/domain/keyring.h"
#include "auth/domain/mailer.h"
#include "auth/domain/retention.h"
#include "auth/domain/scopes.h"
#include "auth/domain/users.h"
#include "auth/domain/webhook_sender.h"
#include "auth/migrate/migrations.h"
#include "postgres_server.h"

#define FIXTURE_BYTES_MAX ((size_t)8 << 20)
#define TASK_BYTES_MAX    ((size_t)64 << 20)
#define TIME_LIMIT_MS     INT64_C(60000)
#define VISITORS_MAX      600u
#define FOLDER_VARIABLE   "AUTH_TEST_POSTGRES_FOLDER"

static struct postgres_server server;

static void give_up(const char *what)
{
    fprintf(stderr, "domain_fixture: %s\n", what);
    abort();
}

/* --- databases ---------------------------------------------------------------------------------------------------- */

static void postgres_do(const char *database, const char *sql, long long *ret_number)
{
    char info[192];
    snprintf(info, sizeof info, "host=%s user=postgres dbname=%s", getenv(FOLDER_VARIABLE), database);
    PGconn *connection = PQconnectdb(info);
    PGresult *answer = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) give_up(PQerrorMessage(connection));
    if (ret_number) *ret_number = PQntuples(answer) > 0 ? atoll(PQgetvalue(answer, 0, 0)) : -1;
    PQclear(answer);
    PQfinish(connection);
}

static int first_cell(void *argument, int count, char **values, char **names)
{
    (void)names;
    if (argument && count > 0 && values[0]) *(long long *)argument = atoll(values[0]);
    return 0;
}

static void sqlite_do(const char *path, const char *sql, long long *ret_number)
{
    sqlite3 *file = NULL;
    if (sqlite3_open(path, &file) != SQLITE_OK) give_up("sqlite3_open");
    sqlite3_busy_timeout(file, 5000);
    if (ret_number) *ret_number = -1;
    if (sqlite3_exec(file, sql, first_cell, ret_number, NULL) != SQLITE_OK) give_up(sqlite3_errmsg(file));
    sqlite3_close(file);
}

long long ask(const struct domain_fixture *fixture, const char *sql)
{
    long long number = -1;
    if (fixture->engine == DB_SQLITE)
        sqlite_do(fixture->path, sql, &number);
    else
        postgres_do(fixture->name, sql, &number);
    return number;
}

void tell(const struct domain_fixture *fixture, const char *sql)
{
    (void)ask(fixture, sql);
}

static void parse(struct domain_fixture *fixture, const char *uri)
{
    struct task task;
    task_init(&task, fixture->arena, STR("fixture"), TIME_LIMIT_MS);
    if (!is_ok(store_options_parse(&task, str_copy(fixture->arena, str_from(uri)), &fixture->options)))
        give_up(task.fault.detail);
}

static void migrate(struct domain_fixture *fixture)
{
    const struct migration_options options = {.store = &fixture->options, .binary_version = STR("test")};
    struct migration_outcome outcome;
    struct migration_failure failure;
    if (!is_ok(migrations_apply(fixture->arena, &options, STR("head"), NULL, &outcome, &failure)))
        give_up(failure.text.ptr);
}

static void postgres_uri(char *uri, size_t size, const char *database)
{
    snprintf(uri, size, "postgresql://postgres@/%s?host=%s", database, getenv(FOLDER_VARIABLE));
}

void domain_servers_start(void)
{
    char uri[192];
    struct domain_fixture template = {.engine = DB_POSTGRES, .arena = arena_create(FIXTURE_BYTES_MAX)};
    if (!is_ok(random_init())) give_up("random_init");
    postgres_server_start(&server);
    setenv(FOLDER_VARIABLE, server.folder, 1);
    postgres_do("postgres", "CREATE DATABASE migrated", NULL);
    postgres_uri(uri, sizeof uri, "migrated");
    parse(&template, uri);
    migrate(&template);
    arena_destroy(template.arena);
}

void domain_servers_stop(void)
{
    postgres_server_stop(&server);
}

static void make_database(struct domain_fixture *fixture)
{
    static unsigned count;
    char sql[128];
    char uri[192];
    snprintf(fixture->name, sizeof fixture->name, "t%d_%u", (int)getpid(), count++);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE migrated", fixture->name);
    postgres_do("postgres", sql, NULL);
    postgres_uri(uri, sizeof uri, fixture->name);
    parse(fixture, uri);
}

static void make_file(struct domain_fixture *fixture)
{
    char uri[160];
    snprintf(fixture->name, sizeof fixture->name, "/tmp/domain-test-XXXXXX");
    if (!mkdtemp(fixture->name)) give_up("mkdtemp");
    snprintf(fixture->path, sizeof fixture->path, "%s/auth.db", fixture->name);
    snprintf(uri, sizeof uri, "sqlite:///%s", fixture->path);
    parse(fixture, uri);
    migrate(fixture);
}

static void drop(const struct domain_fixture *fixture)
{
    char command[128];
    if (fixture->engine == DB_POSTGRES) {
        snprintf(command, sizeof command, "DROP DATABASE %s WITH (FORCE)", fixture->name);
        postgres_do("postgres", command, NULL);
        return;
    }
    snprintf(command, sizeof command, "rm -rf %s", fixture->name);
    if (system(command) != 0) give_up(command);
}

/* --- the service -------------------------------------------------------------------------------------------------- */

static void make_policy(struct policy *policy)
{
    *policy = (struct policy){
        .issuer = STR("https://login.example.net"),
        .audience = STR("https://api.example.net"),
        .client_id = STR(FIRST_PARTY),
        .access_token_ms = 300000,
        .session_ms = INT64_C(30) * 86400000,
        .session_idle_ms = INT64_C(7) * 86400000,
        .session_cache_ms = 5000,
        .refresh_grace_ms = 10000,
        .sessions_per_account = 50,
        .keys_per_account = 20,
        .fresh_ms = 300000,
        .deletion_grace_ms = INT64_C(14) * 86400000,
        .signing_algorithm = SIGNING_ES256,
        .key_overlap_ms = 86400000,
        .password_min = 8,
        .is_signup_open = true,
        .is_signup_by_invitation = true,
        .has_code_sign_in = true,
        .code_life_ms =
            {[CODE_VERIFY] = 86400000, [CODE_LOGIN] = 600000, [CODE_RESET] = 900000, [CODE_CHANGE] = 900000},
        .code_requests = {.free_attempts = 5,
                          .first_delay_ms = 60000,
                          .longest_delay_ms = 3600000,
                          .stop = INT64_MAX},
        .invitation_ms = INT64_C(7) * 86400000,
        .throttle = {.free_attempts = 5, .first_delay_ms = 1000, .longest_delay_ms = 900000, .stop = 100},
        .totp_drift_steps = 1,
        .assured_ms = 86400000,
        .assured_idle_ms = 3600000,
        .device_ms = INT64_C(365) * 86400000,
        .audit_checkpoint_ms = 3600000,
        .event_streams_max = 2,
    };
}

/* Prints to a log that is off. */
static struct mailer *make_mailer(struct task *task)
{
    const struct mailer_options options = {.language = STR("en"),
                                           .per_hour = 5,
                                           .account_per_hour = 10,
                                           .notices_per_hour = 20,
                                           .retry_ms = 30000,
                                           .retry_longest_ms = 3600000,
                                           .give_up_ms = 86400000,
                                           .smtp.timeout_ms = 25000};
    struct mailer *mailer;
    if (!is_ok(mailer_create(task, &options, &mailer))) give_up(task->fault.detail);
    return mailer;
}

/* Servers of tests are on this machine. */
static void open_webhooks(struct task *task, struct service *service)
{
    const struct offload_options threads = {.name = "webhooks", .threads = 2, .queue_limit = 100};
    struct fetch_options options = {.allow = STR("127.0.0.1"), .user_agent = STR("test")};
    struct webhook_sender_options sender = {.timeout_ms = 2000,
                                            .retry_seconds = STR("5,60,300"),
                                            .disable_after_ms = INT64_C(5) * 86400000,
                                            .backlog_max = 3000};
    if (!is_ok(offload_create(&threads, &service->network))) give_up("offload_create");
    options.pool = service->network;
    if (!is_ok(fetch_create(task, &options, &service->fetch))) give_up(task->fault.detail);
    sender.fetch = service->fetch;
    if (!is_ok(webhook_sender_create(task, &sender, &service->webhooks))) give_up(task->fault.detail);
}

/* The cost is the least there is: what is tested here is not the hash. */
static void open_parts(struct domain_fixture *fixture)
{
    struct task task;
    const struct cache_options cache = {.key = fixture->secrets.cache_key,
                                        .near_bytes_max = 4u << 20,
                                        .is_near_trusted = !fixture->has_no_cache,
                                        .timeout_ms = 50};
    const struct password_hasher_options hasher = {.threads = 2, .cost = {8, 1}, .queue_limit = 1000};
    const struct offload_options work = {.name = "work", .threads = 2, .queue_limit = 1000};
    struct service *service = &fixture->service;
    *service = (struct service){
        .policy = &fixture->policy, .secrets = &fixture->secrets, .keyring = keyring_create()};
    task_init(&task, fixture->arena, STR("fixture"), TIME_LIMIT_MS);
    if (!is_ok(loop_create(&fixture->loop))) give_up("loop_create");
    if (!is_ok(store_open(&task, fixture->loop, &fixture->options, &fixture->db))) give_up(task.fault.detail);
    if (!is_ok(cache_create(&cache, &fixture->cache))) give_up("cache_create");
    if (!is_ok(cache_open(fixture->cache, fixture->loop, &service->cache))) give_up("cache_open");
    if (!is_ok(password_hasher_create(&hasher, &service->hasher))) give_up("password_hasher_create");
    if (!is_ok(offload_create(&work, &service->work))) give_up("offload_create");
    db_probe_open(&fixture->probe, fixture->db);
    service->db = fixture->probe.shared;
    service->mailer = make_mailer(&task);
    open_webhooks(&task, service);
    fiber_set_limit(fixture->loop, VISITORS_MAX);
}

static void load_keys(struct visitor *visitor)
{
    expect_code(visitor, keyring_load(visitor->service, &visitor->task), STATUS_OK, "keyring_load");
}

void domain_fixture_open(struct domain_fixture *fixture, enum db_engine engine)
{
    const struct key256 secret = {{7, 7, 7}};
    if (!is_ok(random_init())) give_up("random_init");
    json_init();
    log_init(LOG_LEVEL_OFF, LOG_FORMAT_TEXT);
    *fixture = (struct domain_fixture){
        .engine = engine, .arena = arena_create(FIXTURE_BYTES_MAX), .now_ms = clock_wall_ms()};
    make_policy(&fixture->policy);
    service_secrets_derive(&secret, &fixture->secrets);
    if (engine == DB_SQLITE)
        make_file(fixture);
    else
        make_database(fixture);
    open_parts(fixture);
    domain_fixture_run(fixture, 1, load_keys);
    db_probe_reset(&fixture->probe);
}

void domain_fixture_use_copy(struct domain_fixture *fixture, const char *copy_name)
{
    char sql[256];
    char path[sizeof fixture->path];
    snprintf(path, sizeof path, "%s/%s", fixture->name, copy_name);
    (void)unlink(path);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", path);
    tell(fixture, sql);
    memcpy(fixture->path, path, sizeof path);
}

void domain_fixture_open_second(struct domain_fixture *fixture, const struct domain_fixture *first)
{
    char uri[192];
    if (fixture != first) *fixture = *first;
    fixture->arena = arena_create(FIXTURE_BYTES_MAX);
    snprintf(uri, sizeof uri, "sqlite:///%s", fixture->path);
    if (fixture->engine == DB_SQLITE) parse(fixture, uri);
    open_parts(fixture);
    domain_fixture_run(fixture, 1, load_keys);
    db_probe_reset(&fixture->probe);
}

void domain_fixture_close_second(struct domain_fixture *fixture)
{
    cache_close(fixture->service.cache);
    db_probe_close(&fixture->probe);
    store_close(fixture->db);
    cache_destroy(fixture->cache);
    offload_destroy(fixture->service.work);
    mailer_destroy(fixture->service.mailer);
    webhook_sender_destroy(fixture->service.webhooks);
    fetch_destroy(fixture->service.fetch);
    offload_destroy(fixture->service.network);
    password_hasher_destroy(fixture->service.hasher);
    loop_destroy(fixture->loop);
    keyring_destroy(fixture->service.keyring);
    arena_destroy(fixture->arena);
}

void domain_fixture_close(struct domain_fixture *fixture)
{
    domain_fixture_close_second(fixture);
    drop(fixture);
}

/* --- fibers ------------------------------------------------------------------------------------------------------- */

static void visitor_run(struct fiber_job *job)
{
    struct visitor *visitor = CONTAINER_OF(job, struct visitor, job);
    visitor->body(visitor);
}

static void visitor_ended(struct fiber_job *job)
{
    struct visitor *visitor = CONTAINER_OF(job, struct visitor, job);
    if (--*visitor->left == 0) loop_stop(visitor->fixture->loop);
}

struct start {
    struct post post;
    struct visitor *visitors;
    unsigned count;
};

static void start_all(struct post *post)
{
    struct start *start = CONTAINER_OF(post, struct start, post);
    for (unsigned i = 0; i < start->count; i++)
        if (!is_ok(fiber_start(&start->visitors[i].job))) give_up("fiber_start");
}

static void task_begin(struct visitor *visitor, struct arena *arena)
{
    task_init(&visitor->task, arena, STR("test"), TIME_LIMIT_MS);
    visitor->task.now_ms = visitor->fixture->now_ms;
}

void domain_fixture_run(struct domain_fixture *fixture, unsigned count, void (*body)(struct visitor *visitor))
{
    struct visitor *visitors = calloc(count, sizeof *visitors);
    unsigned left = count;
    if (count > VISITORS_MAX || !visitors) give_up("too many visitors");
    struct start start = {.post.run = start_all, .visitors = visitors, .count = count};
    for (unsigned i = 0; i < count; i++) {
        visitors[i] = (struct visitor){.job = {.run = visitor_run, .ended = visitor_ended},
                                       .fixture = fixture,
                                       .service = &fixture->service,
                                       .number = i,
                                       .body = body,
                                       .left = &left};
        task_begin(&visitors[i], arena_create(TASK_BYTES_MAX));
    }
    loop_post(fixture->loop, &start.post);
    loop_run(fixture->loop);
    for (unsigned i = 0; i < count; i++) arena_destroy(visitors[i].task.arena);
    free(visitors);
}

void on_each_engine(unsigned count, void (*body)(struct visitor *visitor))
{
    static const enum db_engine engines[] = {DB_SQLITE, DB_POSTGRES};
    for (size_t i = 0; i < ARRAY_COUNT(engines); i++) {
        struct domain_fixture *fixture = calloc(1, sizeof *fixture);
        if (!fixture) give_up("no memory");
        domain_fixture_open(fixture, engines[i]);
        domain_fixture_run(fixture, count, body);
        domain_fixture_close(fixture);
        free(fixture);
    }
}

void visitor_renew(struct visitor *visitor)
{
    task_begin(visitor, visitor->task.arena);
}

void visitor_wait(struct visitor *visitor, int64_t ms)
{
    visitor->fixture->now_ms += ms;
    visitor_renew(visitor);
}

bool visitor_retain(struct visitor *visitor)
{
    bool is_behind;
    expect_code(visitor, retention_step(visitor->service, &visitor->task, &is_behind), STATUS_OK,
                "retention");
    return is_behind;
}

void expect_code(struct visitor *visitor, result outcome, enum status code, const char *what)
{
    cr_expect(outcome.code == code, "engine %d, visitor %u: %s: %s instead of %s: %s",
              (int)visitor->fixture->engine, visitor->number, what, status_name(outcome.code),
              status_name(code), visitor->task.fault.detail);
    fault_clear(&visitor->task.fault);
}

/* --- the rules in few words --------------------------------------------------------------------------------------- */

struct secret secret_of(const char *text)
{
    return (struct secret){(unsigned char *)(uintptr_t)text, strlen(text)};
}

result sign_up(struct visitor *visitor, const char *email, const char *password, struct account *ret_account)
{
    const struct signup signup = {
        .email = str_from(email), .password = secret_of(password), .device = {.address = STR("192.0.2.1")}};
    bool is_new;
    TRY(accounts_sign_up(visitor->service, &visitor->task, &signup, ret_account, &is_new));
    return is_new ? RESULT_OK : RESULT(CONFLICT);
}

result sign_in(struct visitor *visitor, const char *email, const char *password,
               struct token_response *ret_tokens)
{
    const struct login login = {
        .email = str_from(email),
        .password = secret_of(password),
        .device = {.address = STR("192.0.2.1"), .user_agent = STR("test\x01\xff agent")}};
    return login_password(visitor->service, &visitor->task, &login, ret_tokens);
}

result refresh(struct visitor *visitor, struct str token, struct token_response *ret_tokens)
{
    struct client client;
    const struct grant_request request = {.grant_type = STR("refresh_token"), .refresh_token = token};
    TRY(clients_find(visitor->service, &visitor->task, STR(FIRST_PARTY), &client));
    return grants_redeem(visitor->service, &visitor->task, &client, &request, ret_tokens);
}

result check(struct visitor *visitor, struct str access_token)
{
    struct principal principal;
    return access_token_verify(visitor->service, &visitor->task, access_token, &principal);
}

result lock_account(struct visitor *visitor, struct id id)
{
    const struct user_target target = {.id = id, .granter = scopes_of_shell()};
    return users_lock(visitor->service, &visitor->task, &target, STR_NONE);
}

result unlock_account(struct visitor *visitor, struct id id)
{
    const struct user_target target = {.id = id, .granter = scopes_of_shell()};
    return users_unlock(visitor->service, &visitor->task, &target);
}
