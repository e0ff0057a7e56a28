// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/command/command.h"
#include "auth/domain/mailer.h"
#include "auth/domain/scopes.h"
#include "commands_internal.h"
#include "import_state_internal.h"
#include "progress_internal.h"
#include "runtime_internal.h"

#define BATCH_ARENA_BYTES (256u * 1024u * 1024u)
#define BATCH_TIME_MS     INT64_C(60000)
#define BATCH_BYTES_MAX   (1024u * 1024u)
#define STATE_EVERY_MS    INT64_C(250)
#define KEY_FILE_MAX      1024u

struct import_work {
    const struct command_line *line;
    const char *file; /* "-": standard input */
    const char *from;
    const char *signer_key_file;
    const char *salt_separator;
    const char *rounds;
    const char *memory_cost;
    bool restarts;
    struct import_options options;
    int fd;
    bool is_file; /* with a state beside it */
    struct import_state state;
    struct records *records;
    struct progress progress;
    int64_t state_written_ms;
};

/* --- what is told of each record ------------------------------------------------------------------------------------- */

struct outcome_row {
    int64_t number;
    struct str verdict;
    struct id id;
    struct str email;
    struct str pointer;
    struct str reason;
};

#define COLUMN(member, kind)                                                            \
    {                                                                                   \
        .name = #member, .type = (kind), .offset = offsetof(struct outcome_row, member) \
    }
static const struct field OUTCOME_ROWS[] = {COLUMN(number, FIELD_INTEGER), COLUMN(verdict, FIELD_STRING),
                                            COLUMN(id, FIELD_ID),          COLUMN(email, FIELD_STRING),
                                            COLUMN(pointer, FIELD_STRING), COLUMN(reason, FIELD_STRING)};
static const struct fields OUTCOME_FIELDS = FIELDS(OUTCOME_ROWS, struct outcome_row, "ImportOutcome");

static void tell_json(struct task *task, const struct import_outcome *outcome)
{
    const struct outcome_row row = {.number = outcome->number,
                                    .verdict = str_from(import_verdict_name(outcome->verdict)),
                                    .id = outcome->id,
                                    .email = outcome->email,
                                    .pointer = str_from(outcome->pointer),
                                    .reason = str_from(outcome->reason)};
    struct strbuf text;
    strbuf_init(&text, task->arena, 256, 8192);
    fields_write_json(&OUTCOME_FIELDS, &row, &text);
    printf("%.*s\n", STR_ARGS(strbuf_str(&text)));
}

/* People are told of what was refused; scripts of everything. */
static void tell(struct import_work *work, struct task *task, const struct import_outcome *outcome)
{
    work->state.counts[outcome->verdict]++;
    if (work->line->is_json) {
        tell_json(task, outcome);
        return;
    }
    if (outcome->verdict != IMPORT_REFUSED) return;
    progress_clear(&work->progress);
    printf("record %lld%s%.*s: %s%s%s\n", (long long)outcome->number, is_empty(outcome->email) ? "" : ", ",
           STR_ARGS(outcome->email), outcome->pointer, *outcome->pointer ? " " : "", outcome->reason);
}

static int64_t told(const struct import_work *work)
{
    int64_t sum = 0;
    for (size_t i = 0; i < IMPORT_VERDICT_COUNT; i++) sum += work->state.counts[i];
    return sum;
}

static void sum_up(struct import_work *work)
{
    const int64_t *counts = work->state.counts;
    progress_clear(&work->progress);
    fprintf(work->line->is_json ? stderr : stdout,
            "%lld record(s)%s: %lld created, %lld updated, %lld unchanged, %lld refused; %lld/s\n",
            (long long)told(work), work->options.is_dry_run ? " tried" : "",
            (long long)counts[IMPORT_CREATED], (long long)counts[IMPORT_UPDATED],
            (long long)counts[IMPORT_UNCHANGED], (long long)counts[IMPORT_REFUSED],
            (long long)progress_rate(&work->progress, told(work)));
}

/* --- reading and storing ---------------------------------------------------------------------------------------------- */

