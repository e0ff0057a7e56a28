// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "auth/loop/fiber.h"
#include "connection_parts_internal.h"

/* Lives as long as its fiber, which may be longer than the connection. */
struct resolution {
    struct fiber_job job;
    struct connection *connection; /* NULL when nobody is interested any more */
    const struct redis_target *target;
    struct redis_addresses addresses;
};

static void look_up(void *argument)
{
    struct resolution *resolution = argument;
    redis_resolve(resolution->target->host, resolution->target->port, &resolution->addresses);
}

static void resolution_run(struct fiber_job *job)
{
    struct resolution *resolution = CONTAINER_OF(job, struct resolution, job);
    const bool is_done = is_ok(offload_run(resolution->target->resolver, look_up, resolution));
    if (!is_done) resolution->addresses.count = 0;
}

static void resolution_ended(struct fiber_job *job)
{
    struct resolution *resolution = CONTAINER_OF(job, struct resolution, job);
    struct connection *connection = resolution->connection;
    if (connection) {
        connection->resolution = NULL;
        connection->addresses = resolution->addresses;
        connection_start(connection, &connection->addresses);
    }
    free(resolution);
}

bool resolution_start(struct connection *connection)
{
    struct resolution *resolution = calloc(1, sizeof *resolution);
    if (!resolution) return false;
    resolution->job = (struct fiber_job){.run = resolution_run, .ended = resolution_ended};
    resolution->connection = connection;
    resolution->target = connection->target;
    connection->resolution = resolution;
    if (is_ok(fiber_start(&resolution->job))) return true;
    connection->resolution = NULL;
    free(resolution);
    return false;
}

void resolution_forget(struct connection *connection)
{
    if (!connection->resolution) return;
    connection->resolution->connection = NULL;
    connection->resolution = NULL;
}
