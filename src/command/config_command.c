// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "commands_internal.h"
#include "runtime_internal.h"

#define OUTPUT_BYTES_MAX (256u * 1024u)

static int print_reference(void)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(2 * OUTPUT_BYTES_MAX);
    struct strbuf text;
    strbuf_init(&text, arena, 16384, OUTPUT_BYTES_MAX);
    settings_reference(&text);
    printf("%.*s", STR_ARGS(strbuf_str(&text)));
    return EXIT_DONE;
}

static void print_settings(const struct runtime *runtime, bool is_json)
{
    struct strbuf text;
    strbuf_init(&text, runtime->arena, 16384, OUTPUT_BYTES_MAX);
    settings_print(runtime->settings, is_json ? SETTINGS_JSON : SETTINGS_TABLE, &text);
    printf("%.*s", STR_ARGS(strbuf_str(&text)));
}

static int show_or_check(const struct command_line *line, bool is_check)
{
    struct runtime runtime = {0};
    const int code = runtime_load(&runtime, line, "config");
    if (code == EXIT_DONE && !is_check) print_settings(&runtime, line->is_json);
    if (code == EXIT_DONE && is_check) printf("The settings are right.\n");
    runtime_done(&runtime);
    return code;
}

int config_command(int argc, char **argv)
{
    static const struct command_option NO_OPTIONS[] = {{0}};
    static const struct subcommand SUBCOMMANDS[] = {{"check", 0, 0, ""}, {"reference", 0, 0, ""}};
    struct command_line line;
    if (!command_line_read(argc, argv, NO_OPTIONS, &line)) return EXIT_USAGE;
    if (line.word_count == 0) return show_or_check(&line, false);
    const struct subcommand *chosen = subcommand_find("config", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    return chosen == &SUBCOMMANDS[0] ? show_or_check(&line, true) : print_reference();
}
