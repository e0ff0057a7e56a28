// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "command_internal.h"

#define ARENA_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* Which subcommands take an option. */
enum {
    FOR_UPGRADE = 1,
    FOR_CURRENT = 2,
    FOR_HISTORY = 4,
    FOR_HEADS = 8,
    FOR_ALL = ~0,
};

static const struct subcommand {
    const char *name;
    int bit;
    const char *positionals; /* as shown in the usage */
    size_t positionals_max;
    result (*run)(struct command *command);
    const char *summary;
    const char *example;
} subcommands[] = {
    {"upgrade", FOR_UPGRADE, " [target]", 1, command_upgrade,
     "Apply revisions up to the target (head unless given): head, heads, +N, a revision or the beginning of "
     "one.",
     "auth migrate upgrade +1"},
    {"current", FOR_CURRENT, "", 0, command_current, "Print the revision the database is at.",
     "auth migrate current --check-heads"},
    {"history", FOR_HISTORY, "", 0, command_history, "List the revisions, newest first.",
     "auth migrate history -i -r current:head"},
    {"heads", FOR_HEADS, "", 0, command_heads, "Print the newest revisions this binary knows.",
     "auth migrate heads -v"},
};

static const struct option {
    char letter; /* 0: none */
    const char *name;
    int commands;
    bool takes_text;
    size_t offset; /* in struct command_arguments */
    const char *help;
} options[] = {
    {'h', "help", FOR_ALL, false, offsetof(struct command_arguments, is_help), "print this"},
    {'q', "quiet", FOR_ALL, false, offsetof(struct command_arguments, is_quiet), "no progress"},
    {'v', "verbose", FOR_ALL, false, offsetof(struct command_arguments, is_verbose),
     "more about each revision"},
    {0, "json", FOR_ALL, false, offsetof(struct command_arguments, is_json), "one JSON object per line"},
    {0, "dir", FOR_ALL, true, offsetof(struct command_arguments, directory),
     "revisions from this folder instead of the embedded ones"},
    {0, "check-heads", FOR_CURRENT, false, offsetof(struct command_arguments, is_check_heads),
     "exit 3 unless the database is at head"},
    {'r', "rev-range", FOR_HISTORY, true, offsetof(struct command_arguments, range),
     "only [start]:[end]; names as for targets, and current"},
    {'i', "indicate-current", FOR_HISTORY, false, offsetof(struct command_arguments, is_indicating_current),
     "ask the database what is applied"},
};

static const struct subcommand *find_subcommand(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(subcommands); i++) {
        if (str_equal(str_from(subcommands[i].name), str_from(name))) return &subcommands[i];
    }
    return NULL;
}

/* --- help --- */

static void print_commands(FILE *out)
{
    fprintf(out, "Usage: auth migrate <command> [options]\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_COUNT(subcommands); i++) {
        fprintf(out, "  %-10s%s\n", subcommands[i].name, subcommands[i].summary);
    }
    fprintf(out,
            "\nExample: auth migrate upgrade\n`auth migrate <command> --help` says more.\n"
            "\nExit codes: 0 ok, 1 SQL failed, 2 usage, 3 out of date, 4 database ahead and incompatible,\n"
            "5 edited or unconnected revisions, 6 lock not obtained, 7 cannot connect, 143 terminated.\n");
}

static void print_help(FILE *out, const struct subcommand *subcommand)
{
    fprintf(out, "Usage: auth migrate %s%s [options]\n\n%s\n\nOptions:\n", subcommand->name,
            subcommand->positionals, subcommand->summary);
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        if (!(options[i].commands & subcommand->bit)) continue;
        const char letter[] = {'-', options[i].letter, ',', '\0'};
        fprintf(out, "  %-3s --%s%-*s  %s\n", options[i].letter ? letter : "", options[i].name,
                (int)(20 - strlen(options[i].name)), options[i].takes_text ? " TEXT" : "", options[i].help);
    }
    fprintf(out, "\nExample: %s\n", subcommand->example);
}

/* --- the command line --- */

static bool is_option_named(const struct option *option, struct str word)
{
    if (str_starts_with(word, STR("--"))) {
        const struct str full = str_from_offset(word, 2);
        const struct str name = str_from(option->name);
        return str_equal(full, name) ||
               (option->takes_text && str_starts_with(full, name) && full.ptr[name.len] == '=');
    }
    return word.len == 2 && option->letter && word.ptr[1] == option->letter;
}

