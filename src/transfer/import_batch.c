// SPDX-License-Identifier: MIT
#include <assert.h>
#include <string.h>

#include "auth/domain/audit.h"
#include "auth/domain/rights.h"
#include "auth/domain/second_factor.h"
#include "auth/domain/sessions.h"
#include "auth/json/writer.h"
#include "auth/store/transfer_repo.h"
#include "import_internal.h"

#define RECORDS_FIRST_BYTES 16384u
#define RECORDS_BYTES_MAX   (8u * 1024u * 1024u)
/* What was inserted by somebody else meanwhile, or stands twice in the batch, is matched in the next round. */
#define ROUNDS_MAX 3

/* One batch under way. */
struct batch {
    struct service *service;
    struct task *task;
    const struct import_options *options;
    struct import_item *items;
    size_t count;
    bool *is_decided;
    struct id *ids; /* of the accounts: theirs, or the ones they will get */
    size_t created;
    size_t updated;
};

static void refuse(struct batch *batch, size_t i, const char *pointer, const char *reason)
{
    struct import_outcome *outcome = &batch->items[i].outcome;
    outcome->verdict = IMPORT_REFUSED;
    outcome->pointer = pointer;
    outcome->reason = reason;
    batch->is_decided[i] = true;
}

static void decide(struct batch *batch, size_t i, enum import_verdict verdict, struct id id)
{
    batch->items[i].outcome.verdict = verdict;
    batch->items[i].outcome.id = id;
    batch->ids[i] = id;
    batch->is_decided[i] = true;
    batch->created += verdict == IMPORT_CREATED;
    batch->updated += verdict == IMPORT_UPDATED;
}

static struct str ids_of(const struct batch *batch)
{
    return (struct str){(const char *)batch->ids, batch->count * sizeof *batch->ids};
}

/* --- records as JSON ----------------------------------------------------------------------------------------------- */

static void text_member(struct json_writer *json, const char *name, struct str value)
{
    if (is_empty(value)) return;
    json_key(json, name);
    json_string(json, value);
}

static void bool_member(struct json_writer *json, const char *name, bool value)
{
    json_key(json, name);
    json_bool(json, value);
}

static void number_member(struct json_writer *json, const char *name, int64_t value)
{
    json_key(json, name);
    json_int64(json, value);
}

static void write_account(struct json_writer *json, const struct import_account *account, size_t n,
                          int64_t now_ms)
{
    json_begin_object(json);
    number_member(json, "n", (int64_t)n);
    text_member(json, "external_id", account->external_id);
    text_member(json, "email", account->email);
    text_member(json, "email_key", account->email_key);
    bool_member(json, "is_email_verified", account->is_email_verified);
    text_member(json, "name", account->name);
    text_member(json, "locale", account->locale);
    text_member(json, "password_hash", account->password_hash);
    text_member(json, "status", account->is_locked ? STR("locked") : STR("active"));
    bool_member(json, "requires_mfa", account->requires_mfa);
    text_member(json, "claims", account->claims);
    number_member(json, "created_at_ms", account->created_at_ms ? account->created_at_ms : now_ms);
    json_end_object(json);
}

/* Those that are not decided yet. */
static result write_accounts(const struct batch *batch, struct str *ret_records, size_t *ret_count)
{
    struct strbuf text;
    strbuf_init(&text, batch->task->arena, RECORDS_FIRST_BYTES, RECORDS_BYTES_MAX);
    struct json_writer json = {.out = &text};
    *ret_count = 0;
    json_begin_array(&json);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->is_decided[i]) continue;
        write_account(&json, &batch->items[i].account, i, batch->task->now_ms);
        (*ret_count)++;
    }
    json_end_array(&json);
    return strbuf_finish(&text, ret_records);
}

/* --- names of roles and groups --------------------------------------------------------------------------------------- */

static struct str_list names_of(const struct import_account *account, enum transfer_names kind)
{
    return kind == TRANSFER_ROLES ? account->roles : account->groups;
}

