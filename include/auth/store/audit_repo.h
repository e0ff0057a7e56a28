/* audit_repo.h — security events in the database, their chain and its checkpoints.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs, or somebody else has changed the tables.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_AUDIT_REPO_H
#define AUTH_STORE_AUDIT_REPO_H

#include "auth/model/audit_event.h"
#include "auth/model/audit_record.h"
#include "auth/store/db.h"

/* The stored text of a type, and the other way round. */
struct str audit_type_text(enum audit_type type);
bool audit_type_parse(struct str text, enum audit_type *ret_type);

/* With the task's time and id. `address_digest` stands for event->client_address; empty where there is none. */
NODISCARD result audit_event_insert(struct db *db, struct task *task, const struct id *id,
                                    const struct audit_event *event, struct str address_digest);

/* Without a place in the chain, in the order in which they are to get one. */
NODISCARD result audit_event_unchained(struct db *db, struct task *task, int64_t count,
                                       struct audit_page *ret_page);
NODISCARD result audit_event_pending(struct db *db, struct task *task, int64_t *ret_count);

/* INTERNAL when the row of the chain is gone. */
NODISCARD result audit_chain_find(struct db *db, struct task *task, struct audit_chain *ret_chain);

struct audit_step {
    struct audit_end from;
    struct audit_end to;
    unsigned char to_tag[AUDIT_HASH_BYTES];
    const unsigned char *places; /* AUDIT_PLACE_BYTES for each event: its id, its hash */
    int64_t count;
};
#define AUDIT_PLACE_BYTES (ID_BYTES + AUDIT_HASH_BYTES)

/* In a transaction. CONFLICT when the chain does not end at `from` any more, or an event is gone or was given another
 * place meanwhile. */
NODISCARD result audit_chain_advance(struct db *tx, struct task *task, const struct audit_step *step);

/* In order of their places, from the one after `after` on. */
NODISCARD result audit_event_after(struct db *db, struct task *task, int64_t after, int64_t count,
                                   struct audit_page *ret_page);

struct audit_filter {
    int64_t after;  /* places beyond this one */
    int64_t before; /* places below this one; 0: to the end */
    struct str type;
    struct id account_id; /* nil: any */
    struct str client_id;
    struct str actor;
    int64_t since_ms;
    int64_t until_ms; /* 0: to the end */
    bool is_newest_first;
    int64_t count; /* at most AUDIT_PAGE_MAX */
};
NODISCARD result audit_event_page(struct db *db, struct task *task, const struct audit_filter *filter,
                                  struct audit_page *ret_page);
/* The place that none of the events made at an instant or later stands before, and the one that none made at an instant or
 * earlier stands behind; 0: it has no place yet. NOT_FOUND: there are no such events. */
NODISCARD result audit_event_seq_from(struct db *db, struct task *task, int64_t at_ms, int64_t *ret_seq);
NODISCARD result audit_event_seq_to(struct db *db, struct task *task, int64_t at_ms, int64_t *ret_seq);

/* Does nothing where there is one already. */
NODISCARD result audit_checkpoint_insert(struct db *db, struct task *task,
                                         const struct audit_checkpoint *checkpoint);
NODISCARD result audit_checkpoint_after(struct db *db, struct task *task, int64_t after, int64_t count,
                                        struct audit_checkpoint_list *ret_list);
/* The last one at `seq` or before it. NOT_FOUND. */
NODISCARD result audit_checkpoint_until(struct db *db, struct task *task, int64_t seq,
                                        struct audit_checkpoint *ret_checkpoint);
/* The one events were erased up to. NOT_FOUND. */
NODISCARD result audit_checkpoint_start(struct db *db, struct task *task,
                                        struct audit_checkpoint *ret_checkpoint);
/* The last one made by then. NOT_FOUND. */
NODISCARD result audit_checkpoint_by_time(struct db *db, struct task *task, int64_t at_ms,
                                          struct audit_checkpoint *ret_checkpoint);
/* Events up to it may be erased from now on. */
NODISCARD result audit_checkpoint_mark_start(struct db *db, struct task *task, int64_t seq);
/* The oldest, at most `count`, up to this place. */
NODISCARD result audit_event_erase(struct db *db, struct task *task, int64_t seq, int64_t count,
                                   int64_t *ret_count);
/* Of the oldest, at most `count`, from before then. */
NODISCARD result audit_event_forget_addresses(struct db *db, struct task *task, int64_t before_ms,
                                              int64_t count, int64_t *ret_count);
/* The keys of all checkpoints: public_key and key_tag alone are set. */
NODISCARD result audit_checkpoint_keys(struct db *db, struct task *task, int64_t count,
                                       struct audit_checkpoint_list *ret_list);

#endif
