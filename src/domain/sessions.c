// SPDX-License-Identifier: MIT
#include "auth/domain/sessions.h"

#include "auth/domain/audit.h"
#include "auth/domain/rights.h"

#include <string.h>

#define USER_AGENT_BYTES_MAX 256u
#define NOTICED_ROWS         500

static struct str cache_name(const struct id *id)
{
    return (struct str){(const char *)id->bytes, sizeof id->bytes};
}

static struct str cut(struct str text, size_t max)
{
    return (struct str){text.ptr, text.len < max ? text.len : max};
}

/* A header field may hold any bytes; what is stored and shown is printable ASCII. */
static struct str printable(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i] : '?';
    return (struct str){copy, text.len};
}

struct str device_name(struct task *task, const struct device *device)
{
    return printable(task->arena, cut(device->user_agent, USER_AGENT_BYTES_MAX));
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

int64_t sessions_assured_until(const struct service *service, struct str amr, int64_t now_ms)
{
    if (!has_word(amr, STR("mfa"))) return 0;
    return now_ms + earlier(service->policy->assured_ms, service->policy->assured_idle_ms);
}

struct session sessions_draft(const struct service *service, struct task *task, const struct sign_in *sign_in,
                              const struct client *client)
{
    const struct account *account = sign_in->account;
    const struct policy *policy = service->policy;
    const int64_t expires_at_ms = task->now_ms + policy->session_ms;
    return (struct session){
        .id = id_new(task->now_ms),
        .account_id = account->id,
        .client_id = client->id,
        .scope = client->scopes,
        .amr = sign_in->amr,
        .created_at_ms = task->now_ms,
        .authenticated_at_ms = task->now_ms,
        .refreshed_at_ms = task->now_ms,
        .idle_expires_at_ms = earlier(task->now_ms + policy->session_idle_ms, expires_at_ms),
        .expires_at_ms = expires_at_ms,
        .client_address = sign_in->device.address,
        .user_agent = device_name(task, &sign_in->device),
        .assured_until_ms = sessions_assured_until(service, sign_in->amr, task->now_ms),
        .account_status = ACCOUNT_ACTIVE,
        .account_email = account->email,
        .has_rights = true, /* not known: to be looked up */
    };
}

result sessions_begin(struct service *service, struct db *db, struct task *task,
                      const struct session *session, struct id_list *ret_ended)
{
    unsigned char digest[REFRESH_DIGEST_BYTES];
    (void)refresh_token_of(service, task, session->id, session->refresh_counter, digest);
    TRY(session_insert(db, task, session, digest));
    return session_end_oldest(db, task, session->account_id, service->policy->sessions_per_account,
                              "too_many", ret_ended);
}

/* From the cache only what this version wrote and what is whole. */
static bool state_from_cache(struct service *service, struct task *task, const struct id *id,
                             struct session_state *ret_state)
{
    size_t size = sizeof *ret_state;
    if (!cache_get(service->cache, task, CACHE_SESSION, cache_name(id), ret_state, &size)) return false;
    return size == sizeof *ret_state && ret_state->version == SESSION_STATE_VERSION &&
           ret_state->email_len <= sizeof ret_state->email;
}

static void state_from_session(const struct session *session, int64_t now_ms, struct session_state *ret_state)
{
    memset(ret_state, 0, sizeof *ret_state);
    ret_state->version = SESSION_STATE_VERSION;
    ret_state->is_active = is_session_alive(session, now_ms) && session->account_status == ACCOUNT_ACTIVE;
    ret_state->has_rights = session->has_rights;
    ret_state->account_id = session->account_id;
    ret_state->expires_at_ms = earlier(session->idle_expires_at_ms, session->expires_at_ms);
    const struct str email = cut(session->account_email, sizeof ret_state->email);
    ret_state->email_len = (unsigned)email.len;
    memcpy(ret_state->email, email.ptr, email.len);
}

result sessions_check(struct service *service, struct task *task, struct id session_id,
                      struct session_state *ret_state)
{
    const bool is_remembered = state_from_cache(service, task, &session_id, ret_state);
    /* What has expired by memory may have been refreshed since. */
    if (!is_remembered || ret_state->expires_at_ms <= task->now_ms) {
        struct session session;
        const result found = session_find(service->db, task, session_id, &session);
        if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_TOKEN, "session is not there");
        TRY(found);
        state_from_session(&session, task->now_ms, ret_state);
        cache_offer(service->cache, CACHE_SESSION, cache_name(&session_id),
                    (struct str){(const char *)ret_state, sizeof *ret_state},
                    service->policy->session_cache_ms);
    }
    if (!ret_state->is_active)
        FAIL(&task->fault, INVALID_TOKEN, "session has ended or account is not active");
    if (ret_state->expires_at_ms <= task->now_ms) FAIL(&task->fault, INVALID_TOKEN, "session has expired");
    return RESULT_OK;
}

result sessions_notice_rights(struct service *service, struct task *task, struct id account_id)
{
    struct session_list list;
    struct id before = {{0}};
    do {
        TRY(session_list_page(service->db, task, account_id, before, NOTICED_ROWS, &list));
        for (size_t i = 0; i < list.count; i++)
            cache_deny(service->cache, task, CACHE_SESSION, cache_name(&list.items[i].id));
        if (list.count > 0) before = list.items[list.count - 1].id;
    } while (list.count == NOTICED_ROWS);
    return RESULT_OK;
}

void sessions_deny(struct service *service, struct task *task, const struct id_list *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        cache_deny(service->cache, task, CACHE_SESSION, cache_name(&ids->items[i]));
}

result sessions_end(struct service *service, struct task *task, struct id session_id, struct id account_id,
                    const char *reason)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(session_end(tx, task, session_id, account_id, reason));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_SESSION_ENDED,
                                         .account_id = account_id,
                                         .session_id = session_id,
                                         .detail = reason}));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &(struct id_list){&session_id, 1});
    return RESULT_OK;
}

result sessions_end_all(struct service *service, struct task *task, struct id account_id, struct id kept_id,
                        const char *reason)
{
    struct id_list ended;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(session_end_all(tx, task, account_id, kept_id, reason, &ended));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_SESSIONS_ENDED,
                                         .account_id = account_id,
                                         .session_id = kept_id,
                                         .detail = reason}));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    return RESULT_OK;
}

result sessions_commit_ending(struct service *service, struct db **tx, struct task *task,
                              struct id account_id, const struct account_ending *ending)
{
    struct id_list ended;
    TRY(session_end_all(*tx, task, account_id, (struct id){{0}}, ending->reason, &ended));
    TRY(audit_note(service, *tx, task,
                   &(struct audit_event){.type = ending->event, .account_id = account_id}));
    TRY(db_commit(tx, task));
    sessions_deny(service, task, &ended);
    rights_deny(service, task, account_id);
    return RESULT_OK;
}
