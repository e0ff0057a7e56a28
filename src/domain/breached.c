// SPDX-License-Identifier: MIT
#include "auth/domain/breached.h"

#include "auth/crypto/breached_file.h"

/* What a worker thread looks up; in the arena of the task, whose fiber is parked meanwhile. */
struct lookup {
    const struct breached_file *file;
    unsigned char digest[BREACHED_DIGEST_BYTES];
    bool is_found;
    result outcome;
};

static void lookup_run(void *argument)
{
    struct lookup *lookup = argument;
    lookup->outcome = breached_file_find(lookup->file, lookup->digest, &lookup->is_found);
}

static result look_in_file(struct service *service, struct task *task, struct lookup *lookup)
{
    TRY(offload_run(service->work, lookup_run, lookup));
    if (!is_ok(lookup->outcome))
        FAIL(&task->fault, INTERNAL,
             "the file of breached passwords has changed since the start, or is damaged");
    return RESULT_OK;
}

result breached_check(struct service *service, struct task *task, struct secret normal, bool *ret_is_breached)
{
    struct lookup *lookup = arena_alloc(task->arena, sizeof *lookup);
    lookup->file = service->breached_file;
    breached_digest(normal, lookup->digest);
    if (lookup->file) TRY(look_in_file(service, task, lookup));
    *ret_is_breached = lookup->is_found;
    return RESULT_OK;
}
