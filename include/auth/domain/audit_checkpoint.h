/* audit_checkpoint.h — signed statements of where the chain of security events stood.
 * Shape:   a JWS (typ audit-checkpoint+jwt) of {iss, iat, seq, chain_hash} by the key that signs tokens at the time. Kept
 *          beside the public key it verifies with, and a tag of that key under one derived from the server secret: so
 *          checkpoints stay verifiable when the signing key has long been retired, and nobody with the database alone
 *          can add one of his own.
 *          What leaves the house and is kept elsewhere proves that nothing before it was changed or taken away since.
 * Errors:  INVALID_TOKEN for a checkpoint that is not right, the task's fault says why.
 * Waits:   yes (database, RS256 signatures).
 * Source:  RFC 7515, RFC 7517.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_CHECKPOINT_H
#define AUTH_DOMAIN_AUDIT_CHECKPOINT_H

#include "auth/domain/service.h"
#include "auth/model/audit_record.h"

/* Signs the end of the chain and keeps it; the one there is already when the chain has not grown since. NOT_FOUND before
 * the first event; INTERNAL when the end is not one of ours. */
NODISCARD result audit_checkpoint_make(struct service *service, struct task *task,
                                       struct audit_checkpoint *ret_checkpoint);

/* Makes one when there are events that are not signed and the last one is old enough. `*ret_in_ms`: when to ask again, 0:
 * everything is signed. */
NODISCARD result audit_checkpoint_when_due(struct service *service, struct task *task, int64_t *ret_in_ms);

/* One that is kept here: key, signature, and what it says. */
NODISCARD result audit_checkpoint_verify(struct service *service, struct task *task,
                                         const struct audit_checkpoint *checkpoint);

/* One from elsewhere, signed with any key that ever signed one here. */
NODISCARD result audit_checkpoint_read(struct service *service, struct task *task, struct str signature,
                                       struct audit_end *ret_end);

#endif
