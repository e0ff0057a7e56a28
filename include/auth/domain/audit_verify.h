/* audit_verify.h — whether the chain of security events is as it was made.
 * Shape:   walks the chain page by page in constant memory: every place is there, every hash follows from the event and
 *          the hash before, every address is the one its digest stands for, every checkpoint is signed by a key of ours
 *          and says what stands there, and the chain ends where and how a server with our secret said it does. Stops at
 *          the first thing that is wrong. Goes on with events that come while it walks, and, where `takes_pending` says
 *          so, with those that have no place yet: a chain that is right up to its end is given them first.
 *          What was changed by somebody who can write to the database but lacks the server secret is found wherever it
 *          is; that the end was put back to an earlier one is found by a checkpoint that was kept elsewhere.
 * Errors:  those of the database. What is wrong with the chain is not an error: it is the answer.
 * Waits:   yes (database).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_VERIFY_H
#define AUTH_DOMAIN_AUDIT_VERIFY_H

#include "auth/domain/service.h"
#include "auth/model/audit_record.h"

struct audit_verify_options {
    const struct audit_end *from; /* begin there: what was before is not looked at; may be NULL */
    const struct audit_end
        *against; /* a checkpoint kept elsewhere, that the chain must pass through; may be NULL */
    bool takes_pending;
    void (*progress)(void *argument, int64_t done, int64_t total); /* may be NULL */
    void *argument;
};

struct audit_verdict {
    const char *problem; /* NULL: all is well. Else what is wrong, a sentence without its period */
    int64_t bad_seq;     /* the first place where it is wrong, or after which it is not known */
    int64_t good_seq;    /* up to here nothing is wrong, by the last thing that was signed */
    int64_t first_seq;   /* the first event looked at; 0: none */
    int64_t last_seq;    /* the last one */
    int64_t events;
    int64_t checkpoints;
    int64_t pending; /* events that have no place yet */
};

NODISCARD result audit_verify(struct service *service, struct task *task,
                              const struct audit_verify_options *options, struct audit_verdict *ret_verdict);

#endif
