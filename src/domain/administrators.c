// SPDX-License-Identifier: MIT
#include "auth/domain/administrators.h"

#include "auth/domain/rights.h"
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

result administrators_may_give(struct task *task, struct str granter, struct str scopes)
{
    while (!is_empty(scopes)) {
        const struct str word = str_split(&scopes, ' ');
        if (is_guarded_scope(word) && !has_scope(granter, word))
            FAIL(&task->fault, FORBIDDEN, "power that the granter does not have: %.*s", STR_ARGS(word));
    }
    return RESULT_OK;
}

result administrators_may_touch(struct service *service, struct task *task, struct str granter,
                                struct id account_id)
{
    struct rights rights;
    TRY(rights_read(service->db, task, account_id, &rights));
    return administrators_may_give(task, granter, rights.scopes);
}
