/* command.h — the commands of the binary, one row each.
 * Shape:   main looks the first argument up and runs the row; each command reads its own options.
 * Errors:  a command returns the process's exit code: 0 done, 1 failed, 2 wrong usage or settings; migrate has more
 *          (migrations.h).
 * Note:    results go to standard output, everything else to standard error.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_COMMAND_H
#define AUTH_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#define AUTH_VERSION "0.1.0"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;                  /* "user" */
    const char *summary;               /* one line, for the list */
    const char *usage;                 /* options and an example, for --help */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
    bool takes_signals;                /* and ends in order; the others are ended by them */
};

extern const struct command commands[];
extern const size_t command_count;

/* NULL if there is none of this name. */
const struct command *command_find(const char *name);
/* The list of commands, or one command's usage. */
void command_print_list(void);
void command_print_usage(const struct command *command);

#endif
