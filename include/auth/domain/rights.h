/* rights.h — what a person may do now: her groups, her roles and the scopes of these.
 * Shape:   remembered for a few seconds, by account. A change of one account forgets that one; a change of a role or a
 *          group advances a generation instead, since it may be many accounts': what was remembered under an older
 *          generation is read again. So no change costs more than its own rows, however many it is about.
 * Rule:    a change is written to the database, then rights_deny or rights_deny_all, then answered.
 * Errors:  NOT_FOUND (no such account), DATABASE_UNAVAILABLE.
 * Waits:   not when all is in the near cache.
 * Owner:   text lives in the task's arena.
 * Source:  OWASP ASVS 8.1, 8.2.1, 8.3.2 (changes of authorisation take effect at once).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_RIGHTS_H
#define AUTH_DOMAIN_RIGHTS_H

#include "auth/domain/service.h"
#include "auth/model/account.h"

#define RIGHTS_SCOPES_MAX 1024u /* bytes; what the scopes of all roles of one person may come to */

struct rights {
    bool is_active; /* the account: neither locked nor closing */
    struct str email;
    struct str groups; /* names parted by commas, which no name holds */
    struct str roles;  /* the same */
    struct str scopes; /* space-separated, each once */
    struct str claims; /* JSON object, or empty */
};

/* As the database has it. */
NODISCARD result rights_read(struct db *db, struct task *task, struct id account_id,
                             struct rights *ret_rights);
/* The same, from memory where it is known there. */
NODISCARD result rights_find(struct service *service, struct task *task, struct id account_id,
                             struct rights *ret_rights);

/* After the commit: this account's rights, status or address have changed. */
void rights_deny(struct service *service, struct task *task, struct id account_id);
/* In the transaction of a change to a role or a group, and after its commit. */
NODISCARD result rights_advance(struct db *db, struct task *task);
void rights_deny_all(struct service *service, struct task *task);

/* Whether the account had neither roles nor groups nor claims until now: its sessions are then to be told
 * (sessions_notice_rights). */
struct rights_record;
bool rights_are_first(const struct rights_record *before);

/* The words of `scopes` that are still within `now`. */
struct str rights_narrow(struct task *task, struct str scopes, struct str now);

#endif
