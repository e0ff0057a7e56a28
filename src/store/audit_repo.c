// SPDX-License-Identifier: MIT
#include "auth/store/audit_repo.h"

#include <string.h>

#include "auth/store/statements.h"

/* Events get their places in the order of commits; their time is when what they tell of began, be it a long command. */
#define TIME_SLACK_MS INT64_C(86400000)

static const char *const TYPE_NAMES[AUDIT_TYPE_COUNT] = {
#define AUDIT_TYPE(name, text, meaning) [AUDIT_##name] = (text),
#include "auth/model/audit_types.def"
#undef AUDIT_TYPE
};

struct str audit_type_text(enum audit_type type)
{
    return str_from(TYPE_NAMES[type]);
}

bool audit_type_parse(struct str text, enum audit_type *ret_type)
{
    for (size_t i = 0; i < ARRAY_COUNT(TYPE_NAMES); i++) {
        if (!str_equal(text, str_from(TYPE_NAMES[i]))) continue;
        *ret_type = (enum audit_type)i;
        return true;
    }
    return false;
}

static struct db_value bytes_or_null(struct str bytes)
{
    return is_empty(bytes) ? db_null() : db_bytes(bytes.ptr, bytes.len);
}

result audit_event_insert(struct db *db, struct task *task, const struct id *id,
                          const struct audit_event *event, struct str address_digest)
{
    const struct db_value arguments[] = {
        db_id(id),
        db_int(task->now_ms),
        db_text(audit_type_text(event->type)),
        db_id_or_null(&event->account_id),
        db_id_or_null(&event->session_id),
        db_text_or_null(event->client_id),
        db_text_or_null(event->client_address),
        db_text_or_null(task->id),
        db_text_or_null(str_from(event->detail)),
        db_text_or_null(event->actor),
        db_text_or_null(event->subject),
        bytes_or_null(address_digest),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_audit_event_insert, arguments, &rows);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What is not there is told from what is empty: somebody may have made one of the other. */
static struct str text_or_none(const struct db_rows *rows, size_t row, unsigned column)
{
    return row_is_null(rows, row, column) ? STR_NONE : row_text(rows, row, column);
}

/* All statements that return events list the same columns in the same order. */
static struct audit_record record_from_row(const struct db_rows *rows, size_t row)
{
    return (struct audit_record){
        .seq = row_int(rows, row, AUDIT_EVENT_AFTER_SEQ),
        .id = row_id(rows, row, AUDIT_EVENT_AFTER_ID),
        .at_ms = row_int(rows, row, AUDIT_EVENT_AFTER_AT_MS),
        .type = row_text(rows, row, AUDIT_EVENT_AFTER_TYPE),
        .account_id = row_id(rows, row, AUDIT_EVENT_AFTER_ACCOUNT_ID),
        .session_id = row_id(rows, row, AUDIT_EVENT_AFTER_SESSION_ID),
        .client_id = text_or_none(rows, row, AUDIT_EVENT_AFTER_CLIENT_ID),
        .client_address = text_or_none(rows, row, AUDIT_EVENT_AFTER_CLIENT_ADDRESS),
        .request_id = text_or_none(rows, row, AUDIT_EVENT_AFTER_REQUEST_ID),
        .detail = text_or_none(rows, row, AUDIT_EVENT_AFTER_DETAIL),
        .actor = text_or_none(rows, row, AUDIT_EVENT_AFTER_ACTOR),
        .subject = text_or_none(rows, row, AUDIT_EVENT_AFTER_SUBJECT),
        .address_digest = text_or_none(rows, row, AUDIT_EVENT_AFTER_ADDRESS_DIGEST),
        .chain_hash = text_or_none(rows, row, AUDIT_EVENT_AFTER_CHAIN_HASH),
    };
}

static result run_page(struct db *db, struct task *task, const struct statement *statement,
                       const struct db_value *arguments, struct audit_page *ret_page)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct audit_record *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = record_from_row(&rows, i);
    *ret_page = (struct audit_page){items, rows.count};
    return RESULT_OK;
}

result audit_event_unchained(struct db *db, struct task *task, int64_t count, struct audit_page *ret_page)
{
    const struct db_value arguments[] = {db_int(count)};
    return run_page(db, task, &statement_audit_event_unchained, arguments, ret_page);
}

result audit_event_pending(struct db *db, struct task *task, int64_t *ret_count)
{
    struct db_rows rows;
    TRY(db_run(db, task, &statement_audit_event_pending, NULL, &rows));
    *ret_count = row_int(&rows, 0, AUDIT_EVENT_PENDING_COUNT);
    return RESULT_OK;
}

result audit_event_after(struct db *db, struct task *task, int64_t after, int64_t count,
                         struct audit_page *ret_page)
{
    const struct db_value arguments[] = {db_int(after), db_int(count)};
    return run_page(db, task, &statement_audit_event_after, arguments, ret_page);
}

