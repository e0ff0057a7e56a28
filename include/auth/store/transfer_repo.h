/* transfer_repo.h — accounts in batches: matched, inserted, brought up to date, listed.
 * Shape:   `records` is the text of a JSON array, `ids` 16 bytes for each of its records (src/store/sql/transfer.sql).
 * Errors:  DATABASE_UNAVAILABLE, CONFLICT; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_TRANSFER_REPO_H
#define AUTH_STORE_TRANSFER_REPO_H

#include "auth/model/account.h"
#include "auth/model/factor.h"
#include "auth/store/db.h"

struct transfer_account {
    size_t n; /* of the record it fits */
    struct id id;
    struct str external_id;
    struct str email;
    struct str email_key;
    bool is_email_verified;
    struct str name;
    struct str locale;
    struct str password_hash;
    bool had_password; /* even if it was forgotten since; only of transfer_match */
    enum account_status status;
    bool requires_mfa;
    struct str claims;
    int64_t created_at_ms;
    struct str roles;  /* JSON array of names; empty: none */
    struct str groups; /* the same */
};

struct transfer_list {
    const struct transfer_account *items;
    size_t count;
};

/* First in a transaction: what follows in it goes by indexes. */
NODISCARD result transfer_plan(struct db *db, struct task *task);

/* Accounts that have the address, the external id or the id of a record, in order of n; of one record up to three. */
NODISCARD result transfer_match(struct db *db, struct task *task, struct str records, struct str ids,
                                struct transfer_list *ret_list);

/* Those that were not there; the others are left alone. */
NODISCARD result transfer_insert(struct db *db, struct task *task, struct str records, struct str ids,
                                 struct id_list *ret_inserted);
/* CONFLICT, quietly, when its address or external id is another account's, or it is closing. */
NODISCARD result transfer_update(struct db *db, struct task *task, const struct transfer_account *account);

enum transfer_names { TRANSFER_ROLES, TRANSFER_GROUPS };

struct name_list {
    const struct str *items;
    size_t count;
};

/* Which of the names (a JSON array) there are. */
NODISCARD result transfer_known(struct db *db, struct task *task, enum transfer_names kind, struct str names,
                                struct name_list *ret_known);
NODISCARD result transfer_make_group(struct db *db, struct task *task, struct str name);
/* What accounts have already is left alone; `*ret_count` tells how many were added. */
NODISCARD result transfer_add(struct db *db, struct task *task, enum transfer_names kind, struct str records,
                              struct str ids, size_t *ret_count);

/* A second factor that is in force at once. */
NODISCARD result transfer_add_factor(struct db *db, struct task *task, struct id account_id,
                                     const struct factor *factor);

/* In order of id, after the given one; those being closed are left out. */
NODISCARD result transfer_page(struct db *db, struct task *task, struct id after, int64_t count,
                               struct transfer_list *ret_list);

#endif
