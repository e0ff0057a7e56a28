// SPDX-License-Identifier: MIT
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "auth/crypto/password.h"
#include "command_line_internal.h"

#define LINE_BYTES (PASSWORD_BYTES_MAX + 2u)

/* One line without its end; false at the end of the input or when it is too long. */
static bool read_line(char line[LINE_BYTES])
{
    if (!fgets(line, LINE_BYTES, stdin)) return false;
    const size_t len = strlen(line);
    if (len == 0 || line[len - 1] != '\n') return feof(stdin) && len > 0;
    line[len - 1] = '\0';
    return true;
}

static struct termios shown;

/* Whoever gives up at the prompt gets a terminal back that shows what is typed. Both calls are async-signal-safe
 * (signal-safety(7)); the handler is gone by then, so the signal ends the process. */
static void show_and_end(int signal_number)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    raise(signal_number);
}

static void hide(void)
{
    static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    const struct sigaction action = {.sa_handler = show_and_end, .sa_flags = (int)SA_RESETHAND};
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++) sigaction(endings[i], &action, NULL);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
}

/* With the terminal's echo off while it is typed. */
static bool ask(const char *prompt, char line[LINE_BYTES])
{
    if (tcgetattr(STDIN_FILENO, &shown) != 0) return false;
    fprintf(stderr, "%s: ", prompt);
    hide();
    const bool is_read = read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fprintf(stderr, "\n");
    return is_read;
}

static bool ask_twice(char line[LINE_BYTES])
{
    char again[LINE_BYTES];
    const bool is_read = ask("Password", line) && ask("The same again", again);
    const bool is_same = is_read && strlen(line) == strlen(again) && bytes_equal(line, again, strlen(line));
    wipe(again, sizeof again);
    if (is_read && !is_same) fprintf(stderr, "auth: the two differ; nothing was changed\n");
    return is_same;
}

bool password_read(struct arena *arena, struct secret *ret_password)
{
    char line[LINE_BYTES];
    setvbuf(stdin, NULL, _IONBF, 0); /* nothing of it stays in a buffer of the library */
    const bool is_read = isatty(STDIN_FILENO) ? ask_twice(line) : read_line(line);
    if (is_read)
        *ret_password = secret_copy(arena, line, strlen(line));
    else
        fprintf(stderr, "auth: no password: type it twice, or give it as the first line of standard input\n");
    wipe(line, sizeof line);
    return is_read;
}
