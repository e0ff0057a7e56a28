// SPDX-License-Identifier: MIT
#include "auth/store/client_repo.h"

#include <string.h>

#include "auth/base/secret.h"
#include "auth/store/statements.h"

/* All statements that return clients list the same columns first, in the same order. */
static struct client client_from_row(const struct db_rows *rows, size_t row)
{
    return (struct client){
        .id = row_text(rows, row, CLIENT_BY_ID_ID),
        .name = row_text(rows, row, CLIENT_BY_ID_NAME),
        .is_confidential = row_bool(rows, row, CLIENT_BY_ID_IS_CONFIDENTIAL),
        .grants = row_text(rows, row, CLIENT_BY_ID_GRANTS),
        .scopes = row_text(rows, row, CLIENT_BY_ID_SCOPES),
        .created_at_ms = row_int(rows, row, CLIENT_BY_ID_CREATED_AT_MS),
        .updated_at_ms = row_int(rows, row, CLIENT_BY_ID_UPDATED_AT_MS),
        .disabled_at_ms = row_int(rows, row, CLIENT_BY_ID_DISABLED_AT_MS),
        .version = row_int(rows, row, CLIENT_BY_ID_VERSION),
    };
}

static struct db_value digest_value(const unsigned char digest[CLIENT_SECRET_DIGEST_BYTES])
{
    return db_bytes(digest, CLIENT_SECRET_DIGEST_BYTES);
}

static void add_secret(struct client *client, const struct db_rows *rows, size_t row, unsigned column,
                       int64_t created_at_ms)
{
    struct client_secret secret = {.created_at_ms = created_at_ms};
    if (client->secret_count == CLIENT_SECRETS_MAX) return;
    row_bytes(rows, row, column, secret.digest, sizeof secret.digest);
    for (size_t i = 0; i < client->secret_count; i++)
        if (bytes_equal(client->secrets[i].digest, secret.digest, sizeof secret.digest)) return;
    client->secrets[client->secret_count++] = secret;
}

result client_insert(struct db *db, struct task *task, const struct client *client)
{
    const unsigned char *digest = client->secret_count > 0 ? client->secrets[0].digest : NULL;
    const struct db_value arguments[] = {
        db_text(client->id),
        db_text(client->name),
        db_bool(client->is_confidential),
        digest ? digest_value(digest) : db_null(),
        db_text(client->grants),
        db_text(client->scopes),
        db_int(task->now_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_insert, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return digest ? client_add_secret(db, task, client->id, digest) : RESULT_OK;
}

result client_find(struct db *db, struct task *task, struct str id, struct client *ret_client)
{
    const struct db_value arguments[] = {db_text(id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_by_id, arguments, &rows));
    REQUIRE(rows.count > 0, NOT_FOUND);
    struct client client = client_from_row(&rows, 0);
    for (size_t i = 0; i < rows.count; i++)
        if (!row_is_null(&rows, i, CLIENT_BY_ID_LIVE_DIGEST))
            add_secret(&client, &rows, i, CLIENT_BY_ID_LIVE_DIGEST,
                       row_int(&rows, i, CLIENT_BY_ID_LIVE_SINCE_MS));
    /* One that a version before this one has made stands in the client's own row alone. */
    if (client.is_confidential)
        add_secret(&client, &rows, 0, CLIENT_BY_ID_SECRET_DIGEST, client.created_at_ms);
    *ret_client = client;
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

result client_hold(struct db *db, struct task *task, struct str id, int64_t *ret_version)
{
    const struct db_value arguments[] = {db_text(id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_hold, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_version = row_int(&rows, 0, CLIENT_HOLD_VERSION) - 1;
    return RESULT_OK;
}

result client_update(struct db *db, struct task *task, const struct client *client)
{
    const struct db_value arguments[] = {
        db_text(client->id), db_text(client->name), db_text(client->grants), db_text(client->scopes),
        client->disabled_at_ms != 0 ? db_int(client->disabled_at_ms) : db_null()};
    struct db_rows rows;
    return db_run(db, task, &statement_client_update, arguments, &rows);
}

result client_add_secret(struct db *db, struct task *task, struct str id,
                         const unsigned char digest[CLIENT_SECRET_DIGEST_BYTES])
{
    const struct db_value arguments[] = {db_text(id), digest_value(digest), db_int(task->now_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_client_secret_insert, arguments, &rows);
}

result client_remove_secret(struct db *db, struct task *task, struct str id,
                            const unsigned char digest[CLIENT_SECRET_DIGEST_BYTES],
                            const unsigned char heir[CLIENT_SECRET_DIGEST_BYTES])
{
    const struct db_value heir_arguments[] = {db_text(id), digest_value(heir)};
    const struct db_value arguments[] = {db_text(id), digest_value(digest)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_set_secret, heir_arguments, &rows));
    return db_run(db, task, &statement_client_secret_delete, arguments, &rows);
}

result client_delete(struct db *db, struct task *task, struct str id)
{
    const struct db_value arguments[] = {db_text(id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_client_delete, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}