/* By account where one is asked for, then by type: each has an index that ends with the place. */
static const struct statement *page_statement(const struct audit_filter *filter)
{
    const bool is_newest = filter->is_newest_first;
    if (!is_nil(filter->account_id))
        return is_newest ? &statement_audit_event_newest_of_account
                         : &statement_audit_event_oldest_of_account;
    if (!is_empty(filter->type))
        return is_newest ? &statement_audit_event_newest_of_type : &statement_audit_event_oldest_of_type;
    return is_newest ? &statement_audit_event_newest : &statement_audit_event_oldest;
}

result audit_event_page(struct db *db, struct task *task, const struct audit_filter *filter,
                        struct audit_page *ret_page)
{
    const struct db_value arguments[] = {
        db_int(filter->after),
        db_int(filter->before > 0 ? filter->before : INT64_MAX),
        db_text_or_null(filter->type),
        db_id_or_null(&filter->account_id),
        db_text_or_null(filter->client_id),
        db_text_or_null(filter->actor),
        db_int(filter->since_ms),
        db_int(filter->until_ms > 0 ? filter->until_ms : INT64_MAX),
        db_int(filter->count),
    };
    return run_page(db, task, page_statement(filter), arguments, ret_page);
}

static result run_seq(struct db *db, struct task *task, const struct statement *statement, struct id id,
                      int64_t *ret_seq)
{
    const struct db_value arguments[] = {db_id(&id)};
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_seq = row_int(&rows, 0, AUDIT_EVENT_SEQ_FROM_ID_SEQ);
    return RESULT_OK;
}

result audit_event_seq_from(struct db *db, struct task *task, int64_t at_ms, int64_t *ret_seq)
{
    return run_seq(db, task, &statement_audit_event_seq_from_id, id_of_time(at_ms - TIME_SLACK_MS, 0),
                   ret_seq);
}

result audit_event_seq_to(struct db *db, struct task *task, int64_t at_ms, int64_t *ret_seq)
{
    return run_seq(db, task, &statement_audit_event_seq_to_id, id_of_time(at_ms + TIME_SLACK_MS, 0xff),
                   ret_seq);
}

/* --- the chain ---------------------------------------------------------------------------------------------------- */

static result hash_from_row(struct task *task, const struct db_rows *rows, size_t row, unsigned column,
                            unsigned char ret_hash[AUDIT_HASH_BYTES])
{
    const struct str bytes = row_text(rows, row, column);
    if (bytes.len != AUDIT_HASH_BYTES)
        FAIL(&task->fault, INTERNAL, "a hash of the chain of security events has %zu bytes", bytes.len);
    memcpy(ret_hash, bytes.ptr, AUDIT_HASH_BYTES);
    return RESULT_OK;
}

result audit_chain_find(struct db *db, struct task *task, struct audit_chain *ret_chain)
{
    struct db_rows rows;
    TRY(db_run(db, task, &statement_audit_chain_end, NULL, &rows));
    if (rows.count != 1) FAIL(&task->fault, INTERNAL, "the table audit_chain has lost its row");
    struct audit_chain chain = {
        .end.seq = row_int(&rows, 0, AUDIT_CHAIN_END_LAST_SEQ),
        .tag = text_or_none(&rows, 0, AUDIT_CHAIN_END_LAST_TAG),
        .checkpoint_seq = row_int(&rows, 0, AUDIT_CHAIN_END_CHECKPOINT_SEQ),
        .checkpoint_at_ms = row_int(&rows, 0, AUDIT_CHAIN_END_CHECKPOINT_AT_MS),
    };
    TRY(hash_from_row(task, &rows, 0, AUDIT_CHAIN_END_LAST_HASH, chain.end.hash));
    *ret_chain = chain;
    return RESULT_OK;
}

