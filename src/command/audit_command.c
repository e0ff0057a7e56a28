// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/command/command.h"
#include "auth/domain/audit.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/audit_checkpoint.h"
#include "auth/domain/audit_query.h"
#include "auth/domain/audit_verify.h"
#include "auth/domain/keyring.h"
#include "commands_internal.h"
#include "progress_internal.h"
#include "runtime_internal.h"
#include "time_word_internal.h"

#define PAGE_ROWS            500
#define PAGE_ARENA_BYTES     (8u * 1024u * 1024u)
#define PAGE_TIME_MS         INT64_C(30000)
#define LIST_DEFAULT         100
#define CHECKPOINT_BYTES_MAX 8192u
#define LINE_BYTES_MAX       8192u

struct audit_work {
    const struct command_line *line;
    const char *type, *account, *client, *actor, *since, *until, *limit, *after;
    const char *from, *against;
    bool is_oldest_first;
    int exit_code;
    struct progress progress;
};

/* --- what is asked for -------------------------------------------------------------------------------------------- */

static result read_number(struct task *task, const char *option, const char *text, int64_t *ret_value)
{
    if (text && (!str_to_int64(str_from(text), ret_value) || *ret_value < 0))
        FAIL(&task->fault, BAD_REQUEST, "%s takes a number, not \"%s\"", option, text);
    return RESULT_OK;
}

static result read_filter(struct task *task, const struct audit_work *work, struct audit_filter *ret_filter)
{
    struct audit_filter filter = {.type = str_from(work->type),
                                  .client_id = str_from(work->client),
                                  .actor = str_from(work->actor),
                                  .is_newest_first = !work->is_oldest_first};
    if (work->account && !id_parse(str_from(work->account), &filter.account_id))
        FAIL(&task->fault, BAD_REQUEST, "--account takes the id of an account, not \"%s\"", work->account);
    TRY(time_of_word(task, "--since", work->since, &filter.since_ms));
    TRY(time_of_word(task, "--until", work->until, &filter.until_ms));
    TRY(read_number(task, "--after", work->after, &filter.after));
    *ret_filter = filter;
    return RESULT_OK;
}

/* --- list and export ---------------------------------------------------------------------------------------------- */

/* What fits beside each other on a terminal; --json has all. */
static const struct field LIST_ROWS[] = {
    {.name = "seq", .type = FIELD_INTEGER, .offset = offsetof(struct audit_view, seq)},
    {.name = "at", .type = FIELD_TIME, .offset = offsetof(struct audit_view, at_ms)},
    {.name = "type", .type = FIELD_STRING, .offset = offsetof(struct audit_view, type)},
    {.name = "account_id", .type = FIELD_ID, .offset = offsetof(struct audit_view, account_id)},
    {.name = "client_address", .type = FIELD_STRING, .offset = offsetof(struct audit_view, client_address)},
    {.name = "actor", .type = FIELD_STRING, .offset = offsetof(struct audit_view, actor)},
    {.name = "subject", .type = FIELD_STRING, .offset = offsetof(struct audit_view, subject)},
    {.name = "detail", .type = FIELD_STRING, .offset = offsetof(struct audit_view, detail)},
};
static const struct fields LIST_FIELDS = FIELDS(LIST_ROWS, struct audit_view, "AuditEvent");

typedef void page_printer(struct arena *arena, const struct audit_page *page, struct audit_work *work);

static void print_list(struct arena *arena, const struct audit_page *page, struct audit_work *work)
{
    const bool is_json = work->line->is_json;
    struct audit_view *views = arena_alloc_array(arena, page->count + 1, sizeof *views);
    for (size_t i = 0; i < page->count; i++) views[i] = audit_view_of(arena, &page->items[i]);
    if (page->count > 0)
        list_print(is_json ? &audit_event_fields : &LIST_FIELDS, &(struct object_list){views, page->count},
                   is_json);
}

static void print_lines(struct arena *arena, const struct audit_page *page, struct audit_work *work)
{
    (void)work;
    struct strbuf text;
    strbuf_init(&text, arena, 64u * 1024u, PAGE_ROWS * LINE_BYTES_MAX);
    for (size_t i = 0; i < page->count; i++) {
        const struct audit_view view = audit_view_of(arena, &page->items[i]);
        fields_write_json(&audit_event_fields, &view, &text);
        strbuf_add_char(&text, '\n');
    }
    const struct str lines = strbuf_str(&text);
    if (lines.len > 0) (void)fwrite(lines.ptr, 1, lines.len, stdout);
}

