// SPDX-License-Identifier: MIT
#include "command_table_internal.h"

#include <stddef.h>
#include <string.h>

/* Which subcommands take an option. */
enum {
    FOR_UPGRADE = 1 << 0,
    FOR_DOWNGRADE = 1 << 1,
    FOR_CURRENT = 1 << 2,
    FOR_HISTORY = 1 << 3,
    FOR_HEADS = 1 << 4,
    FOR_BRANCHES = 1 << 5,
    FOR_SHOW = 1 << 6,
    FOR_STAMP = 1 << 7,
    FOR_MERGE = 1 << 8,
    FOR_VERIFY = 1 << 9,
    FOR_WAIT = 1 << 10,
    FOR_BACKFILL = 1 << 11,
    FOR_CHECK = 1 << 12,
    FOR_REVISION = 1 << 13,
    FOR_LINT = 1 << 14,
    FOR_ALL = ~0,
    FOR_CONNECTED = FOR_UPGRADE | FOR_DOWNGRADE | FOR_CURRENT | FOR_HISTORY | FOR_STAMP | FOR_VERIFY |
                    FOR_BACKFILL | FOR_CHECK,
};

static const struct subcommand subcommands[] = {
    {"upgrade", FOR_UPGRADE, " [target]", 0, 1, command_upgrade,
     "Apply revisions up to the target (head unless given): head, heads, +N, a revision, the beginning of "
     "one, or "
     "one with +N behind. With --sql also from:to.",
     "auth migrate upgrade +1"},
    {"downgrade", FOR_DOWNGRADE, " <target>", 1, 1, command_downgrade,
     "Undo revisions down to the target: -N, base, or a revision, which stays. With --sql from:to.",
     "auth migrate downgrade -1"},
    {"current", FOR_CURRENT, "", 0, 0, command_current, "Print the revision the database is at.",
     "auth migrate current --check-heads"},
    {"history", FOR_HISTORY, "", 0, 0, command_history, "List the revisions, newest first.",
     "auth migrate history -i -r current:head"},
    {"heads", FOR_HEADS, "", 0, 0, command_heads, "Print the newest revisions this binary knows.",
     "auth migrate heads -v"},
    {"branches", FOR_BRANCHES, "", 0, 0, command_branches,
     "Print the revisions that more than one other follows.", "auth migrate branches --dir migrations"},
    {"show", FOR_SHOW, " <revision>", 1, 1, command_show, "Print all about one revision, its SQL with -v.",
     "auth migrate show head"},
    {"stamp", FOR_STAMP, " <revision>", 1, 1, command_stamp,
     "Record that the database is at the revision, without running its SQL: base, head or a revision.",
     "auth migrate stamp head"},
    {"merge", FOR_MERGE, " <revision>...", 1, COMMAND_POSITIONALS_MAX, command_merge,
     "Write a revision that follows from several heads.",
     "auth migrate merge heads -m \"join passkeys and audit\""},
    {"verify", FOR_VERIFY, "", 0, 0, command_verify,
     "Hold the database against the revisions: checksums, half-applied revisions, invalid indexes and "
     "constraints.",
     "auth migrate verify"},
    {"wait", FOR_WAIT, "", 0, 0, command_wait,
     "Wait until the database can be reached and is at head: for init containers.",
     "auth migrate wait --timeout 120"},
    {"backfill", FOR_BACKFILL, " [revision]", 0, 1, command_backfill,
     "Run the next backfill revisions in batches; what has been done is kept when it is interrupted.",
     "auth migrate backfill --batch 5000"},
    {"revision", FOR_REVISION, "", 0, 0, command_revision,
     "Write a new revision, with --autogenerate what leads from the database to the declared schema.",
     "auth migrate revision --autogenerate -m \"add passkeys\""},
    {"check", FOR_CHECK, "", 0, 0, command_check,
     "Hold the database against the declared schema; exit 3 if they differ.", "auth migrate check"},
    {"lint", FOR_LINT, "", 0, 0, command_lint,
     "Point at statements that hurt a database in use; exit 3 if there are any.",
     "auth migrate lint --dir migrations"},
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
    {0, "wait", FOR_CONNECTED, true, offsetof(struct command_arguments, wait_seconds),
     "seconds to wait for the database to come up; 0 unless given"},
    {0, "plan", FOR_UPGRADE | FOR_DOWNGRADE, false, offsetof(struct command_arguments, is_plan),
     "print steps, SQL, locks and hazards; change nothing"},
    {0, "sql", FOR_UPGRADE | FOR_DOWNGRADE, false, offsetof(struct command_arguments, is_sql),
     "print a script for psql or sqlite3 instead; needs no database"},
    {0, "sql", FOR_REVISION, false, offsetof(struct command_arguments, is_sql),
     "print the file instead of writing it"},
    {'y', "yes", FOR_DOWNGRADE, false, offsetof(struct command_arguments, is_yes),
     "go on though rows are lost (also: ALLOW_DATA_LOSS=1)"},
    {0, "use-stored-down", FOR_DOWNGRADE, false, offsetof(struct command_arguments, is_using_stored_down),
     "undo revisions this binary does not know by the SQL stored with them"},
    {'c', "check-heads", FOR_CURRENT, false, offsetof(struct command_arguments, is_check_heads),
     "exit 3 unless the database is at head"},
    {'r', "rev-range", FOR_HISTORY, true, offsetof(struct command_arguments, range),
     "only [start]:[end]; names as for targets, and current"},
    {'i', "indicate-current", FOR_HISTORY, false, offsetof(struct command_arguments, is_indicating_current),
     "ask the database what is applied"},
    {0, "purge", FOR_STAMP, false, offsetof(struct command_arguments, is_purging),
     "forget all that was recorded first"},
    {0, "refresh", FOR_STAMP, false, offsetof(struct command_arguments, is_refreshing),
     "record the checksum of the revision's file as it is now"},
    {0, "force", FOR_STAMP, false, offsetof(struct command_arguments, is_forced),
     "do not compare the schema with the revision first"},
    {0, "force", FOR_UPGRADE, false, offsetof(struct command_arguments, is_forced),
     "contract revisions too, while older binaries are connected"},
    {0, "autogenerate", FOR_REVISION, false, offsetof(struct command_arguments, is_autogenerate),
     "write what the declared schema has and the database has not"},
    {0, "head", FOR_REVISION, true, offsetof(struct command_arguments, head),
     "the revision to follow; the head unless given"},
    {0, "splice", FOR_REVISION, false, offsetof(struct command_arguments, is_splice),
     "follow a revision that is no head: a new branch"},
    {'m', "message", FOR_MERGE | FOR_REVISION, true, offsetof(struct command_arguments, message),
     "what the revision does"},
    {0, "rev-id", FOR_MERGE | FOR_REVISION, true, offsetof(struct command_arguments, revision_id),
     "id of the new revision; 12 random digits unless given"},
    {0, "timeout", FOR_WAIT, true, offsetof(struct command_arguments, wait_seconds),
     "seconds; 60 unless given"},
    {0, "retries", FOR_UPGRADE | FOR_DOWNGRADE, true, offsetof(struct command_arguments, retries),
     "of a revision that meets a lock; 30 unless given"},
    {0, "batch", FOR_BACKFILL, true, offsetof(struct command_arguments, batch),
     "rows of one transaction; 1000 unless given"},
    {0, "pause", FOR_BACKFILL, true, offsetof(struct command_arguments, pause_ms),
     "milliseconds between batches; 0 unless given"},
};

