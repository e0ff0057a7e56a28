// SPDX-License-Identifier: MIT
#include "auth/domain/keyring.h"

#include "auth/domain/audit.h"

#include <stdlib.h>
#include <string.h>

#include "auth/base/log.h"
#include "auth/store/signing_key_repo.h"

#define RELOAD_ARENA_BYTES (256u * 1024u)
#define RELOAD_TIME_MS     INT64_C(3000)
#define SEARCH_INTERVAL_MS INT64_C(1000)
#define CLOCK_ALLOWANCE_MS \
    INT64_C(3600000) /* keys stay published this long beyond the last token they signed */
#define JWKS_BYTES_MAX (64u * 1024u)
#define JWK_BYTES_MAX  4096u

struct key_snapshot {
    unsigned holders;
    uint64_t generation;
    struct jwk_set verifiers;
    struct signing_key *keys[JWK_SET_MAX];
    int64_t active_from_ms[JWK_SET_MAX];
    struct arena *arena;
    struct str jwks;
};

struct keyring {
    struct key_snapshot *current;
    int64_t installed_at_ms; /* monotonic; of current */
    int64_t loaded_at_ms;    /* monotonic; when it was last tried */
    int64_t searched_at_ms;  /* monotonic */
    bool is_searching;
    result last_search;
};

struct keyring *keyring_create(void)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    if (!keyring) panic("out of memory");
    return keyring;
}

static void snapshot_destroy(struct key_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->verifiers.count; i++) signing_key_destroy(snapshot->keys[i]);
    arena_destroy(snapshot->arena);
    free(snapshot);
}

void keyring_release(struct key_snapshot **snapshot)
{
    struct key_snapshot *held = *snapshot;
    *snapshot = NULL;
    if (held && --held->holders == 0) snapshot_destroy(held);
}

struct key_snapshot *keyring_hold(struct keyring *keyring)
{
    if (keyring->current) keyring->current->holders++;
    return keyring->current;
}

void keyring_destroy(struct keyring *keyring)
{
    if (!keyring) return;
    keyring_release(&keyring->current);
    free(keyring);
}

bool is_keyring_loaded(const struct keyring *keyring)
{
    return keyring->current != NULL;
}

static struct str seal_context(struct task *task, struct str kid)
{
    return str_printf(task->arena, "signing_key:%.*s", STR_ARGS(kid));
}

static result open_key(struct service *service, struct task *task, const struct signing_key_record *record,
                       struct signing_key **ret_key)
{
    struct secret pkcs8;
    TRY(seal_open(task, &service->secrets->seal_ring, seal_context(task, record->kid), record->sealed_key,
                  &pkcs8));
    return signing_key_load(&task->fault, pkcs8, ret_key);
}

static result snapshot_fill(struct service *service, struct task *task, const struct signing_key_list *list,
                            struct key_snapshot *snapshot)
{
    for (size_t i = 0; i < list->count && i < JWK_SET_MAX; i++) {
        /* The newest are kept when there are too many. */
        const struct signing_key_record *record =
            &list->items[list->count > JWK_SET_MAX ? list->count - JWK_SET_MAX + i : i];
        TRY(open_key(service, task, record, &snapshot->keys[i]));
        snapshot->active_from_ms[i] = record->active_from_ms;
        snapshot->verifiers.keys[i] = snapshot->keys[i];
        snapshot->verifiers.count = i + 1;
    }
    struct strbuf text;
    strbuf_init(&text, snapshot->arena, 4096, JWKS_BYTES_MAX);
    jwk_set_print(&snapshot->verifiers, &text);
    return strbuf_finish(&text, &snapshot->jwks);
}

static void snapshot_install(struct keyring *keyring, struct key_snapshot *snapshot)
{
    const bool is_same = keyring->current && str_equal(keyring->current->jwks, snapshot->jwks);
    snapshot->generation = keyring->current ? keyring->current->generation + (is_same ? 0 : 1) : 1;
    keyring_release(&keyring->current);
    keyring->current = snapshot;
    keyring->installed_at_ms = clock_monotonic_ms();
    keyring->loaded_at_ms = keyring->installed_at_ms;
}

static result make_key(struct service *service, struct task *task, struct db *db, int64_t active_from_ms,
                       struct str *ret_kid)
{
    struct signing_key *key;
    TRY(signing_key_generate(&task->fault, service->policy->signing_algorithm, &key));
    const struct str kid = str_copy(task->arena, signing_key_id(key));
    struct secret pkcs8;
    const result serialized = signing_key_serialize(task, key, &pkcs8);
    signing_key_destroy(key);
    TRY(serialized);

