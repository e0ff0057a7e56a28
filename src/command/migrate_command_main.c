// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/command/command.h"
#include "auth/migrate/migrate_command.h"
#include "commands_internal.h"
#include "runtime_internal.h"

#define ARGUMENTS_MAX 64

/* `--set NAME=value` is the settings' business, all else the migrator's. */
static bool split_arguments(int argc, char **argv, struct command_line *ret_line, char **ret_rest,
                            int *ret_count)
{
    int count = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--set") != 0) {
            if (count == ARGUMENTS_MAX) return false;
            ret_rest[count++] = argv[i];
            continue;
        }
        if (i + 1 == argc || ret_line->set_count == COMMAND_SETS_MAX) return false;
        ret_line->sets[ret_line->set_count++] = argv[++i];
    }
    ret_rest[count] = NULL;
    *ret_count = count;
    return true;
}

/* Signals are blocked everywhere; this thread takes them and says stop. */
static void *wait_for_signal(void *argument)
{
    atomic_bool *is_stopping = argument;
    sigset_t signals;
    int received;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigwait(&signals, &received) == 0) atomic_store(is_stopping, true);
    return NULL;
}

static int run(struct runtime *runtime, int argc, char **argv)
{
    static atomic_bool is_stopping;
    pthread_t waiter;
    const struct migration_options options = runtime_migration_options(runtime);
    const struct migrate_command_environment environment = {
        .store = options.store,
        .binary_version = options.binary_version,
        .lock_wait_ms = options.lock_wait_ms,
        .is_edit_tolerated = options.is_edit_tolerated,
        .is_stopping = &is_stopping,
        .results = stdout,
        .progress = stderr,
        .answers = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? stdin : NULL,
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .is_data_loss_allowed = runtime->settings->allow_data_loss,
    };
    const bool has_waiter = pthread_create(&waiter, NULL, wait_for_signal, &is_stopping) == 0;
    const int code = migrate_command(argc, argv, &environment);
    if (!has_waiter) return code;
    pthread_cancel(waiter);
    pthread_join(waiter, NULL);
    return code;
}

int migrate_command_main(int argc, char **argv)
{
    struct command_line line = {0};
    char *rest[ARGUMENTS_MAX + 1];
    int count;
    if (!split_arguments(argc, argv, &line, rest, &count)) {
        fprintf(stderr,
                "auth migrate: too many arguments, or --set without NAME=value; see: auth migrate --help\n");
        return EXIT_USAGE;
    }
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, &line, "migrate");
    if (code == EXIT_DONE) code = run(&runtime, count, rest);
    runtime_done(&runtime);
    return code;
}
