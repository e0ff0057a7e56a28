// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "auth/command/command.h"
#include "auth/crypto/breached_file.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/keyring.h"
#include "auth/domain/mailer.h"
#include "auth/domain/retention.h"
#include "auth/domain/webhook_sender.h"
#include "auth/fetch/fetch.h"
#include "auth/json/fields.h"
#include "runtime_internal.h"

#define RUNTIME_ARENA_BYTES (4u * 1024u * 1024u)
#define LOAD_TIME_MS        INT64_C(30000)
#define WORK_THREADS        4
#define WORK_QUEUE          1024
#define NETWORK_THREADS     4
#define NETWORK_QUEUE       256
#define WEBHOOK_QUEUE       256
#define WEBHOOK_BACKLOG_MAX 200000
#define MS_PER_DAY          INT64_C(86400000)
#define SETTINGS_FILE       "settings.ini"

extern char **environ;

/* --- settings ----------------------------------------------------------------------------------------------------- */

static void print_problems(const char *command, const struct settings_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct settings_problem *problem = &problems->items[i];
        fprintf(stderr, "auth %s: %s%s: %s\n", command, problem->is_warning ? "warning: " : "", problem->name,
                problem->problem);
    }
    if (problems->error_count > 0)
        fprintf(stderr, "auth %s: %zu wrong; nothing was started. See: auth config reference\n", command,
                problems->error_count);
}

