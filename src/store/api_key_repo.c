// SPDX-License-Identifier: MIT
#include "auth/store/api_key_repo.h"

#include "auth/store/statements.h"

/* All statements that return keys list the same columns in the same order. */
static struct api_key key_from_row(const struct db_rows *rows, size_t row)
{
    return (struct api_key){
        .id = row_id(rows, row, API_KEY_BY_DIGEST_ID),
        .account_id = row_id(rows, row, API_KEY_BY_DIGEST_ACCOUNT_ID),
        .client_id = row_text(rows, row, API_KEY_BY_DIGEST_CLIENT_ID),
        .name = row_text(rows, row, API_KEY_BY_DIGEST_NAME),
        .hint = row_text(rows, row, API_KEY_BY_DIGEST_HINT),
        .scopes = row_text(rows, row, API_KEY_BY_DIGEST_SCOPES),
        .created_at_ms = row_int(rows, row, API_KEY_BY_DIGEST_CREATED_AT_MS),
        .expires_at_ms = row_int(rows, row, API_KEY_BY_DIGEST_EXPIRES_AT_MS),
        .last_used_at_ms = row_int(rows, row, API_KEY_BY_DIGEST_LAST_USED_AT_MS),
        .revoked_at_ms = row_int(rows, row, API_KEY_BY_DIGEST_REVOKED_AT_MS),
    };
}

static struct db_value time_or_null(int64_t at_ms)
{
    return at_ms == 0 ? db_null() : db_int(at_ms);
}

result api_key_insert(struct db *db, struct task *task, const struct api_key *key,
                      const unsigned char digest[API_KEY_DIGEST_BYTES])
{
    const struct db_value arguments[] = {
        db_id(&key->id),
        db_id_or_null(&key->account_id),
        db_text_or_null(key->client_id),
        db_text(key->name),
        db_text(key->hint),
        db_bytes(digest, API_KEY_DIGEST_BYTES),
        db_text(key->scopes),
        db_int(key->created_at_ms),
        time_or_null(key->expires_at_ms),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_api_key_insert, arguments, &rows);
}

result api_key_count(struct db *db, struct task *task, const struct api_key_owner *owner, int64_t *ret_count)
{
    const struct db_value arguments[] = {db_id_or_null(&owner->account_id), db_text_or_null(owner->client_id),
                                         db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_api_key_count, arguments, &rows));
    *ret_count = row_int(&rows, 0, API_KEY_COUNT_KEY_COUNT);
    return RESULT_OK;
}

static result find(struct db *db, struct task *task, const struct statement *statement,
                   const struct db_value *arguments, struct api_key *ret_key)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_key = key_from_row(&rows, 0);
    return RESULT_OK;
}

result api_key_find_by_digest(struct db *db, struct task *task,
                              const unsigned char digest[API_KEY_DIGEST_BYTES], struct api_key *ret_key)
{
    const struct db_value arguments[] = {db_bytes(digest, API_KEY_DIGEST_BYTES)};
    return find(db, task, &statement_api_key_by_digest, arguments, ret_key);
}

result api_key_find(struct db *db, struct task *task, struct id id, struct api_key *ret_key)
{
    const struct db_value arguments[] = {db_id(&id)};
    return find(db, task, &statement_api_key_by_id, arguments, ret_key);
}

result api_key_list_page(struct db *db, struct task *task, const struct api_key_owner *owner, struct id after,
                         int64_t count, struct api_key_list *ret_list)
{
    const struct db_value of_all[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    if (owner) {
        const struct db_value of_owner[] = {db_id_or_null(&owner->account_id),
                                            db_text_or_null(owner->client_id), db_id(&after), db_int(count)};
        TRY(db_run(db, task, &statement_api_key_page_of_owner, of_owner, &rows));
    } else {
        TRY(db_run(db, task, &statement_api_key_page, of_all, &rows));
    }
    struct api_key *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = key_from_row(&rows, i);
    *ret_list = (struct api_key_list){items, rows.count};
    return RESULT_OK;
}

result api_key_mark_used(struct db *db, struct task *task, struct id id, int64_t used_before_ms)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms), db_int(used_before_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_api_key_used, arguments, &rows);
}

result api_key_revoke(struct db *db, struct task *task, struct id id,
                      unsigned char ret_digest[API_KEY_DIGEST_BYTES])
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_api_key_revoke, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    row_bytes(&rows, 0, API_KEY_REVOKE_KEY_DIGEST, ret_digest, API_KEY_DIGEST_BYTES);
    return RESULT_OK;
}

result api_key_revoke_some(struct db *db, struct task *task, struct id account_id, int64_t count,
                           struct api_key_ended_list *ret_ended)
{
    const struct db_value arguments[] = {db_id(&account_id), db_int(task->now_ms), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_api_key_revoke_some, arguments, &rows));
    struct api_key_ended *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) {
        items[i].id = row_id(&rows, i, API_KEY_REVOKE_SOME_ID);
        row_bytes(&rows, i, API_KEY_REVOKE_SOME_KEY_DIGEST, items[i].digest, API_KEY_DIGEST_BYTES);
    }
    *ret_ended = (struct api_key_ended_list){items, rows.count};
    return RESULT_OK;
}
