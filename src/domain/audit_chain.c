// SPDX-License-Identifier: MIT
#include "auth/domain/audit_chain.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/base/log.h"
#include "auth/crypto/digest.h"
#include "auth/domain/audit.h"
#include "auth/domain/audit_checkpoint.h"
#include "auth/domain/audit_feed.h"
#include "auth/domain/webhook_sender.h"
#include "auth/store/audit_repo.h"
#include "auth/store/webhook_repo.h"

#define STEP_ARENA_BYTES  (8u * 1024u * 1024u)
#define STEP_TIME_MS      INT64_C(5000)
#define STEP_PAUSE_MS     INT64_C(10)
#define CONFLICT_WAIT_MS  100u
#define FLUSH_BATCHES_MAX 20

/* An event may be noted well before its transaction ends: a few more looks, ever later, then none until the next one. */
static const int64_t LOOK_AGAIN_MS[] = {500, 2000, 12000};

/* --- the end ------------------------------------------------------------------------------------------------------ */

void audit_end_tag(const struct service *service, const struct audit_end *end,
                   unsigned char ret_tag[AUDIT_HASH_BYTES])
{
    char seq[INT64_TEXT_SIZE];
    const size_t seq_len = int64_print(end->seq, seq);
    const struct str parts[] = {STR("end "), {(const char *)end->hash, sizeof end->hash}, {seq, seq_len}};
    hmac_sha256(&service->secrets->audit_chain_key, parts, ARRAY_COUNT(parts), ret_tag);
}

static bool is_zero(const unsigned char hash[AUDIT_HASH_BYTES])
{
    static const unsigned char zeros[AUDIT_HASH_BYTES];
    return bytes_equal(hash, zeros, sizeof zeros);
}

bool is_audit_end_right(const struct service *service, const struct audit_chain *chain)
{
    unsigned char tag[AUDIT_HASH_BYTES];
    if (chain->end.seq == 0) return is_empty(chain->tag) && is_zero(chain->end.hash);
    audit_end_tag(service, &chain->end, tag);
    return chain->tag.len == sizeof tag && bytes_equal(chain->tag.ptr, tag, sizeof tag);
}

/* --- a batch ------------------------------------------------------------------------------------------------------ */

static void add_place(struct arena *arena, struct audit_step *step, unsigned char *places,
                      const struct audit_record *record)
{
    unsigned char *place = places + (size_t)step->count * AUDIT_PLACE_BYTES;
    unsigned char hash[AUDIT_HASH_BYTES];
    audit_record_hash(arena, record, step->to.seq + 1, step->to.hash, hash);
    memcpy(place, record->id.bytes, ID_BYTES);
    memcpy(place + ID_BYTES, hash, sizeof hash);
    memcpy(step->to.hash, hash, sizeof hash);
    step->to.seq++;
    step->count++;
}

static struct audit_step plan(struct service *service, struct task *task, const struct audit_chain *chain,
                              const struct audit_page *page)
{
    struct audit_step step = {.from = chain->end, .to = chain->end};
    unsigned char *places = arena_alloc(task->arena, page->count * AUDIT_PLACE_BYTES);
    for (size_t i = 0; i < page->count; i++) add_place(task->arena, &step, places, &page->items[i]);
    step.places = places;
    audit_end_tag(service, &step.to, step.to_tag);
    /* What was not ours before does not become ours by what we add. */
    if (!is_audit_end_right(service, chain)) {
        memset(step.to_tag, 0, sizeof step.to_tag);
        log_printf(LOG_LEVEL_ERROR, "the chain of security events was changed by somebody else; run: auth "
                                    "audit verify");
    }
    return step;
}

/* With what webhooks are to be told of: an event has its place and its deliveries, or neither. */
static result store(struct service *service, struct task *task, const struct audit_step *step)
{
    int64_t deliveries;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(audit_chain_advance(tx, task, step));
    TRY(webhook_delivery_insert_batch(tx, task, step->from.seq, step->to.seq, &deliveries));
    TRY(db_commit(&tx, task));
    if (deliveries > 0) webhook_sender_wake(service);
    return RESULT_OK;
}

result audit_chain_step(struct service *service, struct task *task, int64_t *ret_count)
{
    struct audit_chain chain;
    struct audit_page page;
    *ret_count = 0;
    /* The end first: events that are chained meanwhile change it, and the update then fails. */
    TRY(audit_chain_find(service->db, task, &chain));
    TRY(audit_event_unchained(service->db, task, AUDIT_CHAIN_BATCH, &page));
    if (page.count == 0) return RESULT_OK;
    const struct audit_step step = plan(service, task, &chain, &page);
    TRY(store(service, task, &step));
    audit_feed_tell(service, step.to.seq);
    *ret_count = step.count;
    return RESULT_OK;
}

/* --- in the background -------------------------------------------------------------------------------------------- */

/* When to look again: at once while there is more, a few times when there seems to be nothing. */
static int64_t next_look_ms(struct service *service, int64_t count)
{
    if (count == AUDIT_CHAIN_BATCH) return STEP_PAUSE_MS;
    if (count > 0) service->audit_looks = 0;
    if (service->audit_looks < ARRAY_COUNT(LOOK_AGAIN_MS)) return LOOK_AGAIN_MS[service->audit_looks++];
    return 0;
}

static result step(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    int64_t count;
    int64_t checkpoint_ms = 0;
    const result chained = audit_chain_step(service, task, &count);
    if (chained.code == STATUS_CONFLICT) {
        *ret_again_ms = STEP_PAUSE_MS + random_below(CONFLICT_WAIT_MS);
        return RESULT_OK;
    }
    TRY(chained);
    const int64_t look_ms = next_look_ms(service, count);
    if (look_ms != STEP_PAUSE_MS) TRY(audit_checkpoint_when_due(service, task, &checkpoint_ms));
    *ret_again_ms = look_ms > 0 ? look_ms : checkpoint_ms;
    return RESULT_OK;
}

const struct background_work audit_chain_work = {.name = "audit chain",
                                                 .pause_ms = STEP_PAUSE_MS,
                                                 .time_limit_ms = STEP_TIME_MS,
                                                 .arena_bytes = STEP_ARENA_BYTES,
                                                 .step = step};

void audit_chain_wake(struct service *service)
{
    service->audit_looks = 0;
    service->has_noted = true;
    background_wake(service->audit, service, AUDIT_CHAIN_DELAY_MS);
}

/* In an arena of its own; whether there may be more to do. */
static result flush_batch(struct service *service, struct task *task, bool *ret_has_more)
{
    struct arena *const kept = task->arena;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(STEP_ARENA_BYTES);
    int64_t count;
    task->arena = arena;
    const result chained = audit_chain_step(service, task, &count);
    task->arena = kept;
    /* Another server was faster, and may have looked before our events were there. */
    *ret_has_more = count == AUDIT_CHAIN_BATCH || chained.code == STATUS_CONFLICT;
    if (chained.code != STATUS_CONFLICT) return chained;
    fault_clear(&task->fault);
    return RESULT_OK;
}

result audit_chain_flush(struct service *service, struct task *task)
{
    bool has_more = service->has_noted;
    for (int i = 0; has_more && i < FLUSH_BATCHES_MAX; i++) TRY(flush_batch(service, task, &has_more));
    service->has_noted = false;
    return RESULT_OK;
}
