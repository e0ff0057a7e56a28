// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/domain/accounts.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/claims.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/email.h"
#include "auth/domain/mailer.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/roles.h"
#include "auth/store/account_repo.h"
#include "users_internal.h"

/* RFC 5646 §2.1, its letters: what is no language tag is no language either. */
static bool is_locale(struct str locale)
{
    for (size_t i = 0; i < locale.len; i++) {
        const char c = locale.ptr[i];
        const bool is_fine =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!is_fine) return false;
    }
    return locale.len <= ACCOUNT_LOCALE_MAX;
}

result user_check_words(struct task *task, const struct user *user)
{
    struct fault *fault = &task->fault;
    if (!is_plain_text(user->name, ACCOUNT_NAME_MAX))
        fault_add_field(fault, "/name", "wrong_type", "must be at most 200 characters on one line");
    if (!is_locale(user->locale))
        fault_add_field(fault, "/locale", "wrong_type", "must be a language tag (RFC 5646)");
    if (user->external_id.len > EXTERNAL_ID_MAX || !is_plain_text(user->external_id, EXTERNAL_ID_MAX))
        fault_add_field(fault, "/external_id", "wrong_type", "must be at most 255 bytes on one line");
    if (fault->error_count != 0) FAIL(fault, VALIDATION_FAILED, "account refused");
    return RESULT_OK;
}

result check_reason(struct task *task, struct str reason)
{
    if (is_plain_text(reason, LOCK_REASON_MAX)) return RESULT_OK;
    fault_add_field(&task->fault, "/reason", "wrong_type", "must be at most 200 characters on one line");
    FAIL(&task->fault, VALIDATION_FAILED, "reason refused");
}

result user_name_conflict(struct db *tx, struct task *task, const struct user *user, result stored)
{
    struct user other;
    if (stored.code != STATUS_CONFLICT) return stored;
    const result found = user_find_by_email_key(tx, task, user->email_key, &other);
    if (!is_ok(found) && found.code != STATUS_NOT_FOUND) return found;
    const bool is_address = is_ok(found) && !id_equal(other.id, user->id);
    fault_add_field(&task->fault, is_address ? "/email" : "/external_id", "taken",
                    "must be no other account's");
    FAIL(&task->fault, CONFLICT, "the %s is another account's", is_address ? "address" : "external id");
}

result user_send_link(struct service *service, struct db *tx, struct task *task,
                      const struct account *account, const struct device *device)
{
    struct code_made made;
    const struct code_letter letter = {
        .purpose = CODE_RESET, .email_key = account->email_key, .account = account, .device = *device};
    return code_requests_write(service, tx, task, &letter, &made);
}

/* What the page is told stands behind '#', where no log sees it. */
result user_make_link(struct service *service, struct db *tx, struct task *task,
                      const struct account *account, struct str *ret_link)
{
    struct code_made made;
    const struct code_order order = {.subject = {.purpose = CODE_RESET, .email_key = account->email_key},
                                     .account_id = account->id};
    TRY(codes_make(service, tx, task, &order, &made));
    *ret_link = str_printf(task->arena, "%.*s/ui/reset#%.*s", STR_ARGS(service->policy->issuer),
                           STR_ARGS(secret_expose(made.token)));
    return RESULT_OK;
}

static result check_role(struct service *service, struct task *task, const struct user_draft *draft,
                         struct str name)
{
    struct role role = {0};
    const result found = is_role_name(name) ? roles_find(service, task, name, &role) : RESULT(NOT_FOUND);
    if (found.code == STATUS_NOT_FOUND) {
        fault_add_field(&task->fault, "/roles", "unknown", "must be roles that are there");
        FAIL(&task->fault, VALIDATION_FAILED, "no such role");
    }
    TRY(found);
    return administrators_may_give(task, draft->granter, role_scopes(role.name, role.scopes));
}