static void log_set_up(const struct settings *settings)
{
    const bool is_terminal = isatty(STDERR_FILENO) == 1;
    const bool is_text =
        settings->log_format == SETTING_LOG_TEXT || (settings->log_format == SETTING_LOG_AUTO && is_terminal);
    log_init((enum log_level)settings->log_level, is_text ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
}

/* What the URL means is the cache's to know, and a server without the cache it was told of would be a surprise. */
static result check_cache(struct task *task, struct str redis_url)
{
    const char *problem = is_empty(redis_url) ? NULL : cache_url_problem(redis_url);
    if (problem) FAIL(&task->fault, BAD_REQUEST, "REDIS_URL: %s", problem);
    return RESULT_OK;
}

static result load_peppers(struct runtime *runtime)
{
    runtime->peppers = arena_alloc(runtime->arena, sizeof *runtime->peppers);
    const char *problem =
        pepper_ring_parse(runtime->arena, runtime->settings->password_pepper, runtime->peppers);
    if (problem) FAIL(&runtime->task.fault, BAD_REQUEST, "AUTH_PASSWORD_PEPPER %s", problem);
    return RESULT_OK;
}

static result load_stores(struct runtime *runtime)
{
    const struct settings *settings = runtime->settings;
    struct task *task = &runtime->task;
    const struct secret uri = settings_sql_uri(settings, runtime->arena);
    const struct secret migration_uri = settings_migration_sql_uri(settings, runtime->arena);
    struct store_options *store = &runtime->store;
    TRY(check_cache(task, secret_expose(settings->redis_url)));
    TRY(store_options_parse(task, secret_expose(uri), store));
    TRY(store_options_parse(task, secret_expose(migration_uri), &runtime->migration_store));
    store->read_connections = (unsigned)settings->db_read_connections;
    store->write_connections = (unsigned)settings->db_write_connections;
    store->leases = (unsigned)settings->db_leases;
    store->statement_timeout_ms = settings->db_statement_timeout_ms;
    store->lock_timeout_ms = settings->db_lock_timeout_ms;
    /* An older or newer server can be told by what it was built for. */
    store->application_name =
        str_printf(runtime->arena, "auth/%.*s", STR_ARGS(migrations_head(runtime->arena)));
    return RESULT_OK;
}

int runtime_load(struct runtime *runtime, const struct command_line *line, const char *command)
{
    runtime->arena = arena_create(RUNTIME_ARENA_BYTES);
    task_init(&runtime->task, runtime->arena, str_from(command), LOAD_TIME_MS);
    json_init();
    const struct settings_sources sources = {
        .argv_sets = line->sets, .environ = (const char *const *)environ, .ini_path = SETTINGS_FILE};
    struct settings_problems *problems = arena_alloc(runtime->arena, sizeof *problems);
    runtime->settings = arena_alloc(runtime->arena, sizeof *runtime->settings);
    const result loaded = settings_load(&runtime->task, &sources, runtime->settings, problems);
    print_problems(command, problems);
    if (!is_ok(loaded)) return EXIT_USAGE;
    log_set_up(runtime->settings);
    runtime->policy = runtime_policy(runtime->arena, runtime->settings);
    result loaded_rest = load_peppers(runtime);
    if (is_ok(loaded_rest)) loaded_rest = load_stores(runtime);
    if (is_ok(loaded_rest)) return EXIT_DONE;
    failure_print(command, &runtime->task, loaded_rest);
    return EXIT_USAGE;
}

/* --- what runs ---------------------------------------------------------------------------------------------------- */

/* The configured one; for an embedded database the one beside it; a shared database needs a configured one, or two
 * replicas would have two. */
static result load_server_secret(struct runtime *runtime, struct key256 *ret_secret)
{
    const struct settings *settings = runtime->settings;
    if (settings->has_secret_key) {
        *ret_secret = settings->secret_key;
        return RESULT_OK;
    }
    if (runtime->store.engine == DB_SQLITE)
        return server_secret_embedded(&runtime->task, runtime->store.uri, ret_secret);
    FAIL(&runtime->task.fault, BAD_REQUEST,
         "AUTH_SECRET_KEY (or AUTH_SECRET_KEY_FILE) is needed on PostgreSQL; make one with: head -c 32 "
         "/dev/urandom | base64");
}

static result derive_secrets(struct runtime *runtime)
{
    struct key256 secret;
    TRY(load_server_secret(runtime, &secret));
    service_secrets_derive(&secret, &runtime->secrets);
    wipe(&secret, sizeof secret);
    return RESULT_OK;
}

static result open_breached_file(struct runtime *runtime)
{
    const struct str path = runtime->settings->breached_passwords_file;
    const struct str url = runtime->settings->breached_passwords_url;
    const char *problem = is_empty(url) ? NULL : fetch_url_problem(runtime->fetch, url);
    if (problem) FAIL(&runtime->task.fault, BAD_REQUEST, "AUTH_BREACHED_PASSWORDS_URL: %s", problem);
    if (is_empty(path)) return RESULT_OK;
    return breached_file_open(&runtime->task, path, &runtime->breached_file);
}

static result start_threads(struct runtime *runtime)
{
    const struct settings *settings = runtime->settings;
    const struct password_hasher_options hasher = {
        .threads = (unsigned)settings->hash_threads,
        .cost = {(uint32_t)settings->hash_memory_kib, (uint32_t)settings->hash_iterations},
        .peppers = runtime->peppers,
        .queue_limit = (unsigned)settings->hash_queue,
        .keeps_memory = settings->hash_reuse_memory,
    };
    const struct offload_options work = {.name = "work", .threads = WORK_THREADS, .queue_limit = WORK_QUEUE};
    const struct cache_options cache = {
        .redis_url = secret_expose(settings->redis_url),
        .key = runtime->secrets.cache_key,
        .near_bytes_max = (size_t)settings->cache_bytes,
        /* An embedded database has one server; a shared one may have many, which only Redis lets us tell. */
        .is_near_trusted = runtime->store.engine == DB_SQLITE,
        .timeout_ms = settings->cache_timeout_ms,
    };
    TRY(password_hasher_create(&hasher, &runtime->hasher));
    TRY(offload_create(&work, &runtime->work));
    return cache_create(&cache, &runtime->cache);
}

/* Other people's servers may be slow: they have threads of their own, so that nothing of ours waits behind them. */
static result start_fetch(struct runtime *runtime, struct offload *threads, struct fetch **ret_fetch)
{
    const struct fetch_options options = {
        .pool = threads,
        .allow = setting_list_join(runtime->arena, runtime->settings->fetch_allow),
        .ca_file = runtime->settings->ca_file,
        .user_agent = STR("auth/" AUTH_VERSION),
    };
    return fetch_create(&runtime->task, &options, ret_fetch);
}

static result start_network(struct runtime *runtime)
{
    const struct offload_options network = {
        .name = "network", .threads = NETWORK_THREADS, .queue_limit = NETWORK_QUEUE};
    TRY(offload_create(&network, &runtime->network));
    return start_fetch(runtime, runtime->network, &runtime->fetch);
}

/* Receivers that are slow hold up neither mail nor the passwords that are looked up. */
static result start_webhooks(struct runtime *runtime)
{
    const struct settings *settings = runtime->settings;
    const struct offload_options threads = {
        .name = "webhooks", .threads = WEBHOOK_LANES, .queue_limit = WEBHOOK_QUEUE};
    TRY(offload_create(&threads, &runtime->webhook_threads));
    TRY(start_fetch(runtime, runtime->webhook_threads, &runtime->webhook_fetch));
    const struct webhook_sender_options options = {
        .fetch = runtime->webhook_fetch,
        .timeout_ms = settings->webhook_timeout_seconds * MS_PER_SECOND,
        .retry_seconds = setting_list_join(runtime->arena, settings->webhook_retry_seconds),
        .disable_after_ms = settings->webhook_disable_days * MS_PER_DAY,
        .backlog_max = WEBHOOK_BACKLOG_MAX,
    };
    return webhook_sender_create(&runtime->task, &options, &runtime->webhooks);
}

static result start_mailer(struct runtime *runtime)
{
    const struct mailer_options options = runtime_mailer_options(runtime->settings);
    return mailer_create(&runtime->task, &options, &runtime->mailer);
}

int runtime_start(struct runtime *runtime)
{
    result started = harden_process(&runtime->task.fault);
    if (is_ok(started)) started = derive_secrets(runtime);
    if (is_ok(started)) started = start_network(runtime);
    if (is_ok(started)) started = start_webhooks(runtime);
    if (is_ok(started)) started = start_mailer(runtime);
    if (is_ok(started)) started = open_breached_file(runtime);
    if (!is_ok(started)) {
        failure_print(runtime->task.id.ptr, &runtime->task, started);
        return EXIT_USAGE;
    }
    started = start_threads(runtime);
    if (is_ok(started)) return EXIT_DONE;
    failure_print(runtime->task.id.ptr, &runtime->task, started);
    return EXIT_FAILED;
}

void runtime_abort(struct runtime *runtime)
{
    mailer_abort(runtime->mailer);
    fetch_abort(runtime->fetch);
    fetch_abort(runtime->webhook_fetch);
}

void runtime_done(struct runtime *runtime)
{
    mailer_destroy(runtime->mailer);
    webhook_sender_destroy(runtime->webhooks);
    fetch_destroy(runtime->webhook_fetch);
    offload_destroy(runtime->webhook_threads);
    fetch_destroy(runtime->fetch);
    offload_destroy(runtime->network);
    cache_destroy(runtime->cache);
    offload_destroy(runtime->work);
    password_hasher_destroy(runtime->hasher);
    breached_file_close(runtime->breached_file);
    service_secrets_wipe(&runtime->secrets);
    arena_destroy(runtime->arena);
}

result service_open(struct runtime *runtime, struct loop *loop, struct service *ret_service)
{
    *ret_service = (struct service){.policy = &runtime->policy,
                                    .secrets = &runtime->secrets,
                                    .hasher = runtime->hasher,
                                    .work = runtime->work,
                                    .breached_file = runtime->breached_file,
                                    .keyring = keyring_create(),
                                    .mailer = runtime->mailer,
                                    .fetch = runtime->fetch,
                                    .network = runtime->network,
                                    .webhooks = runtime->webhooks};
    TRY(store_open(&runtime->task, loop, &runtime->store, &ret_service->db));
    return cache_open(runtime->cache, loop, &ret_service->cache);
}

void service_open_background(struct service *service)
{
    service->key_reader = background_create(&keyring_work);
    service->retention = background_create(&retention_work);
    service->audit = background_create(&audit_chain_work);
    service->mail = background_create(&mailer_work);
    service->webhook_worker = background_create(&webhook_work);
}

void service_stop_background(struct service *service)
{
    background_stop(service->key_reader);
    background_stop(service->retention);
    background_stop(service->audit);
    background_stop(service->mail);
    background_stop(service->webhook_worker);
}

void service_close(struct service *service)
{
    cache_close(service->cache);
    store_close(service->db);
    keyring_destroy(service->keyring);
    background_destroy(service->key_reader);
    background_destroy(service->retention);
    background_destroy(service->audit);
    background_destroy(service->mail);
    background_destroy(service->webhook_worker);
}

struct migration_options runtime_migration_options(const struct runtime *runtime)
{
    return (struct migration_options){
        .store = &runtime->migration_store,
        .binary_version = STR(AUTH_VERSION),
        .lock_wait_ms = runtime->settings->migration_lock_wait_seconds * MS_PER_SECOND,
        .is_edit_tolerated = runtime->settings->migration_checksum == MIGRATION_CHECKSUM_WARN,
    };
}
