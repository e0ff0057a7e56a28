// SPDX-License-Identifier: MIT
#include "auth/domain/devices.h"

#include <arpa/inet.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/domain/audit.h"
#include "auth/domain/notices.h"

#define IPV4_NETWORK_BYTES 3u /* /24 */
#define IPV6_NETWORK_BYTES 8u /* /64 */

/* What the text of a token holds. */
struct token_content {
    unsigned char account_id[ID_BYTES];
    unsigned char device_id[DEVICE_ID_BYTES];
    unsigned char tag[DEVICE_TOKEN_TAG_BYTES];
};

_Static_assert(sizeof(struct token_content) == 48u, "without gaps");
_Static_assert(DEVICE_TOKEN_TEXT_MAX == sizeof DEVICE_TOKEN_PREFIX - 1u + 64u, "the header names the size");

static void tag_of(const struct service *service, const struct token_content *content,
                   unsigned char ret_tag[DEVICE_TOKEN_TAG_BYTES])
{
    unsigned char tag[SHA256_BYTES];
    const struct str parts[] = {STR("token"),
                                {(const char *)content->account_id, sizeof content->account_id},
                                {(const char *)content->device_id, sizeof content->device_id}};
    hmac_sha256(&service->secrets->device_key, parts, ARRAY_COUNT(parts), tag);
    memcpy(ret_tag, tag, DEVICE_TOKEN_TAG_BYTES);
}

static void set_key(struct known_device *device, const unsigned char account_id[ID_BYTES])
{
    memcpy(device->key.account_id.bytes, account_id, ID_BYTES);
    sha256((struct str){(const char *)device->id, sizeof device->id}, device->key.digest);
}

static bool parse(const struct service *service, struct secret token, struct known_device *ret_device)
{
    struct token_content content;
    unsigned char tag[DEVICE_TOKEN_TAG_BYTES];
    const struct str text = secret_expose(token);
    const struct str prefix = STR(DEVICE_TOKEN_PREFIX);
    if (!str_starts_with(text, prefix)) return false;
    if (!base64url_decode(str_from_offset(text, prefix.len), &content, sizeof content)) return false;
    tag_of(service, &content, tag);
    if (!bytes_equal(tag, content.tag, sizeof tag)) return false;
    memcpy(ret_device->id, content.device_id, sizeof ret_device->id);
    set_key(ret_device, content.account_id);
    return true;
}

static struct secret print(struct service *service, struct task *task, const struct known_device *device)
{
    struct token_content content;
    memcpy(content.account_id, device->key.account_id.bytes, sizeof content.account_id);
    memcpy(content.device_id, device->id, sizeof content.device_id);
    tag_of(service, &content, content.tag);
    char *text = arena_alloc(task->arena, DEVICE_TOKEN_TEXT_MAX + 1u);
    const size_t prefix_len = sizeof DEVICE_TOKEN_PREFIX - 1u;
    memcpy(text, DEVICE_TOKEN_PREFIX, prefix_len);
    base64url_encode(&content, sizeof content, text + prefix_len);
    return (struct secret){(unsigned char *)text, DEVICE_TOKEN_TEXT_MAX};
}

/* An address changes within its network, and a person keeps the device. */
static struct str network_of(struct task *task, struct str address)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    if (is_empty(address) || address.len >= sizeof text) return STR_NONE;
    memcpy(text, address.ptr, address.len);
    text[address.len] = '\0';
    const bool is_four = inet_pton(AF_INET, text, bytes) == 1;
    if (!is_four && inet_pton(AF_INET6, text, bytes) != 1) return STR_NONE;
    return str_copy(task->arena,
                    (struct str){(const char *)bytes, is_four ? IPV4_NETWORK_BYTES : IPV6_NETWORK_BYTES});
}

