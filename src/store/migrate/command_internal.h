/* command_internal.h — the subcommands as rows: a new one is a row in command.c and a function.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MIGRATE_COMMAND_INTERNAL_H
#define AUTH_STORE_MIGRATE_COMMAND_INTERNAL_H

#include "auth/store/migrate_command.h"
#include "runner_internal.h"
#include "target_internal.h"

#define COMMAND_POSITIONALS_MAX 2u

/* What the command line says. */
struct command_arguments {
    bool is_help;
    bool is_json;
    bool is_quiet;
    bool is_verbose;
    bool is_check_heads;
    bool is_indicating_current;
    struct str directory;
    struct str range;
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
    size_t begun; /* progress lines that wait for their "done" */
};

NODISCARD result command_upgrade(struct command *command);
NODISCARD result command_current(struct command *command);
NODISCARD result command_history(struct command *command);
NODISCARD result command_heads(struct command *command);

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
};
/* "0006 -> 0007 (head), add passkeys" */
void print_revision_line(FILE *out, struct arena *arena, const struct revision_view *view);
/* "Rev: …", "Parent: …", "Path: …", and the message, as in Alembic. */
void print_revision_block(FILE *out, struct arena *arena, const struct revision_view *view);
void print_revision_json(FILE *out, struct arena *arena, const struct revision_view *view);

#endif
