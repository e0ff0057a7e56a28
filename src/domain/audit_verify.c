// SPDX-License-Identifier: MIT
#include "auth/domain/audit_verify.h"

#include <string.h>

#include "auth/domain/audit.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/audit_checkpoint.h"
#include "auth/domain/audit_retention.h"
#include "auth/store/audit_repo.h"

#define PAGE_ARENA_BYTES (16u * 1024u * 1024u)
#define PAGE_TIME_MS     INT64_C(30000)
#define MARKS_PER_PAGE   200

struct walk {
    struct service *service;
    struct task *task;
    const struct audit_verify_options *options;
    struct audit_verdict *verdict;
    struct audit_end at; /* the last event that was looked at */
    struct arena *page_arena;
    struct arena *mark_arena;
    struct audit_checkpoint_list marks; /* checkpoints that are still ahead */
    size_t next_mark;
    bool has_all_marks;
    bool has_taken_pending;
    int64_t total;
};

static result wrong(struct walk *walk, int64_t seq, const char *problem)
{
    walk->verdict->problem = problem;
    walk->verdict->bad_seq = seq;
    return RESULT_OK;
}

static bool is_over(const struct walk *walk)
{
    return walk->verdict->problem != NULL;
}

static bool is_same_hash(const unsigned char *a, const unsigned char *b)
{
    return bytes_equal(a, b, AUDIT_HASH_BYTES);
}

