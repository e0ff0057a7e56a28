// SPDX-License-Identifier: MIT
#include "auth/domain/audit_checkpoint.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/crypto/jwt.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/keyring.h"
#include "auth/json/fields.h"
#include "auth/json/writer.h"
#include "auth/store/audit_repo.h"

#define CLAIMS_BYTES_MAX 1024u
#define KEYS_MAX         500

/* --- making ------------------------------------------------------------------------------------------------------- */

static result print_claims(struct service *service, struct task *task, const struct audit_end *end,
                           struct str *ret_claims)
{
    struct strbuf text;
    strbuf_init(&text, task->arena, 256, CLAIMS_BYTES_MAX);
    struct json_writer writer = {.out = &text};
    json_begin_object(&writer);
    json_key(&writer, "iss");
    json_string(&writer, service->policy->issuer);
    json_key(&writer, "iat");
    json_int64(&writer, task->now_ms / MS_PER_SECOND);
    json_key(&writer, "seq");
    json_int64(&writer, end->seq);
    json_key(&writer, "chain_hash");
    json_string(&writer, base64url_print(task->arena, end->hash, sizeof end->hash));
    json_end_object(&writer);
    return strbuf_finish(&text, ret_claims);
}

static struct str key_tag(const struct service *service, struct arena *arena, struct str public_key)
{
    unsigned char *tag = arena_alloc(arena, SHA256_BYTES);
    const struct str parts[] = {STR("key "), public_key};
    hmac_sha256(&service->secrets->audit_chain_key, parts, ARRAY_COUNT(parts), tag);
    return (struct str){(const char *)tag, SHA256_BYTES};
}

static result sign_end(struct service *service, struct task *task, struct audit_checkpoint *checkpoint)
{
    struct str claims;
    TRY(print_claims(service, task, &checkpoint->end, &claims));
    TRY(keyring_wake(service, task));
    return keyring_sign(service, task, JWT_CHECKPOINT, claims, &checkpoint->signature,
                        &checkpoint->public_key);
}

static result make(struct service *service, struct task *task, const struct audit_chain *chain,
                   struct audit_checkpoint *ret_checkpoint)
{
    struct audit_checkpoint checkpoint = {.end = chain->end, .at_ms = task->now_ms};
    if (!is_audit_end_right(service, chain))
        FAIL(&task->fault, INTERNAL,
             "the chain of security events was changed by somebody else: it is not signed");
    TRY(sign_end(service, task, &checkpoint));
    checkpoint.key_tag = key_tag(service, task->arena, checkpoint.public_key);
    TRY(audit_checkpoint_insert(service->db, task, &checkpoint));
    *ret_checkpoint = checkpoint;
    return RESULT_OK;
}

result audit_checkpoint_make(struct service *service, struct task *task,
                             struct audit_checkpoint *ret_checkpoint)
{
    struct audit_chain chain;
    TRY(audit_chain_find(service->db, task, &chain));
    if (chain.end.seq == 0) FAIL(&task->fault, NOT_FOUND, "there is no security event in the chain yet");
    if (chain.checkpoint_seq != chain.end.seq) return make(service, task, &chain, ret_checkpoint);
    TRY(audit_checkpoint_until(service->db, task, chain.end.seq, ret_checkpoint));
    return audit_checkpoint_verify(service, task, ret_checkpoint);
}

result audit_checkpoint_when_due(struct service *service, struct task *task, int64_t *ret_in_ms)
{
    struct audit_chain chain;
    struct audit_checkpoint made;
    *ret_in_ms = 0;
    TRY(audit_chain_find(service->db, task, &chain));
    if (chain.end.seq == chain.checkpoint_seq || !is_audit_end_right(service, &chain)) return RESULT_OK;
    const int64_t due_ms = chain.checkpoint_at_ms + service->policy->audit_checkpoint_ms;
    if (due_ms > task->now_ms) {
        *ret_in_ms = due_ms - task->now_ms;
        return RESULT_OK;
    }
    return make(service, task, &chain, &made);
}

/* --- verifying ---------------------------------------------------------------------------------------------------- */

struct said {
    struct str iss;
    int64_t iat;
    int64_t seq;
    struct str chain_hash;
};

