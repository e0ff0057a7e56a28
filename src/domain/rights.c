// SPDX-License-Identifier: MIT
#include "auth/domain/rights.h"

#include <string.h>

#include "auth/base/strbuf.h"
#include "auth/domain/scopes.h"
#include "auth/store/rights_repo.h"

#define RIGHTS_STATE_VERSION 2u
#define RIGHTS_TEXT_MAX      2000u
#define LIST_FIRST_BYTES     128u
#define LIST_BYTES_MAX       ((size_t)256 * 1024) /* a thousand names */
#define EMAIL_BYTES_ROOM     256u

/* As the cache keeps it: only as much of the text as there is. */
struct rights_state {
    unsigned char version;
    bool is_active;
    bool has_any; /* roles or groups: what the generation is about */
    unsigned short email_len, groups_len, roles_len, scopes_len, claims_len;
    int64_t generation;
    char text[RIGHTS_TEXT_MAX];
};

_Static_assert(sizeof(struct rights_state) <= CACHE_VALUE_MAX, "what is remembered must fit into the cache");

#define STATE_HEAD_BYTES offsetof(struct rights_state, text)

static struct str account_name(const struct id *account_id)
{
    return (struct str){(const char *)account_id->bytes, sizeof account_id->bytes};
}

/* No account's name: those have sixteen bytes. */
static struct str generation_name(void)
{
    return STR("generation");
}

static void add_item(struct strbuf *list, struct str item, char separator)
{
    if (list->len > 0) strbuf_add_char(list, separator);
    strbuf_add(list, item);
}

/* Each word once. What does not fit is left out: who has too much loses some, and gains nothing. */
static void add_scopes(struct strbuf *list, struct str scopes)
{
    while (!is_empty(scopes)) {
        const struct str word = str_split(&scopes, ' ');
        const size_t needed = word.len + (list->len > 0);
        if (is_empty(word) || has_word(strbuf_str(list), word) || list->len + needed > RIGHTS_SCOPES_MAX)
            continue;
        add_item(list, word, ' ');
    }
}

static struct rights rights_of(struct task *task, const struct rights_record *record)
{
    struct strbuf groups, roles, scopes;
    strbuf_init(&groups, task->arena, LIST_FIRST_BYTES, LIST_BYTES_MAX);
    strbuf_init(&roles, task->arena, LIST_FIRST_BYTES, LIST_BYTES_MAX);
    strbuf_init(&scopes, task->arena, LIST_FIRST_BYTES, RIGHTS_SCOPES_MAX + 1u);
    for (size_t i = 0; i < record->group_count; i++) add_item(&groups, record->groups[i], ',');
    for (size_t i = 0; i < record->role_count; i++) {
        const struct rights_role *role = &record->roles[i];
        add_item(&roles, role->name, ',');
        add_scopes(&scopes, role_scopes(role->name, role->scopes));
    }
    return (struct rights){
        .is_active = record->status == ACCOUNT_ACTIVE,
        .email = record->email,
        .groups = strbuf_str(&groups),
        .roles = strbuf_str(&roles),
        .scopes = strbuf_str(&scopes),
        .claims = record->claims,
    };
}

static result read_now(struct db *db, struct task *task, struct id account_id, struct rights *ret_rights,
                       int64_t *ret_generation)
{
    struct rights_record record;
    TRY(rights_find_record(db, task, account_id, &record));
    *ret_rights = rights_of(task, &record);
    *ret_generation = record.generation;
    return RESULT_OK;
}

