/* clients.h — OAuth clients and how they prove who they are.
 * Shape:   the first-party client (policy.client_id) is built in: public, refresh only. The others are rows.
 * Errors:  INVALID_CLIENT, the same for unknown, disabled, wrong secret and missing secret.
 * Waits:   not when the client is in the near cache.
 * Source:  RFC 6749 §2.3, RFC 9700 §2.5.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_CLIENTS_H
#define AUTH_DOMAIN_CLIENTS_H

#include "auth/domain/service.h"
#include "auth/model/client.h"

#define CLIENT_ID_MAX     64u
#define CLIENT_NAME_MAX   100u
#define CLIENT_GRANTS_MAX 128u
#define CLIENT_SCOPES_MAX 512u

/* What a client presented; empty where it presented nothing. */
struct client_credentials {
    struct str id;
    struct secret secret;
};

NODISCARD result clients_authenticate(struct service *service, struct task *task,
                                      const struct client_credentials *credentials,
                                      struct client *ret_client);
/* The built-in one; the empty text names it, too. */
bool is_first_party(const struct service *service, struct str id);
/* NOT_FOUND for unknown and disabled ones. */
NODISCARD result clients_find(struct service *service, struct task *task, struct str id,
                              struct client *ret_client);

struct client_registration {
    struct str id; /* empty: one is made */
    struct str name;
    bool is_confidential;
    struct str grants;
    struct str scopes;
};

/* The secret is shown once. VALIDATION_FAILED names what is wrong; CONFLICT when the id is taken. */
NODISCARD result clients_create(struct service *service, struct task *task,
                                const struct client_registration *registration, struct client *ret_client,
                                struct secret *ret_secret);
NODISCARD result clients_delete(struct service *service, struct task *task, struct str id);

#endif
