// SPDX-License-Identifier: MIT
#include "command_line_internal.h"

#include <stdio.h>
#include <string.h>

#include "auth/domain/scopes.h"

static const struct command_option *find_option(const struct command_option *options, const char *name)
{
    for (const struct command_option *option = options; option->name; option++)
        if (strcmp(option->name, name) == 0) return option;
    return NULL;
}

static bool refuse(const char *command, const char *argument, const char *problem)
{
    fprintf(stderr, "auth %s: %s %s; see: auth help %s\n", command, argument, problem, command);
    return false;
}

static bool add_word(struct command_line *line, const char *command, const char *word)
{
    if (line->word_count == COMMAND_WORDS_MAX) return refuse(command, word, "is one word too many");
    line->words[line->word_count++] = word;
    return true;
}

/* Options every command has. */
static bool read_common(struct command_line *line, const char *name, const char *value, bool *ret_took_value)
{
    *ret_took_value = false;
    if (strcmp(name, "--json") == 0) {
        line->is_json = true;
        return true;
    }
    if (strcmp(name, "--set") != 0 || !value || line->set_count == COMMAND_SETS_MAX) return false;
    line->sets[line->set_count++] = value;
    *ret_took_value = true;
    return true;
}

static bool note_option(struct command_line *line, const struct command_option *option)
{
    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i] == option->name) return true;
    if (line->option_count == COMMAND_OPTIONS_MAX) return false;
    line->options[line->option_count++] = option->name;
    return true;
}

static bool read_option(const struct command_option *options, struct command_line *line, const char *name,
                        const char *value, bool *ret_took_value)
{
    const struct command_option *option = find_option(options, name);
    if (!option) return read_common(line, name, value, ret_took_value);
    if (!note_option(line, option)) return false;
    *ret_took_value = option->value || !option->flag;
    if (option->flag) *option->flag = true;
    if (option->value) *option->value = value;
    if (!*ret_took_value) return true;
    if (option->value || !value) return value != NULL;
    if (line->value_count == COMMAND_VALUES_MAX) return false;
    line->values[line->value_count++] = value;
    return true;
}

bool command_line_read(int argc, char **argv, const struct command_option *options,
                       struct command_line *ret_line)
{
    *ret_line = (struct command_line){0};
    bool has_ended = false; /* what follows "--" are words, whatever they begin with: a key's id, a name */
    for (int i = 1; i < argc; i++) {
        if (!has_ended && strcmp(argv[i], "--") == 0) {
            has_ended = true;
            continue;
        }
        if (has_ended || strncmp(argv[i], "--", 2) != 0) {
            if (!add_word(ret_line, argv[0], argv[i])) return false;
            continue;
        }
        bool took_value;
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!read_option(options, ret_line, argv[i], value, &took_value))
            return refuse(argv[0], argv[i], "is not an option here, or misses its value");
        i += took_value;
    }
    return true;
}

static void print_choices(const char *command, const struct subcommand *rows, size_t count)
{
    fprintf(stderr, "auth %s: one of ", command);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", rows[i].name);
    fprintf(stderr, " must follow; see: auth help %s\n", command);
}

static const char *words_taken(const struct subcommand *row)
{
    static const char *const words[] = {"no further words", "one more word", "two more words",
                                        "three more words"};
    if (row->words_min != row->words_max) return "other words";
    return row->words_max < ARRAY_COUNT(words) ? words[row->words_max] : "more words";
}

static bool takes_options(const char *command, const struct subcommand *row, const struct command_line *line)
{
    const struct str taken = str_from(row->options);
    for (size_t i = 0; i < line->option_count; i++) {
        if (has_word(taken, str_from(line->options[i]))) continue;
        fprintf(stderr, "auth %s %s: %s is not an option of it; see: auth help %s\n", command, row->name,
                line->options[i], command);
        return false;
    }
    return true;
}

const struct subcommand *subcommand_find(const char *command, const struct command_line *line,
                                         const struct subcommand *rows, size_t count)
{
    for (size_t i = 0; line->word_count > 0 && i < count; i++) {
        if (strcmp(line->words[0], rows[i].name) != 0) continue;
        const size_t words = line->word_count - 1;
        if (!takes_options(command, &rows[i], line)) return NULL;
        if (words >= rows[i].words_min && words <= rows[i].words_max) return &rows[i];
        fprintf(stderr, "auth %s %s: takes %s; see: auth help %s\n", command, rows[i].name,
                words_taken(&rows[i]), command);
        return NULL;
    }
    print_choices(command, rows, count);
    return NULL;
}
