// SPDX-License-Identifier: MIT
#include "auth/domain/invitations.h"

#include "auth/crypto/token.h"
#include "auth/domain/accounts.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/email.h"
#include "auth/domain/mailer.h"
#include "auth/domain/roles.h"
#include "auth/domain/scopes.h"
#include "auth/store/group_repo.h"
#include "auth/store/role_repo.h"
#include "users_internal.h"

#define LINK_PATH       "/ui/invite"
#define GROUP_ROLES_MAX 200

static result note(struct service *service, struct db *db, struct task *task, enum audit_type type,
                   struct id invitation_id, struct id account_id)
{
    char text[ID_TEXT_SIZE];
    id_print(invitation_id, text);
    return audit_note(service, db, task,
                      &(struct audit_event){.type = type,
                                            .account_id = account_id,
                                            .subject = str_printf(task->arena, "invitation:%s", text)});
}

/* --- what is promised --------------------------------------------------------------------------------------------- */

static void refuse_item(struct task *task, const char *list, size_t index, const char *detail)
{
    const struct str pointer = str_printf(task->arena, "/%s/%zu", list, index);
    fault_add_field(&task->fault, pointer.ptr, "not_found", detail);
}

static struct str joined(struct task *task, struct str words, struct str more)
{
    if (is_empty(words)) return str_copy(task->arena, more);
    return str_printf(task->arena, "%.*s %.*s", STR_ARGS(words), STR_ARGS(more));
}

static result promise_roles(struct service *service, struct task *task, const struct invitation_order *order,
                            struct str *ret_roles)
{
    struct str roles = STR("");
    for (size_t i = 0; i < order->roles.count; i++) {
        struct role role;
        const struct str name = order->roles.items[i];
        const result found = roles_find(service, task, name, &role);
        if (found.code == STATUS_NOT_FOUND) {
            refuse_item(task, "roles", i, "must be the name of a role");
            continue;
        }
        TRY(found);
        TRY(administrators_may_give(task, order->granter, role.scopes));
        if (!has_word(roles, name)) roles = joined(task, roles, name);
    }
    *ret_roles = roles;
    return RESULT_OK;
}

/* Membership gives the roles of the group: what these have, space-separated. */
static result scopes_of_group(struct db *db, struct task *task, struct id id, struct str *ret_scopes)
{
    struct group group;
    struct role_list roles;
    TRY(group_find(db, task, id, &group));
    TRY(role_list_of_group(db, task, id, STR_NONE, GROUP_ROLES_MAX, &roles));
    *ret_scopes = STR("");
    for (size_t i = 0; i < roles.count; i++)
        *ret_scopes = joined(task, *ret_scopes, role_scopes(roles.items[i].name, roles.items[i].scopes));
    return RESULT_OK;
}

static result check_group(struct service *service, struct task *task, struct id id, struct str granter)
{
    struct str scopes;
    TRY(scopes_of_group(service->db, task, id, &scopes));
    return administrators_may_give(task, granter, scopes);
}

static result promise_groups(struct service *service, struct task *task, const struct invitation_order *order,
                             struct str *ret_group_ids)
{
    struct str group_ids = STR("");
    for (size_t i = 0; i < order->groups.count; i++) {
        struct id id;
        const struct str text = order->groups.items[i];
        const bool is_id = id_parse(text, &id);
        const result found = is_id ? check_group(service, task, id, order->granter) : RESULT(NOT_FOUND);
        if (found.code == STATUS_NOT_FOUND) {
            refuse_item(task, "groups", i, "must be the id of a group");
            continue;
        }
        TRY(found);
        if (!has_word(group_ids, text)) group_ids = joined(task, group_ids, text);
    }
    *ret_group_ids = group_ids;
    return RESULT_OK;
}

/* --- inviting ----------------------------------------------------------------------------------------------------- */