static void go_on_after(struct audit_filter *filter, const struct audit_page *page)
{
    const int64_t last = page->items[page->count - 1].seq;
    if (filter->is_newest_first)
        filter->before = last;
    else
        filter->after = last;
}

/* Page by page in an arena of its own: there may be millions of events. `limit` 0: all. */
static result print_events(struct service *service, struct task *task, struct audit_filter *filter,
                           int64_t limit, page_printer *print, struct audit_work *work)
{
    struct arena *const kept = task->arena;
    int64_t done = 0;
    for (bool has_more = true; has_more;) {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
        struct audit_page page;
        const int64_t left = limit > 0 ? limit - done : PAGE_ROWS;
        filter->count = left < PAGE_ROWS ? left : PAGE_ROWS;
        task->arena = arena;
        task->deadline_ms = clock_monotonic_ms() + PAGE_TIME_MS;
        const result found = audit_events_find(service, task, filter, &page);
        task->arena = kept;
        TRY(found);
        print(arena, &page, work);
        if (page.count > 0) go_on_after(filter, &page);
        done += (int64_t)page.count;
        has_more = (int64_t)page.count == filter->count && (limit == 0 || done < limit);
        if (print == print_lines) progress_show(&work->progress, done, 0);
    }
    progress_clear(&work->progress);
    if (fflush(stdout) != 0) FAIL(&task->fault, INTERNAL, "cannot write: %s", strerror(errno));
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    struct audit_work *work = argument;
    struct audit_filter filter;
    int64_t limit = LIST_DEFAULT;
    TRY(read_filter(task, work, &filter));
    TRY(read_number(task, "--limit", work->limit, &limit));
    return print_events(service, task, &filter, limit, print_list, work);
}

static result export(struct service *service, struct task *task, void *argument)
{
    struct audit_work *work = argument;
    struct audit_filter filter;
    int64_t limit = 0;
    work->is_oldest_first = true;
    TRY(read_filter(task, work, &filter));
    TRY(read_number(task, "--limit", work->limit, &limit));
    return print_events(service, task, &filter, limit, print_lines, work);
}

/* --- checkpoint and verify ---------------------------------------------------------------------------------------- */

static result make_checkpoint(struct service *service, struct task *task, void *argument)
{
    const struct audit_work *work = argument;
    struct audit_checkpoint checkpoint;
    TRY(keyring_load(service, task));
    service->has_noted = true; /* what others have left belongs to it */
    TRY(audit_chain_flush(service, task));
    TRY(audit_checkpoint_make(service, task, &checkpoint));
    if (work->line->is_json)
        printf("{\"seq\":%lld,\"checkpoint\":\"%.*s\",\"public_key\":%.*s}\n", (long long)checkpoint.end.seq,
               STR_ARGS(checkpoint.signature), STR_ARGS(checkpoint.public_key));
    else
        printf("%.*s\n", STR_ARGS(checkpoint.signature));
    return RESULT_OK;
}

static result read_file(struct task *task, const char *path, struct str *ret_text)
{
    char *text = arena_alloc(task->arena, CHECKPOINT_BYTES_MAX + 1);
    FILE *file = fopen(path, "re");
    if (!file) FAIL(&task->fault, BAD_REQUEST, "cannot read %s: %s", path, strerror(errno));
    const size_t len = fread(text, 1, CHECKPOINT_BYTES_MAX, file);
    (void)fclose(file);
    struct str rest = {text, len};
    *ret_text = str_trim(str_split(&rest, '\n'));
    return RESULT_OK;
}

/* A checkpoint itself, or the file that holds it. */
static result read_checkpoint(struct service *service, struct task *task, const char *word,
                              struct audit_end *end, const struct audit_end **ret_end)
{
    struct str text = str_from(word);
    *ret_end = NULL;
    if (!word) return RESULT_OK;
    if (!str_starts_with(text, STR("eyJ"))) TRY(read_file(task, word, &text));
    TRY(audit_checkpoint_read(service, task, text, end));
    *ret_end = end;
    return RESULT_OK;
}

