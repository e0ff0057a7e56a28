/* breached_file.h — a file of the SHA-1 digests of stolen passwords, searched where it lies.
 * Shape:   sorted, in one of two forms. Text: lines of 40 hex digits, a colon and a count, as Have I Been Pwned gives
 *          them out ("ordered by hash"). Packed: "auth-breached-sha1-1", then 20 bytes for each digest. Mapped into
 *          memory and never read as a whole: opening takes no longer for a billion digests, and a look-up touches a
 *          handful of pages, since digests are spread evenly and can be guessed at.
 * Errors:  BAD_REQUEST with what is wrong and where, when the file is none of these or is not in order where it was
 *          looked at; INTERNAL when it has changed since, or is damaged where a look-up passes.
 * Note:    replace the file by renaming another onto it and start again; never write into it.
 * Waits:   a look-up may block on page faults: for threads of an offload pool and commands.
 * Threads: look-ups from any number at once.
 * Source:  FIPS 180-4 (SHA-1, as a name for a password, not for its strength); haveibeenpwned.com/Passwords.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_BREACHED_FILE_H
#define AUTH_CRYPTO_BREACHED_FILE_H

#include "auth/base/secret.h"
#include "auth/base/task.h"

#define BREACHED_DIGEST_BYTES 20u
#define BREACHED_MAGIC        "auth-breached-sha1-1"

struct breached_file;

NODISCARD result breached_file_open(struct task *task, struct str path, struct breached_file **ret_file);
/* Accepts NULL. */
void breached_file_close(struct breached_file *file);

/* OK whether or not it is in there. */
NODISCARD result breached_file_find(const struct breached_file *file,
                                    const unsigned char digest[BREACHED_DIGEST_BYTES], bool *ret_is_found);

/* What the password is known by in such lists. */
void breached_digest(struct secret password, unsigned char ret_digest[BREACHED_DIGEST_BYTES]);

struct breached_facts {
    bool is_packed;
    uint64_t bytes;
    uint64_t digests; /* of a packed file; of a text file only after a walk */
};

void breached_file_facts(const struct breached_file *file, struct breached_facts *ret_facts);

/* Calls `take` with every digest in order; BAD_REQUEST, naming the place, at the first that is out of order or no digest.
 * A false from `take` ends the walk with INTERNAL. */
typedef bool breached_take(void *context, const unsigned char digest[BREACHED_DIGEST_BYTES]);
NODISCARD result breached_file_walk(struct task *task, const struct breached_file *file, breached_take *take,
                                    void *context);

#endif
