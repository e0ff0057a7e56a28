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
#include "auth/model/versions.h"

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
    struct str granter; /* scopes of who registers it */
};

/* The secret is shown once. VALIDATION_FAILED names what is wrong; CONFLICT when the id is taken. */
NODISCARD result clients_create(struct service *service, struct task *task,
                                const struct client_registration *registration, struct client *ret_client,
                                struct secret *ret_secret);

/* Which client is changed, by whom. NOT_FOUND, PRECONDITION_FAILED, or FORBIDDEN: power over this service (admin: scopes) is
 * given, taken and worked upon only by who has it. */
struct client_target {
    struct str id;
    const struct versions_expected *expected; /* NULL: any version */
    struct str granter;                       /* scopes of who changes it */
};

struct client_change {
    bool sets_name, sets_grants, sets_scopes, sets_disabled;
    struct str name;
    struct str grants;
    struct str scopes;
    bool is_disabled; /* nothing is given to it and no token of it is good until it is enabled again */
};

/* The client as it is then. */
NODISCARD result clients_update(struct service *service, struct task *task,
                                const struct client_target *target, const struct client_change *change,
                                struct client *ret_client);
/* One more secret, shown once. CONFLICT for a public client, or when there are CLIENT_SECRETS_MAX. */
NODISCARD result clients_add_secret(struct service *service, struct task *task,
                                    const struct client_target *target, struct client_secret *ret_made,
                                    struct secret *ret_secret);
/* CONFLICT for the last one. */
NODISCARD result clients_remove_secret(struct service *service, struct task *task,
                                       const struct client_target *target, struct str name);
NODISCARD result clients_delete(struct service *service, struct task *task,
                                const struct client_target *target);

/* What a secret is called: the beginning of its digest, which tells nothing of it. */
#define CLIENT_SECRET_NAME_BYTES 9u
struct str client_secret_name(struct arena *arena, const struct client_secret *secret);

#endif