    struct signing_key_record record = {
        .kid = kid,
        .algorithm = str_from(signing_algorithm_name(service->policy->signing_algorithm)),
        .created_at_ms = task->now_ms,
        .active_from_ms = active_from_ms,
    };
    TRY(seal(task, &service->secrets->seal_ring, seal_context(task, kid), pkcs8, &record.sealed_key));
    TRY(signing_key_insert(db, task, &record));
    TRY(audit_note(service, db, task, &(struct audit_event){.type = AUDIT_SIGNING_KEY_CREATED}));
    *ret_kid = kid;
    return RESULT_OK;
}

/* Two servers that start at once may make one each: both keys are good then. */
static result make_first_key(struct service *service, struct task *task)
{
    struct str kid;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(make_key(service, task, tx, task->now_ms, &kid));
    return db_commit(&tx, task);
}

result keyring_load(struct service *service, struct task *task)
{
    struct signing_key_list list;
    TRY(signing_key_list(service->db, task, &list));
    if (list.count == 0) {
        TRY(make_first_key(service, task));
        TRY(signing_key_list(service->db, task, &list));
    }
    struct key_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot) panic("out of memory");
    snapshot->holders = 1;
    snapshot->arena = arena_create(2 * JWKS_BYTES_MAX);
    const result filled = snapshot_fill(service, task, &list, snapshot);
    if (!is_ok(filled)) {
        snapshot_destroy(snapshot);
        return filled;
    }
    snapshot_install(service->keyring, snapshot);
    return RESULT_OK;
}

/* What is known goes on serving until it is stale. */
static result read_again(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    *ret_again_ms = 0;
    const result loaded = keyring_load(service, task);
    service->keyring->loaded_at_ms = clock_monotonic_ms();
    return loaded;
}

const struct background_work keyring_work = {.name = "keyring",
                                             .time_limit_ms = RELOAD_TIME_MS,
                                             .arena_bytes = RELOAD_ARENA_BYTES,
                                             .step = read_again};

void keyring_touch(struct service *service)
{
    if (clock_monotonic_ms() - service->keyring->loaded_at_ms < KEYRING_FRESH_MS) return;
    background_wake(service->key_reader, service, 0);
}

/* One fiber reads, who comes meanwhile waits for what it finds. */
static result search(struct service *service, struct task *task)
{
    struct keyring *keyring = service->keyring;
    if (!keyring->is_searching) {
        keyring->is_searching = true;
        keyring->last_search = keyring_load(service, task);
        keyring->is_searching = false;
        return keyring->last_search;
    }
    while (keyring->is_searching) fiber_sleep(1);
    return keyring->last_search;
}

result keyring_wake(struct service *service, struct task *task)
{
    const struct keyring *keyring = service->keyring;
    if (keyring->current && clock_monotonic_ms() - keyring->installed_at_ms < KEYRING_STALE_MS)
        return RESULT_OK;
    return search(service, task);
}

static uint64_t generation_of(const struct keyring *keyring)
{
    return keyring->current ? keyring->current->generation : 0;
}

result keyring_find_again(struct service *service, struct task *task, bool *ret_has_changed)
{
    struct keyring *keyring = service->keyring;
    const int64_t now_ms = clock_monotonic_ms();
    const bool is_too_soon = !keyring->is_searching && keyring->searched_at_ms != 0 &&
                             now_ms - keyring->searched_at_ms < SEARCH_INTERVAL_MS;
    const uint64_t generation = generation_of(keyring);
    if (!is_too_soon) {
        keyring->searched_at_ms = now_ms;
        TRY(search(service, task));
    }
    *ret_has_changed = generation_of(keyring) != generation;
    return RESULT_OK;
}

const struct signing_key *keyring_signer(const struct key_snapshot *snapshot, int64_t now_ms)
{
    if (!snapshot) return NULL;
    /* The list is in order of active_from_ms. */
    for (size_t i = snapshot->verifiers.count; i > 0; i--)
        if (snapshot->active_from_ms[i - 1] <= now_ms) return snapshot->keys[i - 1];
    return NULL;
}

struct signing {
    struct task *task;
    const struct signing_key *key;
    enum jwt_type type;
    struct str claims;
    struct str token;
    result outcome;
};

static void sign(void *argument)
{
    struct signing *signing = argument;
    signing->outcome = jwt_sign(signing->task, signing->key, signing->type, signing->claims, &signing->token);
}

