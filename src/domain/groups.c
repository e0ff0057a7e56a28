// SPDX-License-Identifier: MIT
#include "auth/domain/groups.h"

#include <string.h>
#include <uninorm.h>

#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/rights.h"
#include "auth/domain/roles.h"
#include "auth/domain/sessions.h"
#include "auth/store/rights_repo.h"

#define ROLES_OF_GROUP_MAX 100u

static struct str subject_of(struct task *task, struct id id)
{
    char text[ID_TEXT_SIZE];
    id_print(id, text);
    return str_printf(task->arena, "group:%s", text);
}

static result note(struct service *service, struct db *tx, struct task *task, enum audit_type type,
                   const struct group_grant *grant)
{
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = type,
                                            .account_id = grant->account_id,
                                            .subject = subject_of(task, grant->group_id)});
}

/* Names that look alike are alike. */
static bool to_nfc(struct arena *arena, struct str text, struct str *ret_text)
{
    const size_t room = 4 * text.len + 1;
    size_t len = room;
    unsigned char *bytes = arena_alloc(arena, room);
    if (!u8_normalize(UNINORM_NFC, (const uint8_t *)text.ptr, text.len, bytes, &len)) return false;
    *ret_text = (struct str){(const char *)bytes, len};
    return true;
}

result group_name_normalize(struct task *task, const char *pointer, struct str name, struct str *ret_name)
{
    struct str normal = name;
    const bool is_name = !is_empty(name) && is_plain_text(name, GROUP_NAME_MAX) &&
                         !memchr(name.ptr, ',', name.len) && to_nfc(task->arena, name, &normal) &&
                         is_plain_text(normal, GROUP_NAME_MAX);
    if (!is_name) {
        fault_add_field(&task->fault, pointer, "wrong_type",
                        "must be 1 to 64 characters without commas, control characters and outer spaces");
        FAIL(&task->fault, VALIDATION_FAILED, "group name refused");
    }
    *ret_name = normal;
    return RESULT_OK;
}

static result check_description(struct task *task, struct str description)
{
    if (is_plain_text(description, ROLE_DESCRIPTION_MAX)) return RESULT_OK;
    fault_add_field(&task->fault, "/description", "wrong_type", "must be at most 200 characters on one line");
    FAIL(&task->fault, VALIDATION_FAILED, "description of a group refused");
}

result groups_create(struct service *service, struct task *task, const struct group *group,
                     struct group *ret_group)
{
    struct group made = {.id = id_new(task->now_ms), .description = group->description};
    TRY(group_name_normalize(task, "/name", group->name, &made.name));
    TRY(check_description(task, group->description));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(group_insert(tx, task, &made));
    TRY(note(service, tx, task, AUDIT_GROUP_CREATED, &(struct group_grant){.group_id = made.id}));
    TRY(group_find(tx, task, made.id, ret_group));
    return db_commit(&tx, task);
}

static result check_version(struct task *task, const struct group *group,
                            const struct versions_expected *expected)
{
    if (expected && !is_version_expected(expected, group->version))
        FAIL(&task->fault, PRECONDITION_FAILED, "group has another version");
    return RESULT_OK;
}

result groups_update(struct service *service, struct task *task, struct id id,
                     const struct group_change *change, struct group *ret_group)
{
    struct group_change checked = *change;
    struct group before;
    if (change->sets_name) TRY(group_name_normalize(task, "/name", change->name, &checked.name));
    if (change->sets_description) TRY(check_description(task, change->description));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(group_hold(tx, task, id, &before));
    TRY(check_version(task, &before, &change->expected));
    TRY(group_update(tx, task, id, &checked, ret_group));
    TRY(rights_advance(tx, task));
    TRY(note(service, tx, task, AUDIT_GROUP_UPDATED, &(struct group_grant){.group_id = id}));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    return RESULT_OK;
}

/* Whoever gives or takes the group's roles must have the power that is in them. Where administrators may be lost, the
 * others who might be losing some are kept waiting. */
static result check_power(struct db *tx, struct task *task, const struct group_grant *grant,
                          struct administrator_guard *ret_guard)
{
    struct role_list roles;
    *ret_guard = (struct administrator_guard){false};
    TRY(role_list_of_group(tx, task, grant->group_id, STR(""), ROLES_OF_GROUP_MAX + 1, &roles));
    for (size_t i = 0; i < roles.count; i++) {
        const struct role *role = &roles.items[i];
        TRY(administrators_may_give(task, grant->granter, role_scopes(role->name, role->scopes)));
        if (str_equal(role->name, STR(ROLE_ADMINISTRATOR))) TRY(administrators_hold(tx, task, ret_guard));
    }
    return RESULT_OK;
}

