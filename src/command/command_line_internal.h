/* command_line_internal.h — reading a command's arguments and printing its lists.
 * Errors:  what is wrong is printed, with the way to the help; the command then exits with EXIT_USAGE.
 * Note:    no option takes a secret: secrets come from files, the terminal or standard input.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_LINE_INTERNAL_H
#define AUTH_COMMAND_LINE_INTERNAL_H

#include "auth/json/fields.h"

#define COMMAND_SETS_MAX    64u
#define COMMAND_WORDS_MAX   6u
#define COMMAND_VALUES_MAX  16u
#define COMMAND_OPTIONS_MAX 16u

/* One option of a command: with a value, or a flag. With neither it may be given several times, and its values are the
 * line's. */
struct command_option {
    const char *name; /* "--name" */
    const char **value;
    bool *flag;
};

/* What stands on the command line. Every command also takes --set NAME=value and --json, and "--" before words that begin
 * like options. */
struct command_line {
    const char *sets[COMMAND_SETS_MAX];
    size_t set_count;
    const char *words[COMMAND_WORDS_MAX]; /* what is not an option, the command's name left out */
    size_t word_count;
    const char *values[COMMAND_VALUES_MAX]; /* of the option that may be given several times */
    size_t value_count;
    const char *options[COMMAND_OPTIONS_MAX]; /* those that were given, each once, the common ones left out */
    size_t option_count;
    bool is_json;
};

/* `options` ends with a row without a name. */
bool command_line_read(int argc, char **argv, const struct command_option *options,
                       struct command_line *ret_line);

/* One subcommand of a command: "list" of "auth user list". */
struct subcommand {
    const char *name;
    size_t words_min; /* further words it takes */
    size_t words_max;
    const char *options; /* those of the command's options that it takes, parted by spaces */
};

/* Fails with a sentence for the operator, in the place of what the rules or the database have said. */
#define EXPLAIN(task, name, ...)                 \
    do {                                         \
        fault_clear(&(task)->fault);             \
        FAIL(&(task)->fault, name, __VA_ARGS__); \
    } while (0)

/* The row named by the first word; NULL, having said what there is, when there is none, or its words or options do not
 * fit: an option that would be passed over is refused. */
const struct subcommand *subcommand_find(const char *command, const struct command_line *line,
                                         const struct subcommand *rows, size_t count);

/* The words of what is stored as one text. */
struct str_list list_words(struct arena *arena, struct str words, char separator);
/* A table for people, no wider than their terminal, or one JSON object per line. `items` is an array of the structure `fields` describes. */
void list_print(const struct fields *fields, const struct object_list *list, bool is_json);
/* One thing, a member on each line, or one JSON object. */
void record_print(const struct fields *fields, const void *item, bool is_json);

/* Asks on the terminal, "y" is yes. Where nobody can be asked it is no, and the way is told: --yes. */
bool is_confirmed(const char *question, bool says_yes);

/* A password from the terminal, asked twice without echo, or the first line of standard input when that is not a
 * terminal. False, having said why, when there is none. */
bool password_read(struct arena *arena, struct secret *ret_password);

#endif