result rights_read(struct db *db, struct task *task, struct id account_id, struct rights *ret_rights)
{
    int64_t generation;
    return read_now(db, task, account_id, ret_rights, &generation);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static result generation_find(struct service *service, struct task *task, int64_t *ret_generation)
{
    int64_t generation;
    size_t size = sizeof generation;
    const bool is_remembered =
        cache_get(service->cache, task, CACHE_RIGHTS, generation_name(), &generation, &size);
    if (!is_remembered || size != sizeof generation) {
        TRY(rights_find_generation(service->db, task, &generation));
        cache_offer(service->cache, CACHE_RIGHTS, generation_name(),
                    (struct str){(const char *)&generation, sizeof generation},
                    service->policy->session_cache_ms);
    }
    *ret_generation = generation;
    return RESULT_OK;
}

static bool state_from_cache(struct service *service, struct task *task, const struct id *account_id,
                             struct rights_state *ret_state)
{
    size_t size = sizeof *ret_state;
    if (!cache_get(service->cache, task, CACHE_RIGHTS, account_name(account_id), ret_state, &size))
        return false;
    return size >= STATE_HEAD_BYTES && ret_state->version == RIGHTS_STATE_VERSION &&
           size == STATE_HEAD_BYTES + ret_state->email_len + ret_state->groups_len + ret_state->roles_len +
                       ret_state->scopes_len + ret_state->claims_len;
}

static void rights_from_state(const struct rights_state *state, struct rights *ret_rights)
{
    const char *text = state->text;
    *ret_rights = (struct rights){.is_active = state->is_active, .email = {text, state->email_len}};
    text += state->email_len;
    ret_rights->groups = (struct str){text, state->groups_len};
    text += state->groups_len;
    ret_rights->roles = (struct str){text, state->roles_len};
    text += state->roles_len;
    ret_rights->scopes = (struct str){text, state->scopes_len};
    text += state->scopes_len;
    ret_rights->claims = (struct str){text, state->claims_len};
}

static void put(struct rights_state *state, size_t *used, struct str text, unsigned short *ret_len)
{
    if (text.len > 0) memcpy(state->text + *used, text.ptr, text.len);
    *used += text.len;
    *ret_len = (unsigned short)text.len;
}

static bool fits(const struct rights *rights)
{
    return rights->email.len + rights->groups.len + rights->roles.len + rights->scopes.len +
               rights->claims.len <=
           RIGHTS_TEXT_MAX;
}

/* Who belongs to so many groups, or has so many claims, that they do not fit is read anew each time. */
static void remember(struct service *service, struct id account_id, const struct rights *rights,
                     int64_t generation, struct rights_state *state)
{
    size_t used = 0;
    if (!fits(rights)) return;
    *state = (struct rights_state){.version = RIGHTS_STATE_VERSION,
                                   .is_active = rights->is_active,
                                   .has_any = !is_empty(rights->groups) || !is_empty(rights->roles),
                                   .generation = generation};
    put(state, &used, rights->email, &state->email_len);
    put(state, &used, rights->groups, &state->groups_len);
    put(state, &used, rights->roles, &state->roles_len);
    put(state, &used, rights->scopes, &state->scopes_len);
    put(state, &used, rights->claims, &state->claims_len);
    cache_offer(service->cache, CACHE_RIGHTS, account_name(&account_id),
                (struct str){(const char *)state, STATE_HEAD_BYTES + used},
                service->policy->session_cache_ms);
}

result rights_find(struct service *service, struct task *task, struct id account_id,
                   struct rights *ret_rights)
{
    struct rights_state *state = arena_alloc(task->arena, sizeof *state);
    int64_t generation;
    if (state_from_cache(service, task, &account_id, state)) {
        rights_from_state(state, ret_rights);
        /* Who has no role and no group is not in what a change of those is about. */
        if (!state->has_any) return RESULT_OK;
        TRY(generation_find(service, task, &generation));
        if (generation == state->generation) return RESULT_OK;
    }
    TRY(read_now(service->db, task, account_id, ret_rights, &generation));
    remember(service, account_id, ret_rights, generation, arena_alloc(task->arena, sizeof *state));
    return RESULT_OK;
}

void rights_deny(struct service *service, struct task *task, struct id account_id)
{
    cache_deny(service->cache, task, CACHE_RIGHTS, account_name(&account_id));
}

result rights_advance(struct db *db, struct task *task)
{
    return rights_advance_generation(db, task);
}

void rights_deny_all(struct service *service, struct task *task)
{
    cache_deny(service->cache, task, CACHE_RIGHTS, generation_name());
}

struct str rights_narrow(struct task *task, struct str scopes, struct str now)
{
    if (is_empty(scopes)) return STR_NONE;
    struct strbuf kept;
    strbuf_init(&kept, task->arena, scopes.len + 1u, scopes.len + 1u);
    while (!is_empty(scopes)) {
        const struct str word = str_split(&scopes, ' ');
        if (!is_empty(word) && has_scope(now, word)) add_item(&kept, word, ' ');
    }
    return strbuf_str(&kept);
}

bool rights_are_first(const struct rights_record *before)
{
    return before->group_count == 0 && before->role_count == 0 && is_empty(before->claims);
}
