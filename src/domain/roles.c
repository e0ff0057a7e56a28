// SPDX-License-Identifier: MIT
#include "auth/domain/roles.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/claims.h"
#include "auth/domain/rights.h"
#include "auth/domain/sessions.h"
#include "auth/domain/users.h"
#include "auth/store/rights_repo.h"

static bool is_built_in(struct str name)
{
    return str_equal(name, STR(ROLE_ADMINISTRATOR));
}

bool is_role_name(struct str name)
{
    if (name.len < 1 || name.len > ROLE_NAME_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool is_alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (i == 0 || c == '\0' || !strchr("-._:", c))) return false;
    }
    return true;
}

bool is_plain_text(struct str text, size_t chars_max)
{
    if (!is_utf8(text) || utf8_count(text) > chars_max) return false;
    if (text.len != str_trim(text).len) return false;
    while (!is_empty(text)) {
        uint32_t code_point = 0;
        text = str_from_offset(text, utf8_next(text, &code_point));
        /* C0, DEL and C1; what turns or ends a line (U+2028, U+2029); what turns the direction of writing. */
        const bool is_control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
        const bool is_line_end = code_point == 0x2028 || code_point == 0x2029;
        const bool turns =
            (code_point >= 0x202a && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
        if (is_control || is_line_end || turns) return false;
    }
    return true;
}

static void check_description(struct task *task, struct str description)
{
    if (!is_plain_text(description, ROLE_DESCRIPTION_MAX))
        fault_add_field(&task->fault, "/description", "wrong_type",
                        "must be at most 200 characters on one line");
}

static void check_scopes(struct task *task, struct str scopes)
{
    if (scopes.len > ROLE_SCOPES_MAX || !is_scope(scopes))
        fault_add_field(&task->fault, "/scopes", "wrong_type", "must be scope words, 512 bytes at most");
}

static result refused(struct task *task)
{
    if (task->fault.error_count != 0) FAIL(&task->fault, VALIDATION_FAILED, "role refused");
    return RESULT_OK;
}

static struct str subject_of(struct task *task, struct str name)
{
    return str_printf(task->arena, "role:%.*s", STR_ARGS(name));
}

static result note(struct service *service, struct db *tx, struct task *task, enum audit_type type,
                   const struct role_grant *grant)
{
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = type,
                                            .account_id = grant->account_id,
                                            .subject = subject_of(task, grant->role)});
}

result roles_create(struct service *service, struct task *task, const struct role *role, struct str granter,
                    struct role *ret_role)
{
    if (!is_role_name(role->name))
        fault_add_field(&task->fault, "/name", "wrong_type",
                        "must be 1 to 64 letters, digits and -._: and begin with a letter or digit");
    if (is_built_in(role->name)) fault_add_field(&task->fault, "/name", "reserved", "is the built-in role");
    check_description(task, role->description);
    check_scopes(task, role->scopes);
    TRY(refused(task));
    TRY(administrators_may_give(task, granter, role->scopes));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(role_insert(tx, task, role));
    TRY(note(service, tx, task, AUDIT_ROLE_CREATED, &(struct role_grant){.role = role->name}));
    TRY(role_find(tx, task, role->name, ret_role));
    return db_commit(&tx, task);
}

result roles_find(struct service *service, struct task *task, struct str name, struct role *ret_role)
{
    struct role role;
    REQUIRE(is_role_name(name), NOT_FOUND);
    if (is_built_in(name)) TRY(administrators_prepare(service->db, task));
    TRY(role_find(service->db, task, name, &role));
    role.scopes = role_scopes(role.name, role.scopes);
    *ret_role = role;
    return RESULT_OK;
}

/* The role as it is, if the granter may change it at all. */
static result find_to_change(struct db *tx, struct task *task, struct str name,
                             const struct versions_expected *expected, struct str granter)
{
    struct role role;
    REQUIRE(is_role_name(name), NOT_FOUND);
    if (is_built_in(name)) FAIL(&task->fault, FORBIDDEN, "the built-in role stays as it is");
    TRY(role_hold(tx, task, name));
    TRY(role_find(tx, task, name, &role));
    if (expected && !is_version_expected(expected, role.version))
        FAIL(&task->fault, PRECONDITION_FAILED, "role has another version");
    return administrators_may_give(task, granter, role.scopes);
}

result roles_update(struct service *service, struct task *task, struct str name,
                    const struct role_change *change, struct str granter, struct role *ret_role)
{
    if (change->sets_description) check_description(task, change->description);
    if (change->sets_scopes) check_scopes(task, change->scopes);
    TRY(refused(task));
    if (change->sets_scopes) TRY(administrators_may_give(task, granter, change->scopes));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(find_to_change(tx, task, name, &change->expected, granter));
    TRY(role_update(tx, task, name, change, ret_role));
    TRY(rights_advance(tx, task));
    TRY(note(service, tx, task, AUDIT_ROLE_UPDATED, &(struct role_grant){.role = name}));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    return RESULT_OK;
}