static bool has_name(const struct name_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i], name)) return true;
    return false;
}

static result write_names(const struct batch *batch, enum transfer_names kind, struct str *ret_names,
                          size_t *ret_count)
{
    struct strbuf text;
    strbuf_init(&text, batch->task->arena, RECORDS_FIRST_BYTES, RECORDS_BYTES_MAX);
    struct json_writer json = {.out = &text};
    *ret_count = 0;
    json_begin_array(&json);
    for (size_t i = 0; i < batch->count; i++) {
        const struct str_list names = names_of(&batch->items[i].account, kind);
        for (size_t k = 0; k < names.count; k++) json_string(&json, names.items[k]);
        *ret_count += names.count;
    }
    json_end_array(&json);
    return strbuf_finish(&text, ret_names);
}

static result make_missing(struct batch *batch, const struct import_account *account,
                           const struct name_list *known)
{
    for (size_t k = 0; k < account->groups.count; k++) {
        if (has_name(known, account->groups.items[k])) continue;
        TRY(transfer_make_group(batch->service->db, batch->task, account->groups.items[k]));
    }
    return RESULT_OK;
}

static bool are_known(const struct import_account *account, enum transfer_names kind,
                      const struct name_list *known)
{
    const struct str_list names = names_of(account, kind);
    for (size_t k = 0; k < names.count; k++)
        if (!has_name(known, names.items[k])) return false;
    return true;
}

/* A role is a power: it is never made by the way. Groups are made where the options say so. */
static result check_names(struct batch *batch, enum transfer_names kind)
{
    struct str names;
    size_t count;
    struct name_list known;
    TRY(write_names(batch, kind, &names, &count));
    if (count == 0) return RESULT_OK;
    TRY(transfer_known(batch->service->db, batch->task, kind, names, &known));
    const bool makes = kind == TRANSFER_GROUPS && batch->options->makes_groups && !batch->options->is_dry_run;
    const bool is_lenient = kind == TRANSFER_GROUPS && batch->options->makes_groups;
    for (size_t i = 0; i < batch->count; i++) {
        const struct import_account *account = &batch->items[i].account;
        if (makes) TRY(make_missing(batch, account, &known));
        if (is_lenient || are_known(account, kind, &known)) continue;
        refuse(batch, i, kind == TRANSFER_ROLES ? "/roles" : "/groups",
               kind == TRANSFER_ROLES ? "names a role that is not there"
                                      : "names a group that is not there (--create-groups)");
    }
    return RESULT_OK;
}

/* --- what is there already ----------------------------------------------------------------------------------------------- */

static result update(struct batch *batch, size_t i, const struct transfer_account *there)
{
    enum import_verdict verdict;
    const result updated =
        import_update(batch->service, batch->task, batch->options, &batch->items[i].account, there, &verdict);
    if (updated.code == STATUS_FORBIDDEN)
        refuse(batch, i, "/email", "is of an account with more power over the service than who imports");
    else if (updated.code == STATUS_CONFLICT)
        refuse(batch, i, "/email",
               "takes the address or the external id of another account, or locks the last administrator");
    else if (is_ok(updated))
        decide(batch, i, verdict, there->id);
    else
        return updated;
    fault_clear(&batch->task->fault);
    return RESULT_OK;
}

/* `there` are all accounts a record fits. */
static result decide_match(struct batch *batch, size_t i, const struct transfer_account *there, size_t count)
{
    const struct import_account *account = &batch->items[i].account;
    const bool is_other_person = !is_empty(account->external_id) && !is_empty(there->external_id) &&
                                 !str_equal(account->external_id, there->external_id);
    if (count > 1)
        refuse(batch, i, "/email", "belongs to one account, the id to another");
    else if (is_other_person)
        refuse(batch, i, "/external_id", "is not that of the account with this address");
    else if (there->status == ACCOUNT_CLOSING)
        refuse(batch, i, "/email", "is of an account that is being deleted");
    else if (batch->options->updates)
        return update(batch, i, there);
    else
        decide(batch, i, IMPORT_UNCHANGED, there->id);
    return RESULT_OK;
}