/* Whoever may make accounts does not thereby give roles: that takes the power to do so, and all that the roles have. */
static result check_roles(struct service *service, struct task *task, const struct user_draft *draft)
{
    if (draft->roles.count == 0) return RESULT_OK;
    if (!has_scope(draft->granter, STR("admin:roles")))
        FAIL(&task->fault, FORBIDDEN, "roles are given by who may administer them");
    if (draft->roles.count > ROLES_PER_ACCOUNT) {
        fault_add_field(&task->fault, "/roles", "too_many", "must be 50 at most");
        FAIL(&task->fault, VALIDATION_FAILED, "too many roles");
    }
    for (size_t i = 0; i < draft->roles.count; i++)
        TRY(check_role(service, task, draft, draft->roles.items[i]));
    return RESULT_OK;
}

/* Of who has the shell; hashed before anything is stored. */
static result hash_password(struct service *service, struct task *task, const struct user_draft *draft,
                            struct str *ret_hash)
{
    struct secret password;
    const struct password_owner owner = {.email = draft->email, .name = draft->name};
    *ret_hash = STR_NONE;
    if (draft->password.len == 0) return RESULT_OK;
    TRY(password_normalize(task, "/password", draft->password, &password));
    TRY(password_policy_judge(service, task, "/password", password, &owner));
    return password_hash_wait(service->hasher, task, password, ret_hash);
}

static result give_roles(struct service *service, struct db *tx, struct task *task,
                         const struct user_draft *draft, struct id id)
{
    for (size_t i = 0; i < draft->roles.count; i++) {
        bool is_new;
        TRY(role_grant(tx, task, id, draft->roles.items[i], &is_new));
        TRY(audit_note(service, tx, task,
                       &(struct audit_event){.type = AUDIT_ROLE_GRANTED,
                                             .account_id = id,
                                             .subject = str_printf(task->arena, "role:%.*s",
                                                                   STR_ARGS(draft->roles.items[i]))}));
    }
    return RESULT_OK;
}

static result store(struct service *service, struct task *task, const struct user_draft *draft,
                    const struct user *user, struct str hash, struct rights *ret_rights)
{
    struct account account;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(account_purge_closed(tx, task, user->email_key));
    TRY(user_name_conflict(tx, task, user, user_insert(tx, task, user, hash, draft->claims)));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_ACCOUNT_CREATED,
                                         .account_id = user->id,
                                         .client_address = draft->device.address}));
    TRY(give_roles(service, tx, task, draft, user->id));
    if (draft->sends_link) {
        TRY(account_find(tx, task, user->id, &account));
        TRY(user_send_link(service, tx, task, &account, &draft->device));
    }
    TRY(rights_read(tx, task, user->id, ret_rights));
    TRY(db_commit(&tx, task));
    if (draft->sends_link) mailer_wake(service);
    return RESULT_OK;
}

result users_create(struct service *service, struct task *task, const struct user_draft *draft,
                    struct user *ret_user, struct rights *ret_rights)
{
    struct str hash;
    struct user user = {.id = id_new(task->now_ms),
                        .email = draft->email,
                        .is_email_verified = draft->is_email_verified,
                        .name = draft->name,
                        .locale = draft->locale,
                        .requires_mfa = draft->requires_mfa,
                        .has_password = draft->password.len > 0,
                        .external_id = draft->external_id,
                        .created_at_ms = task->now_ms,
                        .updated_at_ms = task->now_ms};
    const result words = user_check_words(task, &user);
    TRY(email_canonicalize(task, "/email", draft->email, &user.email_key));
    TRY(words);
    if (!is_empty(draft->claims)) TRY(claims_check(task, "/claims", draft->claims));
    TRY(check_roles(service, task, draft));
    TRY(hash_password(service, task, draft, &hash));
    TRY(store(service, task, draft, &user, hash, ret_rights));
    *ret_user = user;
    return RESULT_OK;
}
