/* password_hasher.h — password hashing away from the loops: a few threads, a bounded queue.
 * Shape:   Argon2 is bound by cores and memory, so one thread per core at nice 19; the queue holds 2 s of
 *          work by what the last hashes took; until there are some, by a cautious guess from the cost.
 * Errors:  HASHING_BUSY when the queue is full, with the task's retry_after_seconds set; otherwise as
 *          password.h.
 * Waits:   yes (_wait functions, from a fiber).
 * Owner:   passwords are copied for the thread and the copy is wiped before the call returns; texts are made
 *          in the task's arena.
 * Source:  OWASP ASVS 15.1.3, 15.2.2 (costly functions are bounded).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PASSWORD_HASHER_H
#define AUTH_CRYPTO_PASSWORD_HASHER_H

#include "auth/base/task.h"
#include "auth/crypto/password.h"

#define HASH_QUEUE_MS 2000 /* the work a full queue stands for */

struct password_hasher;

struct password_hasher_options {
    unsigned threads; /* 0: one per core this process may use */
    struct password_cost cost;
    const struct pepper_ring *peppers; /* copied; NULL: none */
    unsigned queue_limit;              /* 0: HASH_QUEUE_MS of work for all threads */
    bool keeps_memory;      /* each thread reuses one mapping instead of mapping anew for each hash */
    int64_t memory_idle_ms; /* an unused mapping is wiped and given back after this; 0: 10 s */
};

/* INTERNAL if memory or threads cannot be had or the cost is not allowed. */
NODISCARD result password_hasher_create(const struct password_hasher_options *options,
                                        struct password_hasher **ret_hasher);
/* Finishes what is queued. Accepts NULL. */
void password_hasher_destroy(struct password_hasher *hasher);

/* A new hash at the hasher's cost. */
NODISCARD result password_hash_wait(struct password_hasher *hasher, struct task *task, struct secret password,
                                    struct str *ret_text);

/* An empty `text` stands for an account that does not exist: the same path, work and answer as for a wrong
 * password. */
NODISCARD result password_verify_wait(struct password_hasher *hasher, struct task *task, struct str text,
                                      struct secret password, bool *ret_needs_rehash);

/* What is wrong with a text that is to be stored as a hash; NULL when it can be verified here. Never waits. */
const char *password_hasher_text_problem(const struct password_hasher *hasher, struct str text);

#define HASH_BUCKET_COUNT 10u
/* Upper bounds of the buckets in milliseconds; the last bucket has none. */
extern const int64_t hash_bucket_ms[HASH_BUCKET_COUNT - 1u];

struct password_hasher_counts {
    unsigned threads;
    unsigned queue_limit;
    unsigned queued;
    unsigned running;
    unsigned long hashes;
    unsigned long refused;
    int64_t hash_us_sum; /* time on the thread, without the queue */
    unsigned long buckets[HASH_BUCKET_COUNT];
    int64_t hash_us;   /* what a hash takes, lately */
    bool keeps_memory; /* asked for and possible in this build */
    unsigned mappings; /* kept by threads now */
};

void password_hasher_counts(struct password_hasher *hasher, struct password_hasher_counts *ret_counts);

#endif
