/* command_table_internal.h — the subcommands and their options as rows.
 * Shape:   a new subcommand is a function in command_internal.h, a bit and a row in command_table.c; a new option is
 *          a field of struct command_arguments and a row.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_COMMAND_TABLE_INTERNAL_H
#define AUTH_MIGRATE_COMMAND_TABLE_INTERNAL_H

#include "command_internal.h"

struct subcommand {
    const char *name;
    int bit;
    const char *positionals; /* as shown in the usage */
    size_t positionals_min;
    size_t positionals_max;
    result (*run)(struct command *command);
    const char *summary;
    const char *example;
};

const struct subcommand *migrate_subcommand_find(const char *name);
void migrate_subcommands_print(FILE *out);
void migrate_subcommand_print_help(FILE *out, const struct subcommand *subcommand);

/* Reads what follows the subcommand's name into command->arguments. */
NODISCARD result migrate_subcommand_parse(struct command *command, const struct subcommand *subcommand,
                                          int argc, char **argv);

#endif
