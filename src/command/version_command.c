// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/migrate/migrations.h"
#include "commands_internal.h"

int version_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(1024u * 1024u);
    printf("auth %s (schema %.*s)\n", AUTH_VERSION, STR_ARGS(migrations_head(arena)));
    return EXIT_DONE;
}