struct secret invitations_link(const struct service *service, struct task *task, struct secret token)
{
    const struct str link = str_printf(task->arena, "%.*s" LINK_PATH "#%.*s",
                                       STR_ARGS(service->policy->issuer), STR_ARGS(secret_expose(token)));
    return (struct secret){(unsigned char *)(uintptr_t)link.ptr, link.len};
}

/* Whoever may invite does not thereby hand out what others administer. */
static result check_powers(struct task *task, const struct invitation_order *order)
{
    if (order->roles.count > 0 && !has_scope(order->granter, STR("admin:roles")))
        FAIL(&task->fault, FORBIDDEN, "roles are given by who may administer them");
    if (order->groups.count > 0 && !has_scope(order->granter, STR("admin:groups")))
        FAIL(&task->fault, FORBIDDEN, "groups are joined by leave of who may administer them");
    return RESULT_OK;
}

static result check_order(struct service *service, struct task *task, const struct invitation_order *order,
                          struct invitation *invitation)
{
    struct account account;
    if (!service->policy->is_signup_by_invitation)
        FAIL(&task->fault, DISABLED_BY_POLICY, "sign-up is closed, to whoever is invited, too");
    TRY(check_powers(task, order));
    const result words = user_check_words(task, &(struct user){.locale = order->locale});
    TRY(email_canonicalize(task, "/email", order->email, &invitation->email_key));
    TRY(words);
    TRY(promise_roles(service, task, order, &invitation->roles));
    TRY(promise_groups(service, task, order, &invitation->group_ids));
    if (task->fault.error_count > 0) FAIL(&task->fault, VALIDATION_FAILED, "roles or groups are not there");
    TRY(accounts_look_up(service, task, invitation->email_key, &account));
    if (is_nil(account.id)) return RESULT_OK;
    fault_add_field(&task->fault, "/email", "taken", "must be no account's");
    FAIL(&task->fault, CONFLICT, "the address has an account");
}

static result store(struct service *service, struct task *task, const struct invitation_order *order,
                    const struct invitation *invitation, struct secret *ret_token)
{
    struct token_digest digest;
    const struct secret token = token_make(task->arena, INVITATION_PREFIX, &digest);
    const struct mail mail = {.kind = MAIL_INVITATION,
                              .to = invitation->email,
                              .locale = invitation->locale,
                              .link_path = STR(LINK_PATH),
                              .link_token = token,
                              .detail = order->inviter,
                              .expires_at_ms = invitation->expires_at_ms};
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(invitation_put(tx, task, invitation, digest.bytes));
    if (!order->is_not_mailed) TRY(mailer_enqueue(service, tx, task, &mail));
    TRY(note(service, tx, task, AUDIT_INVITATION_CREATED, invitation->id, (struct id){{0}}));
    TRY(db_commit(&tx, task));
    mailer_wake(service);
    *ret_token = token;
    return RESULT_OK;
}

result invitations_create(struct service *service, struct task *task, const struct invitation_order *order,
                          struct invitation *ret_invitation, struct secret *ret_token)
{
    struct invitation invitation = {.id = id_new(task->now_ms),
                                    .email = order->email,
                                    .locale = order->locale,
                                    .invited_by = task->actor,
                                    .created_at_ms = task->now_ms,
                                    .expires_at_ms = task->now_ms + service->policy->invitation_ms};
    TRY(check_order(service, task, order, &invitation));
    TRY(store(service, task, order, &invitation, ret_token));
    *ret_invitation = invitation;
    return RESULT_OK;
}

/* Nobody is told that an invitation was taken back in time when its account is there. */
static result withdraw(struct db *tx, struct task *task, struct id id)
{
    struct invitation invitation;
    const result deleted = invitation_delete(tx, task, id);
    if (deleted.code != STATUS_NOT_FOUND) return deleted;
    TRY(invitation_find(tx, task, id, &invitation));
    FAIL(&task->fault, CONFLICT, "invitation was accepted");
}