static result find_matches(struct batch *batch, struct str records, struct transfer_list *ret_list)
{
    SCOPED_TX(tx);
    TRY(db_begin(batch->service->db, batch->task, &tx));
    TRY(transfer_plan(tx, batch->task));
    return transfer_match(tx, batch->task, records, ids_of(batch), ret_list);
}

static result take_matches(struct batch *batch, struct str records)
{
    struct transfer_list list;
    TRY(find_matches(batch, records, &list));
    for (size_t k = 0; k < list.count;) {
        size_t next = k + 1;
        while (next < list.count && list.items[next].n == list.items[k].n) next++;
        assert(list.items[k].n < batch->count);
        TRY(decide_match(batch, list.items[k].n, &list.items[k], next - k));
        k = next;
    }
    return RESULT_OK;
}

/* --- what is new -------------------------------------------------------------------------------------------------------- */

/* The database gives them back in about the order they were given in. */
static void take_inserted(struct batch *batch, const struct id_list *inserted)
{
    size_t i = 0;
    for (size_t k = 0; k < inserted->count; k++) {
        for (size_t looked = 0; looked < batch->count; looked++, i = (i + 1) % batch->count)
            if (!batch->is_decided[i] && id_equal(batch->ids[i], inserted->items[k])) break;
        decide(batch, i, IMPORT_CREATED, inserted->items[k]);
    }
}

/* An account that is left alone gets nothing either. */
static bool gets_names(const struct batch *batch, size_t i)
{
    const enum import_verdict verdict = batch->items[i].outcome.verdict;
    if (!batch->is_decided[i] || verdict == IMPORT_REFUSED) return false;
    return verdict == IMPORT_CREATED || batch->options->updates;
}

static result write_grants(const struct batch *batch, enum transfer_names kind, struct str *ret_records,
                           size_t *ret_count)
{
    struct strbuf text;
    strbuf_init(&text, batch->task->arena, RECORDS_FIRST_BYTES, RECORDS_BYTES_MAX);
    struct json_writer json = {.out = &text};
    *ret_count = 0;
    json_begin_array(&json);
    for (size_t i = 0; i < batch->count; i++) {
        const struct str_list names = names_of(&batch->items[i].account, kind);
        for (size_t k = 0; gets_names(batch, i) && k < names.count; k++) {
            json_begin_object(&json);
            number_member(&json, "n", (int64_t)i);
            text_member(&json, "name", names.items[k]);
            json_end_object(&json);
            (*ret_count)++;
        }
    }
    json_end_array(&json);
    return strbuf_finish(&text, ret_records);
}

static result grant(struct batch *batch, struct db *tx, enum transfer_names kind)
{
    struct str records;
    size_t count;
    TRY(write_grants(batch, kind, &records, &count));
    if (count == 0) return RESULT_OK;
    return transfer_add(tx, batch->task, kind, records, ids_of(batch), &count);
}

static result add_factor(struct batch *batch, struct db *tx, size_t i)
{
    const struct secret seed = batch->items[i].account.totp_secret;
    struct factor factor = {.id = id_new(batch->task->now_ms),
                            .kind = STR(FACTOR_KIND_TOTP),
                            .name = STR("imported"),
                            .created_at_ms = batch->task->now_ms};
    TRY(totp_seed_seal(batch->service, batch->task, factor.id, seed, &factor.sealed_secret));
    return transfer_add_factor(tx, batch->task, batch->ids[i], &factor);
}

/* Of the accounts that were created just now; who is there already has enrolled what he has here. */
static result add_factors(struct batch *batch, struct db *tx, const struct id_list *inserted)
{
    size_t i = 0;
    for (size_t k = 0; k < inserted->count; k++) {
        while (!id_equal(batch->ids[i], inserted->items[k])) i = (i + 1) % batch->count;
        if (batch->items[i].account.totp_secret.len > 0) TRY(add_factor(batch, tx, i));
    }
    return RESULT_OK;
}

