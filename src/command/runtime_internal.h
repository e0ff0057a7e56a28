/* runtime_internal.h — what commands need before they can use the rules: settings, secrets, hasher, cache.
 * Owner:   the command; runtime_done releases all, whatever has been started.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_RUNTIME_INTERNAL_H
#define AUTH_COMMAND_RUNTIME_INTERNAL_H

#include "auth/config/settings.h"
#include "auth/domain/mailer.h"
#include "auth/domain/service.h"
#include "auth/migrate/migrations.h"
#include "auth/store/store.h"
#include "command_line_internal.h"

struct runtime {
    struct arena *arena;
    struct task task;
    struct settings *settings; /* in the arena: more than a stack frame should hold */
    struct policy policy;
    struct store_options store;           /* for serving */
    struct store_options migration_store; /* for changing the schema: another role where one is set */
    struct service_secrets secrets;
    struct pepper_ring *peppers; /* in the arena */
    struct password_hasher *hasher;
    struct offload *work;
    struct breached_file *breached_file; /* NULL: none is configured */
    struct cache *cache;
    struct offload *network;
    struct fetch *fetch;
    struct mailer *mailer;
    struct offload *webhook_threads;
    struct fetch *webhook_fetch;
    struct webhook_sender *webhooks;
};

/* What the settings say, as the rules and the outbox want it; strings live in the arena. */
struct policy runtime_policy(struct arena *arena, const struct settings *settings);
struct mailer_options runtime_mailer_options(const struct settings *settings);

/* Reads the settings and sets up the log. EXIT_USAGE, having named everything that is wrong. */
int runtime_load(struct runtime *runtime, const struct command_line *line, const char *command);
/* Opens the server secret, then starts the threads and the cache. EXIT_USAGE or EXIT_FAILED, having said why. */
int runtime_start(struct runtime *runtime);
/* From any thread: nobody waits any longer for what other servers have not answered. */
void runtime_abort(struct runtime *runtime);
void runtime_done(struct runtime *runtime);

/* One loop's service, on the loop's thread. */
NODISCARD result service_open(struct runtime *runtime, struct loop *loop, struct service *ret_service);
/* What a server does beside the traffic, and a command does not. */
void service_open_background(struct service *service);
/* When all that was begun has ended: a step that began now would be dropped half-way. */
void service_stop_background(struct service *service);
void service_close(struct service *service);

typedef result service_work(struct service *service, struct task *task, void *argument);
/* Runs the work on a fiber of its own; EXIT_FAILED, having said why, when it fails. */
int runtime_run(struct runtime *runtime, service_work *work, void *argument);
/* All of it for a command of one piece of work: load, start, run, done. */
int runtime_command(const char *command, const struct command_line *line, service_work *work, void *argument);
/* Says why a task failed: the fields, the detail. */
void failure_print(const char *command, const struct task *task, result outcome);

/* The items by commas, as the modules that know no settings read them. */
struct str setting_list_join(struct arena *arena, struct setting_list list);

/* migrations_apply and the rest, from the settings. */
struct migration_options runtime_migration_options(const struct runtime *runtime);

/* The secret of an embedded database: read from the file beside it, or made there once. */
NODISCARD result server_secret_embedded(struct task *task, struct str database_path,
                                        struct key256 *ret_secret);

/* No core files, no debugger, no new rights: the process holds keys. */
NODISCARD result harden_process(struct fault *fault);

#endif
