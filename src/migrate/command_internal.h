/* command_internal.h — the subcommands and what they print; the rows are in command_table.c.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_COMMAND_INTERNAL_H
#define AUTH_MIGRATE_COMMAND_INTERNAL_H

#include "auth/migrate/migrate_command.h"
#include "runner_internal.h"
#include "target_internal.h"
#include "ticker_internal.h"

#define COMMAND_POSITIONALS_MAX 8u

/* What the command line says. */
struct command_arguments {
    bool is_help;
    bool is_json;
    bool is_quiet;
    bool is_verbose;
    bool is_check_heads;
    bool is_indicating_current;
    bool is_plan;
    bool is_sql;
    bool is_yes;
    bool is_using_stored_down;
    bool is_purging;
    bool is_refreshing;
    bool is_forced;
    bool is_autogenerate;
    bool is_splice;
    struct str directory;
    struct str range;
    struct str message;
    struct str revision_id;
    struct str head;
    struct str wait_seconds;
    struct str retries;
    struct str batch;
    struct str pause_ms;
    struct str positionals[COMMAND_POSITIONALS_MAX];
    size_t positional_count;
};

/* One run of a subcommand. */
struct command {
    const struct migrate_command_environment *environment;
    struct command_arguments arguments;
    struct migration_scope scope;
    struct migration_options options;
    struct migration_listener listener;
    struct ticker *ticker;
    size_t begun; /* progress lines that wait for their "done" */
};

NODISCARD result command_upgrade(struct command *command);
NODISCARD result command_current(struct command *command);
NODISCARD result command_history(struct command *command);
NODISCARD result command_heads(struct command *command);
NODISCARD result command_downgrade(struct command *command);
NODISCARD result command_branches(struct command *command);
NODISCARD result command_show(struct command *command);
NODISCARD result command_stamp(struct command *command);
NODISCARD result command_merge(struct command *command);
NODISCARD result command_verify(struct command *command);
NODISCARD result command_wait(struct command *command);
NODISCARD result command_backfill(struct command *command);
NODISCARD result command_check(struct command *command);
NODISCARD result command_revision(struct command *command);
NODISCARD result command_lint(struct command *command);
/* Exit 3 unless the database is at the head of the revisions: only then can the declared schema be compared. */
NODISCARD result command_require_head(struct command *command, const struct migrator *migrator);
struct schema_difference;
/* One line per change; how many there are. */
size_t command_print_difference(const struct command *command, const struct schema_difference *difference);

/* --sql of upgrade and downgrade. */
NODISCARD result command_script(struct command *command, bool is_down);

/* The number an option gives; untouched when it is not given. Exit 2 unless it is between 0 and `max`. */
NODISCARD result command_number(struct command *command, struct str text, int64_t max, int64_t *ret_number);

/* One step of --plan: its statements with what they lock, endanger and lose. */
void print_plan_step(const struct command *command, const struct revision *revision, bool is_down);

/* "Applied 2 revision(s); now at 0008 (head)" */
void print_outcome_of_upgrade(const struct command *command, const struct migration_outcome *outcome);

/* Tells progress as people read it. */
void command_progress(void *argument, const struct migration_progress *progress);

/* --- output --- */

/* One JSON object on a line of its own: command_object(out); command_text(out, "revision", id); …_end(out). */
struct json_line {
    FILE *out;
    bool has_members;
};
struct json_line json_line_begin(FILE *out);
void json_line_text(struct json_line *line, const char *name, struct str value);
void json_line_number(struct json_line *line, const char *name, int64_t value);
void json_line_bool(struct json_line *line, const char *name, bool value);
void json_line_end(struct json_line *line);

/* Where a revision stands; database facts are left out while `judgement` is NULL. */
struct revision_view {
    const struct revision_set *set;
    size_t index;
    const struct judgement *judgement;
    struct str directory; /* empty: embedded */
    bool is_marking_current;
};
/* " (partial, 2 statement(s) done)" */
void print_partial(FILE *out, const struct applied_revision *row);
/* "0006 -> 0007 (head), add passkeys" */
void print_revision_line(FILE *out, struct arena *arena, const struct revision_view *view);
/* "0006 (head)", and what else Alembic marks. */
void print_revision_name(FILE *out, const struct revision_view *view);
/* "Rev: …", "Parent: …", "Path: …", and the message, as in Alembic. */
void print_revision_block(FILE *out, struct arena *arena, const struct revision_view *view);
void print_revision_json(FILE *out, struct arena *arena, const struct revision_view *view);

#endif