/* What the file gives next, up to a batch: those that can be read as items, the others told at once. */
static result read_batch(struct import_work *work, struct task *task, struct import_item *items,
                         size_t *ret_count, bool *ret_is_last)
{
    size_t bytes = 0;
    *ret_count = 0;
    *ret_is_last = false;
    while (*ret_count < IMPORT_BATCH_MAX && bytes < BATCH_BYTES_MAX) {
        struct record record;
        const result read = records_next(work->records, task, &record);
        *ret_is_last = read.code == STATUS_NOT_FOUND;
        if (*ret_is_last) return RESULT_OK;
        TRY(read);
        bytes += record.text.len;
        const struct import_record given = {record.text, record.number, record.is_too_long};
        struct import_item *item = &items[*ret_count];
        if (import_read(&work->options, task, &given, &item->account, &item->outcome))
            (*ret_count)++;
        else
            tell(work, task, &item->outcome);
    }
    return RESULT_OK;
}

static result keep_place(struct import_work *work, struct task *task)
{
    const int64_t now_ms = clock_monotonic_ms();
    work->state.place = records_place(work->records);
    if (!work->is_file || now_ms - work->state_written_ms < STATE_EVERY_MS) return RESULT_OK;
    work->state_written_ms = now_ms;
    return import_state_write(task, work->file, &work->state);
}

static result store_batch(struct import_work *work, struct service *service, struct task *task,
                          bool *ret_is_last)
{
    size_t count;
    struct import_item *items = arena_alloc_array(task->arena, IMPORT_BATCH_MAX, sizeof *items);
    TRY(read_batch(work, task, items, &count, ret_is_last));
    TRY(import_batch(service, task, &work->options, items, count));
    for (size_t i = 0; i < count; i++) tell(work, task, &items[i].outcome);
    progress_show(&work->progress, told(work), records_place(work->records).offset);
    return keep_place(work, task);
}

/* Each batch with an arena and a deadline of its own: the file may be of any size. */
static result run_batch(struct import_work *work, struct service *service, struct task *outer,
                        bool *ret_is_last)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(BATCH_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, outer->id, BATCH_TIME_MS);
    task->actor = STR("command");
    const result stored = store_batch(work, service, task, ret_is_last);
    if (!is_ok(stored)) {
        progress_clear(&work->progress);
        failure_print("import", task, stored);
        fprintf(stderr, "auth import: stopped after record %lld%s\n", (long long)work->state.place.number,
                work->is_file ? "; the same command goes on from there"
                              : "; what was stored is recognised next time");
    }
    return stored;
}

static void resume(struct import_work *work, struct task *task)
{
    if (work->restarts || !is_ok(import_state_read(task, work->file, work->state.fingerprint, &work->state)))
        return;
    fprintf(stderr, "auth import: going on after record %lld (--restart begins anew)\n",
            (long long)work->state.place.number);
}

static result open_records(struct import_work *work, struct task *task)
{
    struct stat facts;
    enum framing framing = FRAMING_LINES;
    work->is_file = fstat(work->fd, &facts) == 0 && S_ISREG(facts.st_mode) && strcmp(work->file, "-") != 0;
    if (work->is_file) {
        TRY(framing_detect(task, work->fd, import_format_framing(work->options.format), &framing));
        TRY(import_state_fingerprint(task, work->fd, work->from, &work->state.fingerprint));
        if (!work->options.is_dry_run) resume(work, task);
    }
    work->is_file = work->is_file && !work->options.is_dry_run;
    progress_begin(&work->progress, "records", S_ISREG(facts.st_mode) ? facts.st_size : 0, told(work));
    return records_open(task, work->fd, framing, work->state.place, &work->records);
}

static result import(struct service *service, struct task *task, void *argument)
{
    struct import_work *work = argument;
    bool is_last = false;
    TRY(open_records(work, task));
    while (!is_last) {
        /* Said already. */
        if (!is_ok(run_batch(work, service, task, &is_last))) return RESULT(INTERNAL);
    }
    if (work->is_file) import_state_remove(task, work->file);
    if (work->options.updates) TRY(mailer_drain(service, task));
    sum_up(work);
    return RESULT_OK;
}

