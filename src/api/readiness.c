// SPDX-License-Identifier: MIT
#include "auth/api/readiness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/base/log.h"

struct readiness {
    _Atomic int phase; /* enum readiness_phase; a copy of the view's for looks without the lock */
    pthread_mutex_t lock;
    struct readiness_view view;
};

struct readiness *readiness_create(void)
{
    struct readiness *readiness = calloc(1, sizeof *readiness);
    if (!readiness) panic("out of memory");
    pthread_mutex_init(&readiness->lock, NULL);
    readiness_set(readiness, PHASE_STARTING, "starting");
    return readiness;
}

void readiness_destroy(struct readiness *readiness)
{
    if (!readiness) return;
    pthread_mutex_destroy(&readiness->lock);
    free(readiness);
}

void readiness_set(struct readiness *readiness, enum readiness_phase phase, const char *reason)
{
    pthread_mutex_lock(&readiness->lock);
    readiness->view.phase = phase;
    snprintf(readiness->view.reason, sizeof readiness->view.reason, "%s", reason);
    pthread_mutex_unlock(&readiness->lock);
    atomic_store(&readiness->phase, (int)phase);
}

void readiness_set_schema(struct readiness *readiness, const struct readiness_schema *schema)
{
    struct readiness_view *view = &readiness->view;
    pthread_mutex_lock(&readiness->lock);
    snprintf(view->schema, sizeof view->schema, "%s", schema->revision);
    snprintf(view->pending_contract, sizeof view->pending_contract, "%s", schema->pending_contract);
    view->is_schema_ahead = schema->is_ahead;
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_set_progress(struct readiness *readiness, const char *revision, int done, int total)
{
    pthread_mutex_lock(&readiness->lock);
    readiness->view.phase = PHASE_MIGRATING;
    readiness->view.steps_done = done;
    readiness->view.steps_total = total;
    snprintf(readiness->view.migrating, sizeof readiness->view.migrating, "%s", revision);
    snprintf(readiness->view.reason, sizeof readiness->view.reason, "migrating to %s", revision);
    pthread_mutex_unlock(&readiness->lock);
    atomic_store(&readiness->phase, (int)PHASE_MIGRATING);
}

void readiness_view(struct readiness *readiness, struct readiness_view *ret_view)
{
    pthread_mutex_lock(&readiness->lock);
    *ret_view = readiness->view;
    pthread_mutex_unlock(&readiness->lock);
}

bool is_serving(const struct readiness *readiness)
{
    const int phase = atomic_load_explicit(&readiness->phase, memory_order_relaxed);
    return phase == PHASE_SERVING || phase == PHASE_DRAINING;
}