/* Memory and time for one page. */
static void begin_page(struct walk *walk, struct arena *arena)
{
    arena_reset(arena);
    walk->task->arena = arena;
    walk->task->deadline_ms = clock_monotonic_ms() + PAGE_TIME_MS;
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

static result read_marks(struct walk *walk, int64_t after)
{
    begin_page(walk, walk->mark_arena);
    TRY(audit_checkpoint_after(walk->service->db, walk->task, after, MARKS_PER_PAGE, &walk->marks));
    walk->next_mark = 0;
    walk->has_all_marks = walk->marks.count < MARKS_PER_PAGE;
    walk->task->arena = walk->page_arena;
    return RESULT_OK;
}

/* The next checkpoint beyond `seq`, or NULL. */
static result mark_beyond(struct walk *walk, int64_t seq, const struct audit_checkpoint **ret_mark)
{
    *ret_mark = NULL;
    for (;;) {
        for (; walk->next_mark < walk->marks.count; walk->next_mark++) {
            if (walk->marks.items[walk->next_mark].end.seq <= seq) continue;
            *ret_mark = &walk->marks.items[walk->next_mark];
            return RESULT_OK;
        }
        if (walk->has_all_marks) return RESULT_OK;
        TRY(read_marks(walk, walk->marks.items[walk->marks.count - 1].end.seq));
    }
}

static result check_mark(struct walk *walk, const struct audit_checkpoint *mark)
{
    const result verified = audit_checkpoint_verify(walk->service, walk->task, mark);
    if (verified.code == STATUS_INVALID_TOKEN) {
        fault_clear(&walk->task->fault);
        return wrong(walk, mark->end.seq, "the checkpoint here is not signed by this service");
    }
    TRY(verified);
    if (!is_same_hash(mark->end.hash, walk->at.hash))
        return wrong(walk, mark->end.seq, "the chain is not the one that was signed here");
    walk->verdict->checkpoints++;
    walk->verdict->good_seq = mark->end.seq;
    return RESULT_OK;
}

static result check_marks(struct walk *walk)
{
    const struct audit_checkpoint *mark;
    TRY(mark_beyond(walk, walk->at.seq - 1, &mark));
    if (mark && mark->end.seq == walk->at.seq) TRY(check_mark(walk, mark));
    const struct audit_end *against = walk->options->against;
    if (is_over(walk) || !against || against->seq != walk->at.seq) return RESULT_OK;
    if (!is_same_hash(against->hash, walk->at.hash))
        return wrong(walk, walk->at.seq, "the chain is not the one of the given checkpoint");
    walk->verdict->good_seq = walk->at.seq;
    return RESULT_OK;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static result check_event(struct walk *walk, const struct audit_record *record)
{
    const int64_t seq = walk->at.seq + 1;
    unsigned char hash[AUDIT_HASH_BYTES];
    if (record->seq != seq) return wrong(walk, seq, "an event is missing");
    if (!is_audit_record_sound(record)) return wrong(walk, seq, "the event is not one this service writes");
    audit_record_hash(walk->page_arena, record, seq, walk->at.hash, hash);
    if (record->chain_hash.len != sizeof hash ||
        !is_same_hash((const unsigned char *)record->chain_hash.ptr, hash))
        return wrong(walk, seq, "the event was changed, moved or put in");
    if (!is_audit_address_right(walk->service, record))
        return wrong(walk, seq, "the address of the event was changed");
    walk->at.seq = seq;
    memcpy(walk->at.hash, hash, sizeof hash);
    if (walk->verdict->first_seq == 0) walk->verdict->first_seq = seq;
    walk->verdict->events++;
    return check_marks(walk);
}

static result check_page(struct walk *walk, size_t *ret_count)
{
    struct audit_page page;
    begin_page(walk, walk->page_arena);
    TRY(audit_event_after(walk->service->db, walk->task, walk->at.seq, AUDIT_PAGE_MAX, &page));
    for (size_t i = 0; i < page.count && !is_over(walk); i++) TRY(check_event(walk, &page.items[i]));
    *ret_count = page.count;
    return RESULT_OK;
}

static result check_events(struct walk *walk)
{
    size_t count = AUDIT_PAGE_MAX;
    while (count == AUDIT_PAGE_MAX && !is_over(walk)) {
        TRY(check_page(walk, &count));
        if (walk->options->progress)
            walk->options->progress(walk->options->argument, walk->verdict->events, walk->total);
    }
    return RESULT_OK;
}

/* --- both ends ---------------------------------------------------------------------------------------------------- */

/* Where events have been erased, the first one that is there follows from a signed start. */
static result find_start(struct walk *walk)
{
    struct audit_checkpoint start;
    const result found = audit_checkpoint_start(walk->service->db, walk->task, &start);
    if (found.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(found);
    const result verified = audit_checkpoint_verify(walk->service, walk->task, &start);
    if (verified.code == STATUS_INVALID_TOKEN) {
        fault_clear(&walk->task->fault);
        return wrong(walk, start.end.seq,
                     "the checkpoint events were erased up to is not signed by this service");
    }
    TRY(verified);
    if (!is_audit_start_allowed(walk->service, walk->task, &start))
        return wrong(walk, start.end.seq, "events were erased up to here that the settings keep");
    walk->at = start.end;
    walk->verdict->checkpoints++;
    walk->verdict->good_seq = start.end.seq;
    return RESULT_OK;
}

static result begin_at(struct walk *walk, const struct audit_end *from)
{
    struct audit_page page;
    if (from->seq < walk->at.seq)
        return wrong(walk, from->seq, "the events after the given checkpoint have been erased");
    if (from->seq > walk->at.seq) {
        TRY(audit_event_after(walk->service->db, walk->task, from->seq - 1, 1, &page));
        if (page.count == 0 || page.items[0].seq != from->seq)
            return wrong(walk, from->seq, "the event of the given checkpoint is missing");
        walk->at.seq = from->seq;
        if (page.items[0].chain_hash.len != AUDIT_HASH_BYTES)
            return wrong(walk, from->seq, "the event of the given checkpoint was changed");
        memcpy(walk->at.hash, page.items[0].chain_hash.ptr, AUDIT_HASH_BYTES);
    }
    if (!is_same_hash(walk->at.hash, from->hash))
        return wrong(walk, from->seq, "the chain is not the one of the given checkpoint");
    walk->verdict->good_seq = from->seq;
    return RESULT_OK;
}

static result check_end(struct walk *walk, const struct audit_chain *chain)
{
    const int64_t after = chain->end.seq + 1;
    const struct audit_end *against = walk->options->against;
    const struct audit_checkpoint *mark;
    if (chain->end.seq < walk->at.seq)
        return wrong(walk, after, "an event stands behind the end of the chain");
    if (!is_same_hash(chain->end.hash, walk->at.hash) || !is_audit_end_right(walk->service, chain))
        return wrong(walk, chain->end.seq, "the end of the chain is not one this service has made");
    TRY(mark_beyond(walk, chain->end.seq, &mark));
    if (mark) return wrong(walk, after, "the end was cut off: there is a checkpoint behind it");
    if (against && against->seq > chain->end.seq)
        return wrong(walk, after, "the end was cut off: the given checkpoint stands behind it");
    walk->verdict->good_seq = chain->end.seq;
    return RESULT_OK;
}

/* Whether events that had no place have been given theirs. Where that cannot be, they are still counted. */
static result take_pending(struct walk *walk, bool *ret_has_taken)
{
    struct task *task = walk->task;
    *ret_has_taken = false;
    TRY(audit_event_pending(walk->service->db, task, &walk->verdict->pending));
    if (walk->verdict->pending == 0 || !walk->options->takes_pending || walk->has_taken_pending)
        return RESULT_OK;
    walk->has_taken_pending = true;
    walk->service->has_noted = true;
    *ret_has_taken = is_ok(audit_chain_flush(walk->service, task));
    if (!*ret_has_taken) fault_clear(&task->fault);
    return RESULT_OK;
}

/* `*ret_is_done`: nothing has come behind the end, or something is wrong. */
static result finish(struct walk *walk, const struct audit_chain *chain, bool *ret_is_done)
{
    bool has_taken;
    TRY(check_end(walk, chain));
    *ret_is_done = true;
    if (is_over(walk)) return RESULT_OK;
    TRY(take_pending(walk, &has_taken));
    *ret_is_done = !has_taken;
    return RESULT_OK;
}

/* Events that are added meanwhile are looked at too. */
static result check_chain(struct walk *walk)
{
    struct audit_chain chain;
    for (bool is_done = false; !is_done;) {
        const int64_t before = walk->at.seq;
        TRY(check_events(walk));
        if (is_over(walk)) return RESULT_OK;
        begin_page(walk, walk->page_arena);
        TRY(audit_chain_find(walk->service->db, walk->task, &chain));
        if (chain.end.seq <= walk->at.seq)
            TRY(finish(walk, &chain, &is_done));
        else if (walk->at.seq == before)
            return wrong(walk, before + 1, "an event is missing");
    }
    return RESULT_OK;
}

static result check_all(struct walk *walk)
{
    struct audit_chain chain;
    begin_page(walk, walk->page_arena);
    TRY(audit_event_pending(walk->service->db, walk->task, &walk->verdict->pending));
    TRY(audit_chain_find(walk->service->db, walk->task, &chain));
    TRY(find_start(walk));
    if (walk->options->from && !is_over(walk)) TRY(begin_at(walk, walk->options->from));
    if (is_over(walk)) return RESULT_OK;
    if (walk->options->against && walk->options->against->seq < walk->at.seq && !walk->options->from)
        return wrong(walk, walk->options->against->seq,
                     "the events after the given checkpoint have been erased");
    walk->total = chain.end.seq - walk->at.seq;
    TRY(read_marks(walk, walk->at.seq));
    return check_chain(walk);
}

result audit_verify(struct service *service, struct task *task, const struct audit_verify_options *options,
                    struct audit_verdict *ret_verdict)
{
    struct arena *const kept = task->arena;
    struct arena *page_arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
    struct arena *mark_arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
    *ret_verdict = (struct audit_verdict){0};
    struct walk walk = {.service = service,
                        .task = task,
                        .options = options,
                        .verdict = ret_verdict,
                        .page_arena = page_arena,
                        .mark_arena = mark_arena};
    const result checked = check_all(&walk);
    ret_verdict->last_seq = walk.at.seq;
    task->arena = kept;
    return checked;
}
