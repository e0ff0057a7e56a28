/* readiness.h — may traffic come here?
 * Shape:   a phase with words for the operator; written by main and the migration thread, read by all loops.
 * Threads: any.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_READINESS_H
#define AUTH_API_READINESS_H

#include "auth/base/str.h"

enum readiness_phase {
    PHASE_STARTING,  /* waiting for the database */
    PHASE_MIGRATING, /* changing the schema */
    PHASE_SERVING,
    PHASE_REFUSED, /* the schema does not fit this binary */
    PHASE_DRAINING /* finishing what has begun */
};

#define READINESS_REASON_MAX 256u

#define READINESS_REVISION_MAX 64u

struct readiness;

struct readiness_schema {
    const char *revision;
    const char *pending_contract; /* or "" */
    bool is_ahead;
};

struct readiness_view {
    enum readiness_phase phase;
    char reason[READINESS_REASON_MAX];
    char schema[READINESS_REVISION_MAX]; /* the revision the schema is at, once known */
    char pending_contract
        [READINESS_REVISION_MAX];           /* a contract or backfill revision that waits; empty: none */
    bool is_schema_ahead;                   /* newer than this binary, and compatible with it */
    char migrating[READINESS_REVISION_MAX]; /* the revision being applied */
    int steps_done;                         /* while migrating */
    int steps_total;
};

struct readiness *readiness_create(void);
void readiness_destroy(struct readiness *readiness);
void readiness_set(struct readiness *readiness, enum readiness_phase phase, const char *reason);
void readiness_set_schema(struct readiness *readiness, const struct readiness_schema *schema);
void readiness_set_progress(struct readiness *readiness, const char *revision, int done, int total);
void readiness_view(struct readiness *readiness, struct readiness_view *ret_view);
/* One atomic look. */
bool is_serving(const struct readiness *readiness);

#endif