static const struct option *find_option(const struct subcommand *subcommand, struct str word)
{
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        if ((options[i].commands & subcommand->bit) && is_option_named(&options[i], word)) return &options[i];
    }
    return NULL;
}

/* "-1" and "-" are targets, not options. */
static bool is_option(struct str word)
{
    return word.len >= 2 && word.ptr[0] == '-' && !(word.ptr[1] >= '0' && word.ptr[1] <= '9');
}

static result take_option(struct command *command, const struct subcommand *subcommand, char **argv,
                          int *index)
{
    const struct str word = str_from(argv[*index]);
    const struct option *option = find_option(subcommand, word);
    if (!option) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%s takes no option %s",
                              subcommand->name, argv[*index]);
    }
    char *field = (char *)&command->arguments + option->offset;
    if (!option->takes_text) {
        *(bool *)(void *)field = true;
        return RESULT_OK;
    }
    const char *equals = word.ptr[1] == '-' ? strchr(word.ptr, '=') : NULL;
    if (!equals && !argv[*index + 1]) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%s needs a value", argv[*index]);
    }
    *(struct str *)(void *)field = str_from(equals ? equals + 1 : argv[++*index]);
    return RESULT_OK;
}

static result take_positional(struct command *command, const struct subcommand *subcommand, const char *word)
{
    struct command_arguments *arguments = &command->arguments;
    if (arguments->positional_count == subcommand->positionals_max) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%s does not take '%s'",
                              subcommand->name, word);
    }
    arguments->positionals[arguments->positional_count++] = str_from(word);
    return RESULT_OK;
}

static result parse(struct command *command, const struct subcommand *subcommand, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        TRY(is_option(str_from(argv[i])) ? take_option(command, subcommand, argv, &i)
                                         : take_positional(command, subcommand, argv[i]));
    }
    return RESULT_OK;
}

/* --- running --- */

static void prepare(struct command *command)
{
    const struct migrate_command_environment *environment = command->environment;
    command->options = (struct migration_options){
        .store = environment->store,
        .directory = command->arguments.directory,
        .binary_version = environment->binary_version,
        .lock_wait_ms = environment->lock_wait_ms,
        .is_edit_tolerated = environment->is_edit_tolerated,
        .is_stopping = environment->is_stopping,
    };
    command->listener = (struct migration_listener){command_progress, command};
}

static int report_failure(struct command *command)
{
    const struct migration_failure *failure = &command->scope.failure;
    if (command->begun > 0 && !command->arguments.is_quiet) fprintf(command->environment->progress, "\n");
    fprintf(command->environment->progress, "FAILED: %.*s\n", STR_ARGS(failure->text));
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(command->environment->results);
        json_line_text(&line, "event", STR("failed"));
        json_line_number(&line, "exit", failure->exit);
        json_line_text(&line, "error", failure->text);
        json_line_end(&line);
    }
    return (int)failure->exit;
}

static int run(struct command *command, const struct subcommand *subcommand, int argc, char **argv)
{
    if (!is_ok(parse(command, subcommand, argc, argv))) return report_failure(command);
    if (command->arguments.is_help) {
        print_help(command->environment->results, subcommand);
        return MIGRATION_EXIT_OK;
    }
    prepare(command);
    if (!is_ok(subcommand->run(command))) return report_failure(command);
    return MIGRATION_EXIT_OK;
}

int migrate_command(int argc, char **argv, const struct migrate_command_environment *environment)
{
    const struct str name = argc > 1 ? str_from(argv[1]) : STR_NONE;
    if (str_equal(name, STR("--help")) || str_equal(name, STR("-h"))) {
        print_commands(environment->results);
        return MIGRATION_EXIT_OK;
    }
    const struct subcommand *subcommand = argc > 1 ? find_subcommand(argv[1]) : NULL;
    if (!subcommand) {
        if (argc > 1) fprintf(environment->progress, "FAILED: there is no command '%s'\n", argv[1]);
        print_commands(environment->progress);
        return MIGRATION_EXIT_USAGE;
    }
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(ARENA_BYTES_MAX);
    struct command command = {.environment = environment, .scope = {.arena = arena}};
    const int exit_code = run(&command, subcommand, argc, argv);
    (void)fflush(environment->results);
    (void)fflush(environment->progress);
    return exit_code;
}