static const struct field VERDICT_ROWS[] = {
    {.name = "bad_seq", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, bad_seq)},
    {.name = "checkpoints", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, checkpoints)},
    {.name = "events", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, events)},
    {.name = "first_seq", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, first_seq)},
    {.name = "good_seq", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, good_seq)},
    {.name = "last_seq", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, last_seq)},
    {.name = "pending", .type = FIELD_INTEGER, .offset = offsetof(struct audit_verdict, pending)},
};
static const struct fields VERDICT_FIELDS = FIELDS(VERDICT_ROWS, struct audit_verdict, "AuditVerdict");

static void print_verdict_json(struct arena *arena, const struct audit_verdict *verdict)
{
    struct strbuf text;
    strbuf_init(&text, arena, 256, 4096);
    fields_write_json(&VERDICT_FIELDS, verdict, &text);
    const struct str members = strbuf_str(&text);
    printf("%.*s", (int)members.len - 1, members.ptr);
    if (verdict->problem) printf(",\"problem\":\"%s\"", verdict->problem);
    printf(",\"verified\":%s}\n", verdict->problem ? "false" : "true");
}

static void print_verdict(const struct audit_verdict *verdict)
{
    if (verdict->problem) {
        printf("WRONG at event %lld: %s\n", (long long)verdict->bad_seq, verdict->problem);
        if (verdict->good_seq > 0)
            printf("What was signed up to event %lld is as it was.\n", (long long)verdict->good_seq);
        return;
    }
    printf("%lld event(s), up to %lld, are as they were written; %lld checkpoint(s) are right\n",
           (long long)verdict->events, (long long)verdict->last_seq, (long long)verdict->checkpoints);
    if (verdict->pending > 0)
        printf("%lld event(s) wait for a place in the chain\n", (long long)verdict->pending);
}

static void show_progress(void *argument, int64_t done, int64_t total)
{
    struct progress *progress = argument;
    progress->total_bytes = total;
    progress_show(progress, done, done);
}

static result verify(struct service *service, struct task *task, void *argument)
{
    struct audit_work *work = argument;
    struct audit_end from, against;
    struct audit_verdict verdict;
    struct audit_verify_options options = {
        .takes_pending = true, .progress = show_progress, .argument = &work->progress};
    TRY(keyring_load(service, task));
    TRY(read_checkpoint(service, task, work->from, &from, &options.from));
    TRY(read_checkpoint(service, task, work->against, &against, &options.against));
    const result verified = audit_verify(service, task, &options, &verdict);
    progress_clear(&work->progress);
    TRY(verified);
    if (work->line->is_json)
        print_verdict_json(task->arena, &verdict);
    else
        print_verdict(&verdict);
    work->exit_code = verdict.problem ? EXIT_FAILED : EXIT_DONE;
    return RESULT_OK;
}

static const struct subcommand SUBCOMMANDS[] = {
    {"list", 0, 0, "--type --account --client --actor --since --until --oldest --after --limit"},
    {"export", 0, 0, "--type --account --client --actor --since --until --after --limit"},
    {"verify", 0, 0, "--from --against"},
    {"checkpoint", 0, 0, ""}};
static service_work *const WORKS[] = {list, export, verify, make_checkpoint};

int audit_command(int argc, char **argv)
{
    struct audit_work work = {0};
    const struct command_option options[] = {{"--type", &work.type, NULL},
                                             {"--account", &work.account, NULL},
                                             {"--client", &work.client, NULL},
                                             {"--actor", &work.actor, NULL},
                                             {"--since", &work.since, NULL},
                                             {"--until", &work.until, NULL},
                                             {"--limit", &work.limit, NULL},
                                             {"--after", &work.after, NULL},
                                             {"--from", &work.from, NULL},
                                             {"--against", &work.against, NULL},
                                             {"--oldest", NULL, &work.is_oldest_first},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("audit", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    progress_begin(&work.progress, "events", 0, 0);
    const int code = runtime_command("audit", &line, WORKS[chosen - SUBCOMMANDS], &work);
    return code == EXIT_DONE ? work.exit_code : code;
}
