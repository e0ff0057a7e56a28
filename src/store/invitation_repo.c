// SPDX-License-Identifier: MIT
#include "auth/store/invitation_repo.h"

#include "auth/store/statements.h"

/* All statements that return invitations list the same columns in the same order. */
static struct invitation invitation_from_row(const struct db_rows *rows, size_t row)
{
    return (struct invitation){
        .id = row_id(rows, row, INVITATION_BY_ID_ID),
        .email = row_text(rows, row, INVITATION_BY_ID_EMAIL),
        .email_key = row_text(rows, row, INVITATION_BY_ID_EMAIL_KEY),
        .roles = row_text(rows, row, INVITATION_BY_ID_ROLES),
        .group_ids = row_text(rows, row, INVITATION_BY_ID_GROUP_IDS),
        .locale = row_text(rows, row, INVITATION_BY_ID_LOCALE),
        .invited_by = row_text(rows, row, INVITATION_BY_ID_INVITED_BY),
        .created_at_ms = row_int(rows, row, INVITATION_BY_ID_CREATED_AT_MS),
        .expires_at_ms = row_int(rows, row, INVITATION_BY_ID_EXPIRES_AT_MS),
        .accepted_at_ms = row_int(rows, row, INVITATION_BY_ID_ACCEPTED_AT_MS),
        .account_id = row_id(rows, row, INVITATION_BY_ID_ACCOUNT_ID),
    };
}

static result run_for_one(struct db *db, struct task *task, const struct statement *statement,
                          const struct db_value *arguments, struct invitation *ret_invitation)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_invitation = invitation_from_row(&rows, 0);
    return RESULT_OK;
}

result invitation_put(struct db *db, struct task *task, const struct invitation *invitation,
                      const unsigned char token_digest[INVITATION_DIGEST_BYTES])
{
    const struct db_value address[] = {db_text(invitation->email_key)};
    const struct db_value arguments[] = {
        db_id(&invitation->id),
        db_text(invitation->email),
        db_text(invitation->email_key),
        db_bytes(token_digest, INVITATION_DIGEST_BYTES),
        db_text(invitation->roles),
        db_text(invitation->group_ids),
        db_text_or_null(invitation->locale),
        db_text(invitation->invited_by),
        db_int(invitation->created_at_ms),
        db_int(invitation->expires_at_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_invitation_replace, address, &rows));
    return db_run(db, task, &statement_invitation_insert, arguments, &rows);
}

result invitation_find(struct db *db, struct task *task, struct id id, struct invitation *ret_invitation)
{
    const struct db_value arguments[] = {db_id(&id)};
    return run_for_one(db, task, &statement_invitation_by_id, arguments, ret_invitation);
}

result invitation_find_open(struct db *db, struct task *task,
                            const unsigned char token_digest[INVITATION_DIGEST_BYTES],
                            struct invitation *ret_invitation)
{
    const struct db_value arguments[] = {db_bytes(token_digest, INVITATION_DIGEST_BYTES),
                                         db_int(task->now_ms)};
    return run_for_one(db, task, &statement_invitation_by_token, arguments, ret_invitation);
}

result invitation_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                            struct invitation_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_invitation_page, arguments, &rows));
    struct invitation *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = invitation_from_row(&rows, i);
    *ret_list = (struct invitation_list){items, rows.count};
    return RESULT_OK;
}

result invitation_accept(struct db *db, struct task *task, const struct invitation *invitation,
                         struct id account_id)
{
    const struct db_value arguments[] = {db_id(&invitation->id), db_text(invitation->email_key),
                                         db_id(&account_id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_invitation_accept, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

result invitation_delete(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_invitation_delete, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}
