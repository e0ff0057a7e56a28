// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command_line_internal.h"

bool is_confirmed(const char *question, bool says_yes)
{
    char line[8];
    if (says_yes) return true;
    if (isatty(STDIN_FILENO) != 1) {
        fprintf(stderr, "auth: %s Nobody can be asked here; say --yes.\n", question);
        return false;
    }
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(line, sizeof line, stdin)) return false;
    return line[0] == 'y' || line[0] == 'Y';
}
