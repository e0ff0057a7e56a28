/* listener_internal.h — the socket a server accepts on.
 * Note:    Unix sockets are made 0660 and cannot be bound twice, so loops of one process share one.
 * Errors:  BAD_REQUEST with the reason.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_LISTENER_INTERNAL_H
#define AUTH_HTTP_LISTENER_INTERNAL_H

#include "auth/base/arena.h"
#include "auth/base/fault.h"
#include "auth/base/str.h"

struct listener {
    int fd; /* -1: closed */
    bool is_unix;
    struct str address; /* as bound, in the arena given */
};

/* "host:port", "[v6]:port" or "unix:/path". */
NODISCARD result listener_open(struct str address, bool reuse_port, struct arena *arena, struct fault *fault,
                               struct listener *ret_listener);
/* The last user of a Unix socket removes its file. Accepts a closed one. */
void listener_close(struct listener *listener);

#endif
