// SPDX-License-Identifier: MIT
#include "auth/store/client_repo.h"

#include "auth/store/statements.h"

/* All statements that return clients list the same columns in the same order. */
static struct client client_from_row(const struct db_rows *rows, size_t row)
{
    struct client client = {
        .id = row_text(rows, row, CLIENT_BY_ID_ID),
        .name = row_text(rows, row, CLIENT_BY_ID_NAME),
        .is_confidential = row_bool(rows, row, CLIENT_BY_ID_IS_CONFIDENTIAL),
        .grants = row_text(rows, row, CLIENT_BY_ID_GRANTS),
        .scopes = row_text(rows, row, CLIENT_BY_ID_SCOPES),
        .created_at_ms = row_int(rows, row, CLIENT_BY_ID_CREATED_AT_MS),
        .disabled_at_ms = row_int(rows, row, CLIENT_BY_ID_DISABLED_AT_MS),
    };
    if (client.is_confidential)
        row_bytes(rows, row, CLIENT_BY_ID_SECRET_DIGEST, client.secret_digest, sizeof client.secret_digest);
    return client;
}

result client_insert(struct db *db, struct task *task, const struct client *client)
{
    const struct db_value arguments[] = {
        db_text(client->id),
        db_text(client->name),
        db_bool(client->is_confidential),
        client->is_confidential ? db_bytes(client->secret_digest, sizeof client->secret_digest) : db_null(),
        db_text(client->grants),
        db_text(client->scopes),
        db_int(task->now_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_insert, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result client_find(struct db *db, struct task *task, struct str id, struct client *ret_client)
{
    const struct db_value arguments[] = {db_text(id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_by_id, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_client = client_from_row(&rows, 0);
    return RESULT_OK;
}

result client_list_page(struct db *db, struct task *task, struct str after, int64_t count,
                        struct client_list *ret_list)
{
    const struct db_value arguments[] = {db_text(after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_page, arguments, &rows));
    struct client *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = client_from_row(&rows, i);
    *ret_list = (struct client_list){items, rows.count};
    return RESULT_OK;
}

result client_delete(struct db *db, struct task *task, struct str id)
{
    const struct db_value arguments[] = {db_text(id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_delete, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}
