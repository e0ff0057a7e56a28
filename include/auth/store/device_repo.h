/* device_repo.h — devices an account has been signed in to from, in the database.
 * Errors:  NOT_FOUND where a device is expected; DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_DEVICE_REPO_H
#define AUTH_STORE_DEVICE_REPO_H

#include "auth/store/login_challenge_repo.h"

struct device_key {
    struct id account_id;
    unsigned char digest[DEVICE_DIGEST_BYTES];
};

/* NOT_FOUND unless it is known to the account, which has this address, and was seen after the given time. */
NODISCARD result known_device_find(struct db *db, struct task *task, const struct device_key *key,
                                   struct str email_key, int64_t seen_after_ms);
/* Seen now. `*ret_is_new`: for the first time since `seen_after_ms`. */
NODISCARD result known_device_see(struct db *db, struct task *task, const struct device_key *key,
                                  int64_t seen_after_ms, bool *ret_is_new);
struct device_counts {
    int64_t devices;
    int64_t sessions; /* living, or ended of late; 2 at most */
};
NODISCARD result known_device_count(struct db *db, struct task *task, struct id account_id,
                                    struct device_counts *ret_counts);

/* What an owner may know of a device. */
struct device_record {
    struct id id; /* the beginning of its digest */
    int64_t first_seen_at_ms;
    int64_t last_seen_at_ms;
};
struct device_list {
    struct device_record *items;
    size_t count;
};
/* Those seen after the given time, last first. */
NODISCARD result known_device_list(struct db *db, struct task *task, struct id account_id,
                                   int64_t seen_after_ms, int64_t count, struct device_list *ret_list);
NODISCARD result known_device_forget(struct db *db, struct task *task, struct id account_id,
                                     struct id device_id);
/* All but the `kept` seen last are forgotten. */
NODISCARD result known_device_prune(struct db *db, struct task *task, struct id account_id, int64_t kept);
NODISCARD result known_device_forget_all(struct db *db, struct task *task, struct id account_id);

/* Accounts after the first id up to the last. */
struct id_range {
    struct id after;
    struct id last;
};
NODISCARD result known_device_erase_unseen(struct db *db, struct task *task, const struct id_range *accounts,
                                           int64_t seen_before_ms, int64_t *ret_erased);

#endif
