// SPDX-License-Identifier: MIT
#include "auth/domain/administrators.h"

#include "auth/domain/rights.h"
#include "auth/store/api_key_repo.h"
#include "auth/store/client_repo.h"
#include "auth/store/role_repo.h"

static struct str role_name(void)
{
    return STR(ROLE_ADMINISTRATOR);
}

result administrators_hold(struct db *tx, struct task *task, struct administrator_guard *ret_guard)
{
    TRY(role_hold(tx, task, role_name()));
    return role_is_held(tx, task, role_name(), &ret_guard->were_there);
}

result administrators_check(struct db *tx, struct task *task, const struct administrator_guard *guard)
{
    bool is_held;
    if (!guard->were_there) return RESULT_OK;
    TRY(role_is_held(tx, task, role_name(), &is_held));
    if (!is_held) FAIL(&task->fault, CONFLICT, "the last administrator would be gone");
    return RESULT_OK;
}

result administrators_prepare(struct db *db, struct task *task)
{
    struct role role;
    const result found = role_find(db, task, role_name(), &role);
    if (found.code != STATUS_NOT_FOUND) return found;
    const struct role made = {.name = role_name(),
                              .description = STR("All power over this service"),
                              .scopes = role_scopes(role_name(), STR_NONE)};
    const result inserted = role_insert(db, task, &made);
    return inserted.code == STATUS_CONFLICT ? RESULT_OK : inserted;
}

struct str administrators_missing_power(struct str granter, struct str scopes)
{
    while (!is_empty(scopes)) {
        const struct str word = str_split(&scopes, ' ');
        if (is_guarded_scope(word) && !has_scope(granter, word)) return word;
    }
    return STR_NONE;
}

result administrators_may_give(struct task *task, struct str granter, struct str scopes)
{
    const struct str missing = administrators_missing_power(granter, scopes);
    if (!is_empty(missing))
        FAIL(&task->fault, FORBIDDEN, "power that the granter does not have: %.*s", STR_ARGS(missing));
    return RESULT_OK;
}

result administrators_may_touch(struct service *service, struct task *task, struct str granter,
                                struct id account_id)
{
    struct rights rights;
    TRY(rights_read(service->db, task, account_id, &rights));
    return administrators_may_give(task, granter, rights.scopes);
}

/* --- who acted before --------------------------------------------------------------------------------------------- */

static result power_of_account(struct db *db, struct task *task, struct id id, struct str *ret_scopes)
{
    struct rights rights;
    TRY(rights_read(db, task, id, &rights));
    *ret_scopes = rights.is_active ? rights.scopes : STR_NONE;
    return RESULT_OK;
}

static result power_of_client(struct db *db, struct task *task, struct str id, struct str *ret_scopes)
{
    struct client client;
    TRY(client_find(db, task, id, &client));
    *ret_scopes = client.disabled_at_ms == 0 ? client.scopes : STR_NONE;
    return RESULT_OK;
}

/* As far as its owner may. */
static result power_of_key(struct db *db, struct task *task, struct id id, struct str *ret_scopes)
{
    struct api_key key;
    struct str owner;
    TRY(api_key_find(db, task, id, &key));
    if (key.expires_at_ms != 0 && key.expires_at_ms <= task->now_ms) return RESULT(NOT_FOUND);
    if (is_nil(key.account_id))
        TRY(power_of_client(db, task, key.client_id, &owner));
    else
        TRY(power_of_account(db, task, key.account_id, &owner));
    *ret_scopes = rights_narrow(task, key.scopes, owner);
    return RESULT_OK;
}

static result find_power(struct db *db, struct task *task, struct str kind, struct str name,
                         struct str *ret_scopes)
{
    struct id id;
    if (str_equal(kind, STR("client"))) return power_of_client(db, task, name, ret_scopes);
    if (str_equal(kind, STR("command"))) {
        *ret_scopes = scopes_of_shell();
        return RESULT_OK;
    }
    if (!id_parse(name, &id)) return RESULT(NOT_FOUND);
    if (str_equal(kind, STR("account"))) return power_of_account(db, task, id, ret_scopes);
    if (str_equal(kind, STR("key"))) return power_of_key(db, task, id, ret_scopes);
    return RESULT(NOT_FOUND);
}

result administrators_power_of(struct db *db, struct task *task, struct str actor, struct str *ret_scopes)
{
    struct str name = actor;
    const struct str kind = str_split(&name, ':');
    *ret_scopes = STR_NONE;
    const result found = find_power(db, task, kind, name, ret_scopes);
    return found.code == STATUS_NOT_FOUND ? RESULT_OK : found;
}
