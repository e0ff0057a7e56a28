// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "auth/base/secret.h"
#include "auth/command/command.h"
#include "auth/loop/signals.h"

static bool asks_for_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* Before the first thread, which inherits what is blocked. */
static result prepare(const struct command *command)
{
    if (command->takes_signals) TRY(signals_block());
    return random_init();
}

int main(int argc, char **argv)
{
    if (argc < 2 || asks_for_help(argv[1])) {
        command_print_list();
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    const struct command *command = command_find(argv[1]);
    if (!command) {
        fprintf(stderr, "auth: there is no command \"%s\"; see: auth help\n", argv[1]);
        return EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++)
        if (asks_for_help(argv[i]) && strcmp(command->name, "migrate") != 0) {
            command_print_usage(command);
            return EXIT_DONE;
        }
    if (!is_ok(prepare(command))) {
        fprintf(stderr, "auth: the system gives no random bytes or no signals; nothing was started\n");
        return EXIT_FAILED;
    }
    return command->run(argc - 1, argv + 1);
}
