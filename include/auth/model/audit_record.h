/* audit_record.h — a security event as it is kept, and where the chain of events stands.
 * Shape:   texts without a pointer are not there (an empty text is another thing than none, and never written here).
 *          Events get their place (seq, chain_hash) soon after they were written; until then they have none.
 * Units:   *_ms are Unix milliseconds.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_AUDIT_RECORD_H
#define AUTH_MODEL_AUDIT_RECORD_H

#include "auth/base/id.h"

#define AUDIT_HASH_BYTES 32u
#define AUDIT_PAGE_MAX   1000u

struct audit_record {
    int64_t seq; /* 0: none yet */
    struct id id;
    int64_t at_ms;
    struct str type;
    struct id account_id; /* nil: none */
    struct id session_id; /* nil: none */
    struct str client_id;
    struct str client_address;
    struct str request_id;
    struct str detail;
    struct str actor;
    struct str subject;
    struct str address_digest; /* bytes */
    struct str chain_hash;     /* bytes */
};

struct audit_page {
    const struct audit_record *items;
    size_t count;
};

/* Where the chain ends. Before the first event: 0 and zeros. */
struct audit_end {
    int64_t seq;
    unsigned char hash[AUDIT_HASH_BYTES];
};

/* The end as it is kept. */
struct audit_chain {
    struct audit_end end;
    struct str tag;         /* bytes; none until the first event */
    int64_t checkpoint_seq; /* of the last checkpoint; 0: none */
    int64_t checkpoint_at_ms;
};

/* A signed statement of where the chain stood. */
struct audit_checkpoint {
    struct audit_end end;
    int64_t at_ms;
    struct str signature;  /* a JWS in compact form: the whole statement */
    struct str public_key; /* the JWK it verifies with */
    struct str key_tag;    /* bytes: says that the key was one of ours */
    bool is_start;         /* events up to this one may have been erased */
};

struct audit_checkpoint_list {
    const struct audit_checkpoint *items;
    size_t count;
};

#endif