const struct subcommand *migrate_subcommand_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(subcommands); i++) {
        if (str_equal(str_from(subcommands[i].name), str_from(name))) return &subcommands[i];
    }
    return NULL;
}

/* --- help --- */

/* The list has a line for each; the rest is for the command's own help. */
static struct str first_clause(const char *summary)
{
    return (struct str){summary, strcspn(summary, ".,:;")};
}

void migrate_subcommands_print(FILE *out)
{
    fprintf(out, "Usage: auth migrate <command> [options]\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_COUNT(subcommands); i++) {
        const struct str summary = first_clause(subcommands[i].summary);
        fprintf(out, "  %-10s%.*s\n", subcommands[i].name, STR_ARGS(summary));
    }
    fprintf(out,
            "\nExample: auth migrate upgrade\n`auth migrate <command> --help` says more.\n"
            "\nExit codes: 0 ok, 1 SQL failed, 2 usage, 3 out of date, 4 database ahead and incompatible,\n"
            "5 edited or unconnected revisions, 6 lock not obtained, 7 no database to work with, 143 "
            "terminated.\n");
}

void migrate_subcommand_print_help(FILE *out, const struct subcommand *subcommand)
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

static result check_count(struct command *command, const struct subcommand *subcommand)
{
    const struct command_arguments *arguments = &command->arguments;
    if (arguments->is_help || arguments->positional_count >= subcommand->positionals_min) return RESULT_OK;
    return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%s needs%s; see: auth migrate %s --help",
                          subcommand->name, subcommand->positionals, subcommand->name);
}

result migrate_subcommand_parse(struct command *command, const struct subcommand *subcommand, int argc,
                                char **argv)
{
    for (int i = 2; i < argc; i++) {
        TRY(is_option(str_from(argv[i])) ? take_option(command, subcommand, argv, &i)
                                         : take_positional(command, subcommand, argv[i]));
    }
    return check_count(command, subcommand);
}