static result advance_end(struct db *tx, struct task *task, const struct audit_step *step)
{
    const struct db_value arguments[] = {
        db_int(step->from.seq),
        db_bytes(step->from.hash, sizeof step->from.hash),
        db_int(step->to.seq),
        db_bytes(step->to.hash, sizeof step->to.hash),
        db_bytes(step->to_tag, sizeof step->to_tag),
    };
    struct db_rows rows;
    TRY(db_run(tx, task, &statement_audit_chain_advance, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result audit_chain_advance(struct db *tx, struct task *task, const struct audit_step *step)
{
    TRY(advance_end(tx, task, step));
    const struct db_value arguments[] = {
        db_int(step->from.seq + 1),
        db_bytes(step->places, (size_t)step->count * AUDIT_PLACE_BYTES),
        db_int(step->count),
    };
    struct db_rows rows;
    TRY(db_run(tx, task, &statement_audit_event_chain, arguments, &rows));
    REQUIRE(rows.affected == step->count, CONFLICT);
    return RESULT_OK;
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

result audit_checkpoint_insert(struct db *db, struct task *task, const struct audit_checkpoint *checkpoint)
{
    const struct db_value arguments[] = {
        db_int(checkpoint->end.seq),     db_bytes(checkpoint->end.hash, sizeof checkpoint->end.hash),
        db_int(checkpoint->at_ms),       db_text(checkpoint->signature),
        db_text(checkpoint->public_key), db_bytes(checkpoint->key_tag.ptr, checkpoint->key_tag.len),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_audit_checkpoint_insert, arguments, &rows);
}

/* All statements that return checkpoints list the same columns in the same order. */
static result checkpoint_from_row(struct task *task, const struct db_rows *rows, size_t row,
                                  struct audit_checkpoint *ret_checkpoint)
{
    *ret_checkpoint = (struct audit_checkpoint){
        .end.seq = row_int(rows, row, AUDIT_CHECKPOINT_AFTER_SEQ),
        .at_ms = row_int(rows, row, AUDIT_CHECKPOINT_AFTER_AT_MS),
        .signature = row_text(rows, row, AUDIT_CHECKPOINT_AFTER_SIGNATURE),
        .public_key = row_text(rows, row, AUDIT_CHECKPOINT_AFTER_PUBLIC_KEY),
        .key_tag = row_text(rows, row, AUDIT_CHECKPOINT_AFTER_KEY_TAG),
        .is_start = row_bool(rows, row, AUDIT_CHECKPOINT_AFTER_IS_START),
    };
    return hash_from_row(task, rows, row, AUDIT_CHECKPOINT_AFTER_CHAIN_HASH, ret_checkpoint->end.hash);
}

result audit_checkpoint_after(struct db *db, struct task *task, int64_t after, int64_t count,
                              struct audit_checkpoint_list *ret_list)
{
    const struct db_value arguments[] = {db_int(after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_audit_checkpoint_after, arguments, &rows));
    struct audit_checkpoint *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) TRY(checkpoint_from_row(task, &rows, i, &items[i]));
    *ret_list = (struct audit_checkpoint_list){items, rows.count};
    return RESULT_OK;
}

static result run_checkpoint(struct db *db, struct task *task, const struct statement *statement,
                             const struct db_value *arguments, struct audit_checkpoint *ret_checkpoint)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return checkpoint_from_row(task, &rows, 0, ret_checkpoint);
}

result audit_checkpoint_until(struct db *db, struct task *task, int64_t seq,
                              struct audit_checkpoint *ret_checkpoint)
{
    const struct db_value arguments[] = {db_int(seq)};
    return run_checkpoint(db, task, &statement_audit_checkpoint_until, arguments, ret_checkpoint);
}

result audit_checkpoint_start(struct db *db, struct task *task, struct audit_checkpoint *ret_checkpoint)
{
    return run_checkpoint(db, task, &statement_audit_checkpoint_start, NULL, ret_checkpoint);
}

result audit_checkpoint_keys(struct db *db, struct task *task, int64_t count,
                             struct audit_checkpoint_list *ret_list)
{
    const struct db_value arguments[] = {db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_audit_checkpoint_keys, arguments, &rows));
    struct audit_checkpoint *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) {
        items[i].public_key = row_text(&rows, i, AUDIT_CHECKPOINT_KEYS_PUBLIC_KEY);
        items[i].key_tag = row_text(&rows, i, AUDIT_CHECKPOINT_KEYS_KEY_TAG);
    }
    *ret_list = (struct audit_checkpoint_list){items, rows.count};
    return RESULT_OK;
}

/* --- what is kept no longer --------------------------------------------------------------------------------------- */

result audit_checkpoint_by_time(struct db *db, struct task *task, int64_t at_ms,
                                struct audit_checkpoint *ret_checkpoint)
{
    const struct db_value arguments[] = {db_int(at_ms)};
    return run_checkpoint(db, task, &statement_audit_checkpoint_by_time, arguments, ret_checkpoint);
}

result audit_checkpoint_mark_start(struct db *db, struct task *task, int64_t seq)
{
    const struct db_value arguments[] = {db_int(seq)};
    struct db_rows rows;
    return db_run(db, task, &statement_audit_checkpoint_mark_start, arguments, &rows);
}

result audit_event_erase(struct db *db, struct task *task, int64_t seq, int64_t count, int64_t *ret_count)
{
    const struct db_value arguments[] = {db_int(seq), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_audit_event_erase, arguments, &rows));
    *ret_count = rows.affected;
    return RESULT_OK;
}

result audit_event_forget_addresses(struct db *db, struct task *task, int64_t before_ms, int64_t count,
                                    int64_t *ret_count)
{
    const struct db_value arguments[] = {db_int(before_ms), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_audit_event_forget_addresses, arguments, &rows));
    *ret_count = rows.affected;
    return RESULT_OK;
}
