/* personal_repo.h — all that is kept of one person, kind by kind, and what of it must go by hand when an account goes.
 * Shape:   rows under the names of their columns (statement->columns); personal.sql says what they hold.
 * Errors:  NOT_FOUND for an account that is not there; DATABASE_UNAVAILABLE.
 * Owner:   rows live in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_PERSONAL_REPO_H
#define AUTH_STORE_PERSONAL_REPO_H

#include "auth/store/db.h"

/* One kind of data: "sessions". */
struct personal_section {
    const char *name;
    const struct statement *statement;
    bool is_paged; /* newest first, by id, which is the first column */
};

/* At most `count` rows of a paged section whose ids are below `before`; all of another. */
struct personal_page {
    const struct personal_section *section;
    struct id account_id;
    struct id before;
    int64_t count;
};

extern const struct personal_section personal_sections[];
extern const size_t personal_section_count;

NODISCARD result personal_account_read(struct db *db, struct task *task, struct id account_id,
                                       struct db_rows *ret_rows);
NODISCARD result personal_page_read(struct db *db, struct task *task, const struct personal_page *page,
                                    struct db_rows *ret_rows);

/* For the transaction in which the account is erased. */
NODISCARD result personal_forget(struct db *db, struct task *task, struct id account_id,
                                 struct str email_key);

#endif