static const struct field SAID_ROWS[] = {
    {.name = "iss", .type = FIELD_STRING, .offset = offsetof(struct said, iss)},
    {.name = "iat", .type = FIELD_INTEGER, .offset = offsetof(struct said, iat), .min = 0, .max = INT64_MAX},
    {.name = "seq",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct said, seq),
     .min = 1,
     .max = INT64_MAX},
    {.name = "chain_hash",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct said, chain_hash)},
};
static const struct fields SAID_FIELDS = {.title = "checkpoint",
                                          .rows = SAID_ROWS,
                                          .count = ARRAY_COUNT(SAID_ROWS),
                                          .size = sizeof(struct said),
                                          .ignores_unknown = true};

static result read_said(struct task *task, struct str signature, const struct jwk_set *keys,
                        struct audit_checkpoint *ret_said)
{
    struct str payload;
    struct said said;
    TRY(jws_verify(task, signature, keys, JWT_CHECKPOINT, &payload));
    const result read = fields_read_json(&SAID_FIELDS, task, payload, &said);
    if (!is_ok(read) || !base64url_decode(said.chain_hash, ret_said->end.hash, sizeof ret_said->end.hash)) {
        fault_clear(&task->fault);
        FAIL(&task->fault, INVALID_TOKEN, "what a checkpoint says is not well formed");
    }
    ret_said->end.seq = said.seq;
    ret_said->at_ms = said.iat * MS_PER_SECOND;
    return RESULT_OK;
}

/* With the key that is kept beside it, if that was one of ours. */
static result read_with(struct service *service, struct task *task, const struct audit_checkpoint *kept,
                        struct str signature, struct audit_checkpoint *ret_said)
{
    struct signing_key *key;
    const struct str tag = key_tag(service, task->arena, kept->public_key);
    if (kept->key_tag.len != tag.len || !bytes_equal(kept->key_tag.ptr, tag.ptr, tag.len))
        FAIL(&task->fault, INVALID_TOKEN, "a checkpoint was signed with a key that was never ours");
    if (!is_ok(jwk_parse(task, kept->public_key, &key)))
        FAIL(&task->fault, INVALID_TOKEN, "the key of a checkpoint is not well formed");
    const struct jwk_set keys = {.keys = {key}, .count = 1};
    const result read = read_said(task, signature, &keys, ret_said);
    signing_key_destroy(key);
    return read;
}

result audit_checkpoint_verify(struct service *service, struct task *task,
                               const struct audit_checkpoint *checkpoint)
{
    struct audit_checkpoint said;
    TRY(read_with(service, task, checkpoint, checkpoint->signature, &said));
    if (said.end.seq != checkpoint->end.seq ||
        !bytes_equal(said.end.hash, checkpoint->end.hash, sizeof said.end.hash))
        FAIL(&task->fault, INVALID_TOKEN, "a checkpoint was signed for another end");
    if (said.at_ms / MS_PER_SECOND != checkpoint->at_ms / MS_PER_SECOND)
        FAIL(&task->fault, INVALID_TOKEN, "a checkpoint was signed at another time");
    return RESULT_OK;
}

static result read_with_kept_keys(struct service *service, struct task *task, struct str signature,
                                  struct audit_checkpoint *ret_said)
{
    struct audit_checkpoint_list kept;
    TRY(audit_checkpoint_keys(service->db, task, KEYS_MAX, &kept));
    for (size_t i = 0; i < kept.count; i++) {
        if (is_ok(read_with(service, task, &kept.items[i], signature, ret_said))) return RESULT_OK;
        fault_clear(&task->fault);
    }
    FAIL(&task->fault, INVALID_TOKEN, "the checkpoint is not signed with a key of ours");
}

result audit_checkpoint_read(struct service *service, struct task *task, struct str signature,
                             struct audit_end *ret_end)
{
    SCOPED_KEYS(keys, service->keyring);
    struct audit_checkpoint said;
    const bool is_known = keys && is_ok(read_said(task, signature, keyring_verifiers(keys), &said));
    fault_clear(&task->fault);
    if (!is_known) TRY(read_with_kept_keys(service, task, signature, &said));
    *ret_end = said.end;
    return RESULT_OK;
}