/* The same for the same account, program and network: who keeps no token does not fill the table. */
static void device_by_looks(struct service *service, struct task *task, const struct sign_in *sign_in,
                            struct known_device *ret_device)
{
    unsigned char looks[SHA256_BYTES];
    const struct id *account_id = &sign_in->account->id;
    const struct str parts[] = {STR("looks"),
                                {(const char *)account_id->bytes, sizeof account_id->bytes},
                                network_of(task, sign_in->device.address),
                                STR("/"),
                                sign_in->device.user_agent};
    hmac_sha256(&service->secrets->device_key, parts, ARRAY_COUNT(parts), looks);
    memcpy(ret_device->id, looks, sizeof ret_device->id);
    set_key(ret_device, account_id->bytes);
}

result devices_recognise(struct service *service, struct task *task, struct secret token,
                         struct str email_key, struct known_device *ret_device)
{
    struct known_device device = {0};
    *ret_device = device;
    if (token.len == 0 || service->policy->device_ms == 0 || !parse(service, token, &device))
        return RESULT_OK;
    const result found = known_device_find(service->db, task, &device.key, email_key,
                                           task->now_ms - service->policy->device_ms);
    if (found.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(found);
    device.is_known = true;
    *ret_device = device;
    return RESULT_OK;
}

/* In the transaction of a sign-in that has made the device known. */
static result tell_of_new(struct service *service, struct db *tx, struct task *task,
                          const struct sign_in *sign_in)
{
    struct device_counts counts;
    const struct account *account = sign_in->account;
    TRY(known_device_count(tx, task, account->id, &counts));
    if (counts.devices > DEVICES_PER_ACCOUNT)
        TRY(known_device_prune(tx, task, account->id, DEVICES_PER_ACCOUNT));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_DEVICE_ADDED,
                                         .account_id = account->id,
                                         .client_address = sign_in->device.address}));
    /* This session is there already: nobody was ever signed in. Were devices alone looked at, who forgets them all would not
     * be told of the next one. */
    if (counts.devices <= 1 && counts.sessions <= 1) return RESULT_OK;
    return notice_enqueue(
        service, tx, task, account,
        &(struct notice){.kind = MAIL_NEW_DEVICE, .device = &sign_in->device, .detail = STR_NONE});
}

result devices_note(struct service *service, struct db *tx, struct task *task, const struct sign_in *sign_in,
                    const struct known_device *known, struct secret *ret_token)
{
    struct known_device device = *known;
    bool is_new;
    *ret_token = (struct secret){0};
    if (service->policy->device_ms == 0) return RESULT_OK;
    if (!device.is_known) device_by_looks(service, task, sign_in, &device);
    TRY(known_device_see(tx, task, &device.key, task->now_ms - service->policy->device_ms, &is_new));
    if (is_new) TRY(tell_of_new(service, tx, task, sign_in));
    *ret_token = print(service, task, &device);
    return RESULT_OK;
}

result devices_forget(struct db *tx, struct task *task, struct id account_id)
{
    return known_device_forget_all(tx, task, account_id);
}

/* --- by the owner ------------------------------------------------------------------------------------------------- */

result devices_list(struct service *service, struct task *task, struct id account_id,
                    struct device_list *ret_list)
{
    return known_device_list(service->db, task, account_id, task->now_ms - service->policy->device_ms,
                             DEVICES_PER_ACCOUNT, ret_list);
}

static result note_forgotten(struct service *service, struct db *tx, struct task *task,
                             const struct device_owner *owner, struct str subject)
{
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = AUDIT_DEVICE_FORGOTTEN,
                                            .account_id = owner->account_id,
                                            .session_id = owner->session_id,
                                            .client_address = owner->client_address,
                                            .subject = subject});
}

result devices_forget_one(struct service *service, struct task *task, const struct device_owner *owner,
                          struct id device_id)
{
    char text[ID_TEXT_SIZE];
    id_print(device_id, text);
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(known_device_forget(tx, task, owner->account_id, device_id));
    TRY(note_forgotten(service, tx, task, owner, str_printf(task->arena, "device:%s", text)));
    return db_commit(&tx, task);
}

result devices_forget_own(struct service *service, struct task *task, const struct device_owner *owner)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(known_device_forget_all(tx, task, owner->account_id));
    TRY(note_forgotten(service, tx, task, owner, STR("device:all")));
    return db_commit(&tx, task);
}