/* --- options ---------------------------------------------------------------------------------------------------------- */

static bool complain(const char *problem, const char *word)
{
    fprintf(stderr, "auth import: %s%s\nMore: auth help import\n", problem, word);
    return false;
}

/* No secret stands on a command line: the key comes from a file. */
static bool read_signer_key(struct import_work *work, struct arena *arena)
{
    if (!work->signer_key_file) return true;
    char *text = arena_alloc(arena, KEY_FILE_MAX); /* wiped with the arena */
    FILE *opened = fopen(work->signer_key_file, "re");
    if (!opened) return complain("cannot read ", work->signer_key_file);
    const size_t length = fread(text, 1, KEY_FILE_MAX, opened);
    (void)fclose(opened);
    struct str key = {text, length};
    while (key.len > 0 && strchr("\r\n ", key.ptr[key.len - 1])) key.len--;
    work->options.firebase.signer_key = secret_copy(arena, key.ptr, key.len);
    return true;
}

static bool read_number(const char *text, int64_t most, int64_t *ret_value)
{
    if (!text) return true;
    return str_to_int64(str_from(text), ret_value) && *ret_value > 0 && *ret_value <= most;
}

static bool read_options(struct import_work *work, struct arena *arena)
{
    struct firebase_hash *firebase = &work->options.firebase;
    work->from = work->from ? work->from : "auth";
    work->options.format = import_format_find(str_from(work->from));
    if (!work->options.format)
        return complain("--from takes auth, gotrue, keycloak, kratos, firebase or auth0, not ", work->from);
    firebase->salt_separator = str_from(work->salt_separator);
    if (!read_number(work->rounds, 64, &firebase->rounds) ||
        !read_number(work->memory_cost, 31, &firebase->memory_cost))
        return complain("--firebase-rounds and --firebase-memory-cost take small numbers", "");
    if (!read_signer_key(work, arena)) return false;
    const char *problem = import_options_problem(&work->options);
    return problem ? complain(problem, "") : true;
}

static bool open_file(struct import_work *work)
{
    if (work->line->word_count != 1) return complain("name one file, or - for standard input", "");
    work->file = work->line->words[0];
    work->fd = strcmp(work->file, "-") == 0 ? STDIN_FILENO : open(work->file, O_RDONLY | O_CLOEXEC);
    if (work->fd >= 0) return true;
    fprintf(stderr, "auth import: %s: %s\n", work->file, strerror(errno));
    return false;
}

static int run(struct import_work *work)
{
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, work->line, "import");
    if (code == EXIT_DONE && (!read_options(work, runtime.arena) || !open_file(work))) code = EXIT_USAGE;
    if (code == EXIT_DONE) code = runtime_start(&runtime);
    if (code == EXIT_DONE) code = runtime_run(&runtime, import, work);
    runtime_done(&runtime);
    if (code == EXIT_DONE && work->state.counts[IMPORT_REFUSED] > 0) code = EXIT_FAILED;
    return code;
}

int import_command(int argc, char **argv)
{
    struct import_work work = {.fd = -1, .options = {.granter = scopes_of_shell()}};
    struct import_options *options = &work.options;
    const struct command_option rows[] = {{"--from", &work.from, NULL},
                                          {"--update", NULL, &options->updates},
                                          {"--create-groups", NULL, &options->makes_groups},
                                          {"--dry-run", NULL, &options->is_dry_run},
                                          {"--restart", NULL, &work.restarts},
                                          {"--firebase-signer-key-file", &work.signer_key_file, NULL},
                                          {"--firebase-salt-separator", &work.salt_separator, NULL},
                                          {"--firebase-rounds", &work.rounds, NULL},
                                          {"--firebase-memory-cost", &work.memory_cost, NULL},
                                          {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, rows, &line)) return EXIT_USAGE;
    work.line = &line;
    return run(&work);
}
