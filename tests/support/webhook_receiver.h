/* webhook_receiver.h — a server on this machine that notes what webhooks send, and answers by the path: /good, /bad, /gone,
 * /away (elsewhere), /talks (more than anybody reads), /stalls (before the end), /busy (for an hour), /bold (for years), anything else not at all.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_WEBHOOK_RECEIVER_H
#define AUTH_TESTS_WEBHOOK_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/base/id.h"

#define RECEIVED_MAX 512u

struct received {
    char path[32];
    char id[ID_TEXT_SIZE];
    long long seq;
    bool has_two_signatures;
};

extern struct received requests[RECEIVED_MAX];
extern _Atomic size_t request_count; /* written by the receiver's thread alone */

void webhook_receiver_start(void);
void webhook_receiver_stop(void);
/* Without a path. */
const char *webhook_receiver_url(void);

#endif