static result print_public_key(struct task *task, const struct signing_key *key, struct str *ret_jwk)
{
    struct strbuf text;
    strbuf_init(&text, task->arena, 512, JWK_BYTES_MAX);
    jwk_print(key, &text);
    return strbuf_finish(&text, ret_jwk);
}

result keyring_sign(struct service *service, struct task *task, enum jwt_type type, struct str claims,
                    struct str *ret_token, struct str *ret_public_key)
{
    SCOPED_KEYS(keys, service->keyring);
    struct signing signing = {
        .task = task, .key = keyring_signer(keys, task->now_ms), .type = type, .claims = claims};
    if (!signing.key) FAIL(&task->fault, NOT_READY, "no signing key is active");
    /* An RSA signature takes a hundred times as long as the others: not on the loop. */
    if (signing_key_algorithm(signing.key) == SIGNING_RS256)
        TRY(offload_run(service->work, sign, &signing));
    else
        sign(&signing);
    TRY(signing.outcome);
    *ret_token = signing.token;
    return ret_public_key ? print_public_key(task, signing.key, ret_public_key) : RESULT_OK;
}

const struct jwk_set *keyring_verifiers(const struct key_snapshot *snapshot)
{
    return &snapshot->verifiers;
}

struct str keyring_jwks(const struct key_snapshot *snapshot)
{
    return snapshot->jwks;
}

uint64_t keyring_generation(const struct key_snapshot *snapshot)
{
    return snapshot->generation;
}

result keyring_rotate(struct service *service, struct task *task, bool is_immediate, struct str *ret_kid)
{
    const struct policy *policy = service->policy;
    const int64_t active_from_ms = task->now_ms + (is_immediate ? 0 : policy->key_overlap_ms);
    const int64_t remove_at_ms = active_from_ms + policy->access_token_ms + CLOCK_ALLOWANCE_MS;
    struct str kid;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(make_key(service, task, tx, active_from_ms, &kid));
    TRY(signing_key_retire_older(tx, task, kid, remove_at_ms));
    TRY(signing_key_delete_removed(tx, task));
    TRY(db_commit(&tx, task));
    TRY(keyring_load(service, task));
    *ret_kid = kid;
    return RESULT_OK;
}

enum signing_key_state signing_key_state_of(const struct signing_key_list *list, size_t index, int64_t now_ms)
{
    if (list->items[index].active_from_ms > now_ms) return SIGNING_KEY_NEXT;
    const bool is_last_active = index + 1 == list->count || list->items[index + 1].active_from_ms > now_ms;
    return is_last_active ? SIGNING_KEY_CURRENT : SIGNING_KEY_RETIRED;
}

const char *signing_key_state_name(enum signing_key_state state)
{
    static const char *const names[] = {
        [SIGNING_KEY_NEXT] = "next", [SIGNING_KEY_CURRENT] = "current", [SIGNING_KEY_RETIRED] = "retired"};
    return names[state];
}

/* One that has signed nothing is not needed for anything. */
static result find_removal(struct service *service, struct db *tx, struct task *task, struct str kid,
                           bool is_immediate, int64_t *ret_remove_at_ms)
{
    struct signing_key_list list;
    size_t index = 0;
    TRY(signing_key_list(tx, task, &list));
    while (index < list.count && !str_equal(list.items[index].kid, kid)) index++;
    REQUIRE(index < list.count, NOT_FOUND);
    const enum signing_key_state state = signing_key_state_of(&list, index, task->now_ms);
    if (state == SIGNING_KEY_CURRENT) FAIL(&task->fault, CONFLICT, "this key signs; rotate first");
    const bool is_needed = state == SIGNING_KEY_RETIRED && !is_immediate;
    *ret_remove_at_ms =
        task->now_ms + (is_needed ? service->policy->access_token_ms + CLOCK_ALLOWANCE_MS : 0);
    return RESULT_OK;
}

result keyring_retire(struct service *service, struct task *task, struct str kid, bool is_immediate)
{
    int64_t remove_at_ms;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(signing_key_hold_all(tx, task));
    TRY(find_removal(service, tx, task, kid, is_immediate, &remove_at_ms));
    TRY(signing_key_retire(tx, task, kid, remove_at_ms));
    TRY(audit_note(service, tx, task, &(struct audit_event){.type = AUDIT_SIGNING_KEY_RETIRED}));
    TRY(db_commit(&tx, task));
    return keyring_load(service, task);
}
