// SPDX-License-Identifier: MIT
#include "auth/domain/service.h"

#include "auth/crypto/digest.h"

void service_secrets_derive(const struct key256 *server_secret, struct service_secrets *ret_secrets)
{
    *ret_secrets = (struct service_secrets){.seal_ring.count = 1};
    seal_key_derive(server_secret, &ret_secrets->seal_ring.keys[0]);
    key_derive(server_secret, "refresh token tag v1", &ret_secrets->refresh_key);
    key_derive(server_secret, "throttle name v1", &ret_secrets->throttle_key);
    key_derive(server_secret, "one-time code v1", &ret_secrets->code_key);
    key_derive(server_secret, "cache name v1", &ret_secrets->cache_key);
    key_derive(server_secret, "page cursor v1", &ret_secrets->cursor_key);
    key_derive(server_secret, "idempotency key v1", &ret_secrets->idempotency_key);
    key_derive(server_secret, "audit address v1", &ret_secrets->audit_address_key);
    key_derive(server_secret, "audit chain v1", &ret_secrets->audit_chain_key);
    key_derive(server_secret, "device token v1", &ret_secrets->device_key);
}

void service_secrets_wipe(struct service_secrets *secrets)
{
    wipe(secrets, sizeof *secrets);
}