static result note(struct batch *batch, struct db *tx)
{
    if (batch->created + batch->updated == 0) return RESULT_OK;
    const struct str subject =
        str_printf(batch->task->arena, "import:%zu created, %zu updated", batch->created, batch->updated);
    batch->created = batch->updated = 0;
    return audit_note(batch->service, tx, batch->task,
                      &(struct audit_event){.type = AUDIT_ACCOUNTS_IMPORTED, .subject = subject});
}

/* What created or updated accounts get beside their own row, and the event that tells of both. */
static result finish(struct batch *batch, struct db **tx)
{
    TRY(grant(batch, *tx, TRANSFER_ROLES));
    TRY(grant(batch, *tx, TRANSFER_GROUPS));
    TRY(note(batch, *tx));
    return batch->options->is_dry_run ? RESULT_OK : db_commit(tx, batch->task);
}

static result insert(struct batch *batch, struct str records)
{
    struct id_list inserted;
    SCOPED_TX(tx);
    TRY(db_begin(batch->service->db, batch->task, &tx));
    TRY(transfer_insert(tx, batch->task, records, ids_of(batch), &inserted));
    take_inserted(batch, &inserted);
    TRY(add_factors(batch, tx, &inserted));
    return finish(batch, &tx);
}

/* Roles and groups may be new to accounts whose own row is as it was. */
static result store_updated(struct batch *batch)
{
    SCOPED_TX(tx);
    TRY(db_begin(batch->service->db, batch->task, &tx));
    TRY(finish(batch, &tx));
    for (size_t i = 0; i < batch->count; i++) {
        const struct import_account *account = &batch->items[i].account;
        if (account->roles.count + account->groups.count > 0)
            rights_deny(batch->service, batch->task, batch->ids[i]);
    }
    return RESULT_OK;
}

/* --- a batch ------------------------------------------------------------------------------------------------------------ */

static void check_hashes(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct str hash = batch->items[i].account.password_hash;
        const char *problem =
            is_empty(hash) ? NULL : password_hasher_text_problem(batch->service->hasher, hash);
        if (problem) refuse(batch, i, "/password_hash", problem);
    }
}

/* Insert first: in a file of new accounts nothing has to be looked for. */
static result run_round(struct batch *batch, size_t *ret_left)
{
    struct str records;
    TRY(write_accounts(batch, &records, ret_left));
    if (*ret_left == 0) return RESULT_OK;
    TRY(insert(batch, records));
    TRY(write_accounts(batch, &records, ret_left));
    if (*ret_left == 0) return RESULT_OK;
    TRY(take_matches(batch, records));
    if (batch->options->updates) TRY(store_updated(batch));
    return write_accounts(batch, &records, ret_left);
}

static void give_ids(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct import_account *account = &batch->items[i].account;
        batch->ids[i] = is_nil(account->id) ? id_new(batch->task->now_ms) : account->id;
    }
}

result import_batch(struct service *service, struct task *task, const struct import_options *options,
                    struct import_item *items, size_t count)
{
    struct batch batch = {
        .service = service, .task = task, .options = options, .items = items, .count = count};
    size_t left = count;
    assert(count <= IMPORT_BATCH_MAX);
    if (count == 0) return RESULT_OK;
    batch.is_decided = arena_alloc_array(task->arena, count, sizeof *batch.is_decided);
    batch.ids = arena_alloc_array(task->arena, count, sizeof *batch.ids);
    give_ids(&batch);
    check_hashes(&batch);
    TRY(check_names(&batch, TRANSFER_ROLES));
    TRY(check_names(&batch, TRANSFER_GROUPS));
    for (int i = 0; i < ROUNDS_MAX && left > 0; i++) TRY(run_round(&batch, &left));
    for (size_t i = 0; i < count; i++)
        if (!batch.is_decided[i]) refuse(&batch, i, "/email", "is taken by somebody at the same moment");
    return RESULT_OK;
}
