/* audit.h — the log of security events: only ever added to.
 * Rule:    an event is written in the transaction of what it tells of, so that neither is there without the other. It
 *          gets its place in the chain soon after (audit_chain.h).
 * Shape:   no text of an event holds a control character or anything but UTF-8: what input brings is replaced by '?'.
 *          client_address stands in the chain through address_digest alone, a keyed hash of it and the event's id, so that
 *          it can be forgotten later, and so that equal addresses cannot be told by their digests.
 *          One JSON form for every reader (interfaces, streams, webhooks, exports): members in the order of their names,
 *          what is not there is left out. Without chain_hash and client_address it is the canonical form (RFC 8785) that
 *          is hashed: chain_hash = SHA-256(chain_hash of the event before, 32 bytes || canonical form).
 * Errors:  DATABASE_UNAVAILABLE.
 * Waits:   audit_note (database).
 * Source:  OWASP ASVS 16.2, 16.3, 16.4; RFC 8785.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_H
#define AUTH_DOMAIN_AUDIT_H

#include "auth/domain/service.h"
#include "auth/json/fields.h"
#include "auth/model/audit_event.h"
#include "auth/model/audit_record.h"

/* Through `db`: the caller's transaction, or service->db where the event stands alone. An event that names no actor gets
 * the task's. */
NODISCARD result audit_note(struct service *service, struct db *db, struct task *task,
                            const struct audit_event *event);

/* An event as it is told. */
struct audit_view {
    struct id account_id;
    struct str actor;
    struct str address_digest; /* base64url */
    int64_t at_ms;
    struct str chain_hash; /* base64url */
    struct str client_address;
    struct str client_id;
    struct str detail;
    struct id id;
    struct str request_id;
    int64_t seq;
    struct id session_id;
    struct str subject;
    struct str type;
    bool is_by_others; /* not part of the canonical form */
};
extern const struct fields audit_event_fields;

struct audit_view audit_view_of(struct arena *arena, const struct audit_record *record);
/* `ret_hash`: of the event at the place `seq` after `previous`. */
void audit_record_hash(struct arena *arena, const struct audit_record *record, int64_t seq,
                       const unsigned char previous[AUDIT_HASH_BYTES],
                       unsigned char ret_hash[AUDIT_HASH_BYTES]);
/* False for what nothing here writes: times outside the calendar, empty or broken texts. */
bool is_audit_record_sound(const struct audit_record *record);
/* True when the address, where there still is one, is the one the event was written with. */
bool is_audit_address_right(const struct service *service, const struct audit_record *record);

#endif
