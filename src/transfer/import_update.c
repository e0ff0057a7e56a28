// SPDX-License-Identifier: MIT
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/mailer.h"
#include "auth/domain/rights.h"
#include "auth/domain/sessions.h"
#include "auth/domain/users.h"
#include "import_internal.h"

/* The account as it should be: what the record has stands above what there was, but nobody is unlocked, no proven address
 * becomes unproven, and no password is replaced: its owner may have changed it since, or an administrator had it forgotten. */
static struct transfer_account merged(const struct import_account *account,
                                      const struct transfer_account *there)
{
    struct transfer_account wanted = *there;
    const bool has_other_address = !str_equal(account->email_key, there->email_key);
    if (!is_empty(account->external_id)) wanted.external_id = account->external_id;
    wanted.email = has_other_address ? account->email : there->email;
    wanted.email_key = account->email_key;
    wanted.is_email_verified = account->is_email_verified || (there->is_email_verified && !has_other_address);
    if (!is_empty(account->name)) wanted.name = account->name;
    if (!is_empty(account->locale)) wanted.locale = account->locale;
    if (!there->had_password) wanted.password_hash = account->password_hash;
    if (account->is_locked) wanted.status = ACCOUNT_LOCKED;
    wanted.requires_mfa = there->requires_mfa || account->requires_mfa;
    if (!is_empty(account->claims)) wanted.claims = account->claims;
    return wanted;
}

static bool is_same(const struct transfer_account *a, const struct transfer_account *b)
{
    return str_equal(a->external_id, b->external_id) && str_equal(a->email, b->email) &&
           str_equal(a->email_key, b->email_key) && a->is_email_verified == b->is_email_verified &&
           str_equal(a->name, b->name) && str_equal(a->locale, b->locale) &&
           str_equal(a->password_hash, b->password_hash) && a->status == b->status &&
           a->requires_mfa == b->requires_mfa && str_equal(a->claims, b->claims);
}

/* An account that is brought up to date. */
struct updating {
    struct service *service;
    struct transfer_account wanted;
    const struct transfer_account *there;
    struct id_list locked_out;
    struct id_list left; /* sessions */
};

static bool locks(const struct updating *updating)
{
    return updating->wanted.status != updating->there->status;
}

static bool moves(const struct updating *updating)
{
    return !str_equal(updating->wanted.email_key, updating->there->email_key);
}

/* What another status and another address bring with them, whoever sets them. */
static result follow(struct updating *updating, struct db *tx, struct task *task)
{
    static const struct device no_device;
    const struct transfer_account *there = updating->there;
    const struct account before = {
        .id = there->id, .email = there->email, .name = there->name, .locale = there->locale};
    if (locks(updating)) {
        TRY(session_end_all(tx, task, there->id, (struct id){{0}}, "account_locked", &updating->locked_out));
        TRY(audit_note(updating->service, tx, task,
                       &(struct audit_event){.type = AUDIT_ACCOUNT_LOCKED, .account_id = there->id}));
    }
    if (!moves(updating)) return RESULT_OK;
    return users_leave_address(updating->service, tx, task, &before, &no_device, &updating->left);
}

/* CONFLICT: the address or the external id is another account's, or the last administrator would be locked. */
static result store(struct updating *updating, struct task *task, bool is_dry_run)
{
    struct administrator_guard guard = {0};
    SCOPED_TX(tx);
    TRY(db_begin(updating->service->db, task, &tx));
    if (locks(updating)) TRY(administrators_hold(tx, task, &guard));
    TRY(transfer_update(tx, task, &updating->wanted));
    TRY(administrators_check(tx, task, &guard));
    TRY(follow(updating, tx, task));
    if (is_dry_run) return RESULT_OK;
    TRY(db_commit(&tx, task));
    sessions_deny(updating->service, task, &updating->locked_out);
    sessions_deny(updating->service, task, &updating->left);
    rights_deny(updating->service, task, updating->there->id);
    if (moves(updating)) mailer_wake(updating->service);
    return RESULT_OK;
}

result import_update(struct service *service, struct task *task, const struct import_options *options,
                     const struct import_account *account, const struct transfer_account *there,
                     enum import_verdict *ret_verdict)
{
    struct updating updating = {.service = service, .wanted = merged(account, there), .there = there};
    const bool is_changed = !is_same(&updating.wanted, there);
    if (is_changed) {
        TRY(administrators_may_touch(service, task, options->granter, there->id));
        TRY(store(&updating, task, options->is_dry_run));
    }
    *ret_verdict = is_changed ? IMPORT_UPDATED : IMPORT_UNCHANGED;
    return RESULT_OK;
}
