/* connection_parts_internal.h — what connection.c and resolution.c know of each other. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_REDIS_CONNECTION_PARTS_INTERNAL_H
#define AUTH_CACHE_REDIS_CONNECTION_PARTS_INTERNAL_H

#include "connection_internal.h"

/* Looks the target's name up in an offload thread, then calls connection_start; false when it cannot. */
bool resolution_start(struct connection *connection);
/* The answer, when it comes, is for nobody. */
void resolution_forget(struct connection *connection);

/* Connects to one of the addresses; drops the connection when there is none. */
void connection_start(struct connection *connection, const struct redis_addresses *addresses);

#endif