/* The group gives nothing any more. */
static result strip(struct service *service, struct task *task, struct id id,
                    const struct versions_expected *expected, struct str granter)
{
    struct group group;
    struct administrator_guard guard;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(group_hold(tx, task, id, &group));
    TRY(check_version(task, &group, expected));
    TRY(check_power(tx, task, &(struct group_grant){.group_id = id, .granter = granter}, &guard));
    TRY(group_role_delete_all(tx, task, id));
    TRY(administrators_check(tx, task, &guard));
    TRY(rights_advance(tx, task));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    return RESULT_OK;
}

static result remove_all_members(struct service *service, struct task *task, struct id id)
{
    size_t count;
    do {
        if (is_late(task)) FAIL(&task->fault, DEADLINE_EXCEEDED, "more members than could be removed");
        TRY(group_member_delete_some(service->db, task, id, &count));
    } while (count > 0);
    return RESULT_OK;
}

/* What fails half-way is finished by the next try. */
result groups_delete(struct service *service, struct task *task, struct id id,
                     const struct versions_expected *expected, struct str granter)
{
    TRY(strip(service, task, id, expected, granter));
    TRY(remove_all_members(service, task, id));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(group_delete(tx, task, id));
    TRY(rights_advance(tx, task));
    TRY(note(service, tx, task, AUDIT_GROUP_DELETED, &(struct group_grant){.group_id = id}));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    return RESULT_OK;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

result groups_add_member(struct service *service, struct task *task, const struct group_grant *grant)
{
    struct group group;
    struct rights_record before;
    struct administrator_guard unused;
    bool is_new;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(group_find(tx, task, grant->group_id, &group));
    TRY(rights_find_record(tx, task, grant->account_id, &before));
    TRY(check_power(tx, task, grant, &unused));
    TRY(group_member_insert(tx, task, grant->group_id, grant->account_id, &is_new));
    if (is_new && before.group_count >= GROUPS_PER_ACCOUNT)
        FAIL(&task->fault, CONFLICT, "account belongs to %zu groups already", before.group_count);
    if (is_new) TRY(note(service, tx, task, AUDIT_GROUP_MEMBER_ADDED, grant));
    TRY(db_commit(&tx, task));
    if (!is_new) return RESULT_OK;
    rights_deny(service, task, grant->account_id);
    return rights_are_first(&before) ? sessions_notice_rights(service, task, grant->account_id) : RESULT_OK;
}

result groups_remove_member(struct service *service, struct task *task, const struct group_grant *grant)
{
    struct administrator_guard guard;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(check_power(tx, task, grant, &guard));
    TRY(group_member_delete(tx, task, grant->group_id, grant->account_id));
    TRY(administrators_check(tx, task, &guard));
    TRY(note(service, tx, task, AUDIT_GROUP_MEMBER_REMOVED, grant));
    TRY(db_commit(&tx, task));
    rights_deny(service, task, grant->account_id);
    return RESULT_OK;
}

/* --- roles -------------------------------------------------------------------------------------------------------- */

static result check_role(struct db *tx, struct task *task, const struct group_grant *grant)
{
    struct group group;
    struct role role;
    REQUIRE(is_role_name(grant->role), NOT_FOUND);
    if (str_equal(grant->role, STR(ROLE_ADMINISTRATOR))) TRY(administrators_prepare(tx, task));
    TRY(group_find(tx, task, grant->group_id, &group));
    TRY(role_find(tx, task, grant->role, &role));
    return administrators_may_give(task, grant->granter, role_scopes(role.name, role.scopes));
}

result groups_add_role(struct service *service, struct task *task, const struct group_grant *grant)
{
    struct role_list roles;
    bool is_new;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(check_role(tx, task, grant));
    TRY(group_role_insert(tx, task, grant->group_id, grant->role, &is_new));
    TRY(role_list_of_group(tx, task, grant->group_id, STR(""), ROLES_OF_GROUP_MAX + 1, &roles));
    if (roles.count > ROLES_OF_GROUP_MAX) FAIL(&task->fault, CONFLICT, "group has too many roles");
    if (is_new) TRY(note(service, tx, task, AUDIT_GROUP_ROLE_ADDED, grant));
    if (is_new) TRY(rights_advance(tx, task));
    TRY(db_commit(&tx, task));
    if (is_new) rights_deny_all(service, task);
    return RESULT_OK;
}

result groups_remove_role(struct service *service, struct task *task, const struct group_grant *grant)
{
    struct administrator_guard guard = {false};
    const bool is_administrator = str_equal(grant->role, STR(ROLE_ADMINISTRATOR));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(check_role(tx, task, grant));
    if (is_administrator) TRY(administrators_hold(tx, task, &guard));
    TRY(group_role_delete(tx, task, grant->group_id, grant->role));
    TRY(administrators_check(tx, task, &guard));
    TRY(rights_advance(tx, task));
    TRY(note(service, tx, task, AUDIT_GROUP_ROLE_REMOVED, grant));
    TRY(db_commit(&tx, task));
    rights_deny_all(service, task);
    return RESULT_OK;
}
