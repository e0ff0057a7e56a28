/* transition.h — a database at one schema, and the way to another that `migrate` finds by itself.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_TRANSITION_H
#define AUTH_TESTS_TRANSITION_H

#include "../migrations/site.h"

struct transition {
    const char *name;
    const char *from;   /* DDL of the schema the database has */
    const char *to;     /* DDL of the schema it should have */
    const char *rows;   /* put in before the change, or NULL */
    const char *expect; /* a part of what check says, or NULL */
};

/* Empties the database and the folder of revisions. */
void transition_reset(const struct site *site);
void transition_declare(const struct site *site, const char *sql);
/* Leads the database to `from`, which check must then find clean. */
void transition_begin(const struct site *site, const struct transition *transition);
/* check exits 3; autogenerate, upgrade, check exits 0; back to `from` where that is possible, and forth again. */
void transition_run(const struct site *site, const struct transition *transition);
/* The revision files but the first, joined. */
void transition_generated(const struct site *site, char *ret_text, size_t size);

#endif