result invitations_revoke(struct service *service, struct task *task, struct id id)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(withdraw(tx, task, id));
    TRY(note(service, tx, task, AUDIT_INVITATION_REVOKED, id, (struct id){{0}}));
    return db_commit(&tx, task);
}

/* --- accepting ---------------------------------------------------------------------------------------------------- */

result invitations_look(struct service *service, struct task *task, struct secret token,
                        struct invitation *ret_invitation)
{
    struct token_digest digest;
    if (!is_ok(token_parse(secret_expose(token), INVITATION_PREFIX, &digest)))
        FAIL(&task->fault, CODE_INVALID, "invitation is not well formed");
    const result found = invitation_find_open(service->db, task, digest.bytes, ret_invitation);
    if (found.code == STATUS_NOT_FOUND)
        FAIL(&task->fault, CODE_INVALID, "invitation is unknown, accepted or expired");
    return found;
}

static result note_gift(struct service *service, struct db *tx, struct task *task, enum audit_type type,
                        struct id account_id, struct str subject)
{
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = type, .account_id = account_id, .subject = subject});
}

/* Who receives, and what the inviter may give now. */
struct gift {
    struct id account_id;
    struct str granter;
};

/* One that is gone, or that the inviter may no longer give, is given to nobody; the same of groups. */
static result give_role(struct service *service, struct db *tx, struct task *task, const struct gift *gift,
                        struct str name)
{
    bool is_new;
    struct role role;
    const result found = role_find(tx, task, name, &role);
    if (found.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(found);
    if (!is_empty(administrators_missing_power(gift->granter, role_scopes(role.name, role.scopes))))
        return RESULT_OK;
    TRY(role_grant(tx, task, gift->account_id, name, &is_new));
    return note_gift(service, tx, task, AUDIT_ROLE_GRANTED, gift->account_id,
                     str_printf(task->arena, "role:%.*s", STR_ARGS(name)));
}

static result give_membership(struct service *service, struct db *tx, struct task *task,
                              const struct gift *gift, struct str text)
{
    bool is_new;
    struct id id;
    struct str scopes;
    if (!id_parse(text, &id)) return RESULT_OK;
    const result found = scopes_of_group(tx, task, id, &scopes);
    if (found.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(found);
    if (!is_empty(administrators_missing_power(gift->granter, scopes))) return RESULT_OK;
    TRY(group_member_insert(tx, task, id, gift->account_id, &is_new));
    return note_gift(service, tx, task, AUDIT_GROUP_MEMBER_ADDED, gift->account_id,
                     str_printf(task->arena, "group:%.*s", STR_ARGS(text)));
}

static result give(struct service *service, struct db *tx, struct task *task,
                   const struct invitation *invitation, struct id account_id)
{
    struct gift gift = {.account_id = account_id};
    struct str roles = invitation->roles, groups = invitation->group_ids;
    if (is_empty(roles) && is_empty(groups)) return RESULT_OK;
    TRY(administrators_power_of(tx, task, invitation->invited_by, &gift.granter));
    if (!has_scope(gift.granter, STR("admin:roles"))) roles = STR_NONE;
    if (!has_scope(gift.granter, STR("admin:groups"))) groups = STR_NONE;
    while (!is_empty(roles)) TRY(give_role(service, tx, task, &gift, str_split(&roles, ' ')));
    while (!is_empty(groups)) TRY(give_membership(service, tx, task, &gift, str_split(&groups, ' ')));
    return RESULT_OK;
}

result invitations_accept(struct service *service, struct db *tx, struct task *task,
                          const struct invitation *invitation, struct id account_id)
{
    const result accepted = invitation_accept(tx, task, invitation, account_id);
    if (accepted.code == STATUS_NOT_FOUND)
        FAIL(&task->fault, CODE_INVALID, "invitation was accepted at the same moment");
    TRY(accepted);
    TRY(account_prove(tx, task, account_id, true));
    TRY(give(service, tx, task, invitation, account_id));
    return note(service, tx, task, AUDIT_INVITATION_ACCEPTED, invitation->id, account_id);
}
