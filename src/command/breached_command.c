// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "auth/command/command.h"
#include "auth/crypto/breached_file.h"
#include "command_line_internal.h"
#include "commands_internal.h"

#define ARENA_BYTES  (4u * 1024u * 1024u)
#define LOOK_TIME_MS INT64_C(1000)
#define BUFFER_BYTES (1u << 20)

/* The digests, to be counted and perhaps written. */
struct copy {
    FILE *out; /* NULL: only counted */
    uint64_t count;
};

static bool take(void *context, const unsigned char digest[BREACHED_DIGEST_BYTES])
{
    struct copy *copy = context;
    copy->count++;
    return !copy->out || fwrite(digest, BREACHED_DIGEST_BYTES, 1, copy->out) == 1;
}

static int done(const struct command_line *line, const struct copy *copy, const char *path)
{
    if (line->is_json)
        printf("{\"file\":\"%s\",\"digests\":%" PRIu64 "}\n", path, copy->count);
    else
        printf("%s: %" PRIu64 " digests, in order\n", path, copy->count);
    return EXIT_DONE;
}

static int failed(const struct task *task, const char *path)
{
    fprintf(stderr, "auth breached: %s: %s\n", path, task->fault.detail);
    return EXIT_FAILED;
}

static int check(struct task *task, const struct command_line *line, const struct breached_file *file)
{
    struct copy copy = {0};
    if (!is_ok(breached_file_walk(task, file, take, &copy))) return failed(task, line->words[1]);
    return done(line, &copy, line->words[1]);
}

/* Whole and on the disk before it has its name: a service that starts meanwhile finds the old one, or none. */
static bool write_packed(struct task *task, const struct breached_file *file, FILE *out,
                         struct copy *ret_copy)
{
    *ret_copy = (struct copy){.out = out};
    setvbuf(out, NULL, _IOFBF, BUFFER_BYTES);
    const bool has_head = fwrite(BREACHED_MAGIC, BREACHED_DIGEST_BYTES, 1, out) == 1;
    const bool is_walked = has_head && is_ok(breached_file_walk(task, file, take, ret_copy));
    return is_walked && fflush(out) == 0 && fsync(fileno(out)) == 0;
}

static int pack(struct task *task, const struct command_line *line, const struct breached_file *file)
{
    const char *path = line->words[2];
    const struct str draft = str_printf(task->arena, "%s.draft", path);
    FILE *out = fopen(draft.ptr, "wxe");
    if (!out) {
        fprintf(stderr, "auth breached: %s cannot be made: %s\n", draft.ptr, strerror(errno));
        return EXIT_FAILED;
    }
    struct copy copy;
    const bool is_written = write_packed(task, file, out, &copy);
    const bool is_closed = fclose(out) == 0;
    if (is_written && is_closed && rename(draft.ptr, path) == 0) return done(line, &copy, path);
    if (task->fault.detail[0])
        failed(task, line->words[1]);
    else
        fprintf(stderr, "auth breached: %s cannot be written: %s\n", path, strerror(errno));
    unlink(draft.ptr);
    return EXIT_FAILED;
}

static int find(struct task *task, const struct command_line *line, const struct breached_file *file)
{
    struct secret password;
    unsigned char digest[BREACHED_DIGEST_BYTES];
    bool is_found;
    if (!password_read(task->arena, &password)) return EXIT_USAGE;
    breached_digest(password, digest);
    secret_wipe(&password);
    if (!is_ok(breached_file_find(file, digest, &is_found))) {
        fprintf(stderr, "auth breached: %s is damaged; see: auth breached check\n", line->words[1]);
        return EXIT_FAILED;
    }
    if (line->is_json)
        printf("{\"is_breached\":%s}\n", is_found ? "true" : "false");
    else
        printf("%s\n",
               is_found ? "it is among the stolen passwords" : "it is not among the stolen passwords");
    return EXIT_DONE;
}

static const struct subcommand SUBCOMMANDS[] = {{"check", 1, 1, ""}, {"pack", 2, 2, ""}, {"find", 1, 1, ""}};
typedef int breached_work(struct task *task, const struct command_line *line,
                          const struct breached_file *file);
static breached_work *const WORKS[] = {check, pack, find};

int breached_command(int argc, char **argv)
{
    const struct command_option options[] = {{0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen =
        subcommand_find("breached", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, STR("breached"), LOOK_TIME_MS);
    struct breached_file *file = NULL;
    if (!is_ok(breached_file_open(task, str_from(line.words[1]), &file))) {
        fprintf(stderr, "auth breached: %s\n", task->fault.detail);
        return EXIT_FAILED;
    }
    const int code = WORKS[chosen - SUBCOMMANDS](task, &line, file);
    breached_file_close(file);
    return code;
}