/* However many have it: no statement of these takes long, and one that fails leaves the rest to the next try. */
static result withdraw_from_all(struct service *service, struct task *task, struct str name)
{
    size_t count;
    do {
        if (is_late(task)) FAIL(&task->fault, DEADLINE_EXCEEDED, "more had the role than could be looked at");
        TRY(role_withdraw_some(service->db, task, name, &count));
    } while (count > 0);
    return RESULT_OK;
}

/* First it gives nothing any more, then it is taken away, then it is gone. */
result roles_delete(struct service *service, struct task *task, struct str name,
                    const struct versions_expected *expected, struct str granter)
{
    struct role emptied;
    const struct role_change change = {.sets_scopes = true, .scopes = STR("")};
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(find_to_change(tx, task, name, expected, granter));
    TRY(role_update(tx, task, name, &change, &emptied));
    TRY(rights_advance(tx, task));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    TRY(withdraw_from_all(service, task, name));

    TRY(db_begin(service->db, task, &tx));
    TRY(role_delete(tx, task, name));
    TRY(rights_advance(tx, task));
    TRY(note(service, tx, task, AUDIT_ROLE_DELETED, &(struct role_grant){.role = name}));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    return RESULT_OK;
}

/* --- who has it --------------------------------------------------------------------------------------------------- */

/* What the account has so far; NOT_FOUND when it is not there. */
static result look_before(struct db *tx, struct task *task, const struct role_grant *grant,
                          struct rights_record *ret_record)
{
    struct role role;
    REQUIRE(is_role_name(grant->role), NOT_FOUND);
    if (is_built_in(grant->role)) TRY(administrators_prepare(tx, task));
    TRY(role_find(tx, task, grant->role, &role));
    TRY(rights_find_record(tx, task, grant->account_id, ret_record));
    return administrators_may_give(task, grant->granter, role_scopes(role.name, role.scopes));
}

result roles_grant(struct service *service, struct task *task, const struct role_grant *grant)
{
    struct rights_record before;
    bool is_new;
    TRY(administrators_may_touch(service, task, grant->granter, grant->account_id));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(look_before(tx, task, grant, &before));
    TRY(role_grant(tx, task, grant->account_id, grant->role, &is_new));
    if (is_new && before.role_count >= ROLES_PER_ACCOUNT)
        FAIL(&task->fault, CONFLICT, "account has %zu roles already", before.role_count);
    if (is_new) TRY(note(service, tx, task, AUDIT_ROLE_GRANTED, grant));
    TRY(db_commit(&tx, task));
    if (!is_new) return RESULT_OK;
    rights_deny(service, task, grant->account_id);
    return rights_are_first(&before) ? sessions_notice_rights(service, task, grant->account_id) : RESULT_OK;
}

result roles_withdraw(struct service *service, struct task *task, const struct role_grant *grant)
{
    struct rights_record before;
    struct administrator_guard guard = {0};
    const bool is_administrator = is_built_in(grant->role);
    TRY(administrators_may_touch(service, task, grant->granter, grant->account_id));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    if (is_administrator) TRY(administrators_hold(tx, task, &guard));
    TRY(look_before(tx, task, grant, &before));
    TRY(role_withdraw(tx, task, grant->account_id, grant->role));
    if (is_administrator) TRY(administrators_check(tx, task, &guard));
    TRY(note(service, tx, task, AUDIT_ROLE_WITHDRAWN, grant));
    TRY(db_commit(&tx, task));
    rights_deny(service, task, grant->account_id);
    return RESULT_OK;
}

result roles_set_claims(struct service *service, struct task *task, const struct user_target *target,
                        struct str claims, int64_t *ret_version)
{
    struct rights_record before;
    struct user user;
    const bool is_none = is_empty(claims) || str_equal(claims, STR("{}"));
    if (!is_none) TRY(claims_check(task, "/claims", claims));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(users_hold(tx, task, target, &user));
    TRY(rights_find_record(tx, task, target->id, &before));
    TRY(rights_set_claims(tx, task, target->id, is_none ? STR_NONE : claims));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_CLAIMS_CHANGED, .account_id = target->id}));
    TRY(db_commit(&tx, task));
    *ret_version = user.version;
    rights_deny(service, task, target->id);
    return rights_are_first(&before) ? sessions_notice_rights(service, task, target->id) : RESULT_OK;
}
