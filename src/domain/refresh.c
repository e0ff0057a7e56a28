// SPDX-License-Identifier: MIT
#include "auth/domain/refresh.h"

#include "auth/domain/audit.h"

#include <string.h>

#include "auth/crypto/refresh_token.h"
#include "auth/domain/rights.h"
#include "auth/domain/second_factor.h"
#include "auth/domain/sessions.h"

#define DEMAND_REASON "second_factor_demanded"

/* What the text of a presented token says. */
struct presented {
    struct id session_id;
    int64_t counter;
};

/* The session ends before the answer is sent. One that another request has just ended is as good. */
static result end(struct service *service, struct task *task, const struct session *session,
                  const struct audit_event *event, const char *reason)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    const result ended = session_end(tx, task, session->id, session->account_id, reason);
    if (ended.code != STATUS_NOT_FOUND) TRY(ended);
    if (is_ok(ended)) TRY(audit_note(service, tx, task, event));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &(struct id_list){&session->id, 1});
    return RESULT_OK;
}

/* RFC 9700 §4.14.2: the authorization server cannot tell which party is the attacker, so both lose. */
static result end_for_reuse(struct service *service, struct task *task, const struct session *session)
{
    TRY(end(service, task, session,
            &(struct audit_event){.type = AUDIT_REFRESH_REUSED,
                                  .account_id = session->account_id,
                                  .session_id = session->id,
                                  .client_id = session->client_id},
            "refresh_reused"));
    FAIL(&task->fault, INVALID_GRANT, "refresh token was used before; its session has been ended");
}

/* Whoever must use a second factor by now signs in anew, where it is asked for, or enrolled. */
static result end_for_demand(struct service *service, struct task *task, const struct session *session)
{
    fault_clear(&task->fault);
    TRY(end(service, task, session,
            &(struct audit_event){.type = AUDIT_SESSION_ENDED,
                                  .account_id = session->account_id,
                                  .session_id = session->id,
                                  .client_id = session->client_id,
                                  .detail = DEMAND_REASON},
            DEMAND_REASON));
    FAIL(&task->fault, INVALID_GRANT, "account must use a second factor; its session of one has been ended");
}

static result issue(struct service *service, struct task *task, const struct client *client,
                    const struct session *session, struct str scope, struct token_response *ret_response)
{
    const struct token_grant grant = {
        .kind = GRANT_REFRESH, .client = client, .session = session, .scope = scope};
    const result issued = tokens_issue(service, task, &grant, ret_response);
    return issued.code == STATUS_MFA_REQUIRED ? end_for_demand(service, task, session) : issued;
}

/* Rule G1. The child is unused exactly while the counter stands at the parent's successor. */
static bool is_within_grace(const struct service *service, const struct task *task,
                            const struct session *session, const struct presented *presented)
{
    const int64_t grace_ms = service->policy->refresh_grace_ms;
    /* A request that began before the rotation it met sees a time that lies ahead: without grace that is no excuse. */
    return grace_ms > 0 && presented->counter + 1 == session->refresh_counter &&
           task->now_ms - session->refreshed_at_ms < grace_ms;
}

/* The counter has moved on, or the session is not what the token says: a retry, a reuse or nothing of ours.
 */
static result redeem_used(struct service *service, struct task *task, const struct client *client,
                          const struct grant_request *request, const struct presented *presented,
                          struct token_response *ret_response)
{
    struct session session;
    const result found = session_find(service->db, task, presented->session_id, &session);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_GRANT, "session is not there");
    TRY(found);
    if (!is_session_alive(&session, task->now_ms))
        FAIL(&task->fault, INVALID_GRANT, "session has ended or expired");
    if (!str_equal(session.client_id, client->id))
        FAIL(&task->fault, INVALID_GRANT, "token belongs to another client");
    if (presented->counter >= session.refresh_counter)
        FAIL(&task->fault, INVALID_GRANT,
             "token is ahead of its session: restored database or changed secret");
    if (is_within_grace(service, task, &session, presented))
        return issue(service, task, client, &session, request->scope, ret_response);
    return end_for_reuse(service, task, &session);
}

/* RFC 6749 §6: the scope "MUST NOT include any scope not originally granted". Looked at before the counter moves, so that
 * a mistake does not spend the token; a token that is not the current one goes the way of all such. */
static result check_scope(struct service *service, struct task *task, const struct client *client,
                          const struct presented *presented, struct str scope)
{
    struct session session;
    if (is_empty(scope)) return RESULT_OK;
    const result found = session_find(service->db, task, presented->session_id, &session);
    if (found.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(found);
    const bool is_current =
        presented->counter == session.refresh_counter && str_equal(session.client_id, client->id);
    if (!is_current) return RESULT_OK;
    struct rights rights = {0};
    if (session.has_rights) TRY(rights_read(service->db, task, session.account_id, &rights));
    const struct str granted = scopes_of_person(service, task, client, session.scope, rights.scopes);
    if (!is_scope(scope) || !is_scope_covered(scope, granted))
        FAIL(&task->fault, INVALID_SCOPE, "scope exceeds what was granted");
    return RESULT_OK;
}

result refresh_redeem(struct service *service, struct task *task, const struct client *client,
                      const struct grant_request *request, struct token_response *ret_response)
{
    if (is_empty(request->refresh_token)) {
        fault_add_field(&task->fault, "refresh_token", "required", "must be given");
        FAIL(&task->fault, INVALID_REQUEST, "refresh_token is missing");
    }
    struct presented presented;
    const result parsed = refresh_token_parse(&service->secrets->refresh_key, request->refresh_token,
                                              &presented.session_id, &presented.counter);
    if (!is_ok(parsed)) FAIL(&task->fault, INVALID_GRANT, "refresh token is not one of ours");
    /* Before the counter moves: a client that may not, or asks for too much, must not spend the token. */
    if (!has_word(client->grants, STR("refresh_token")))
        FAIL(&task->fault, UNAUTHORIZED_CLIENT, "client may not use this grant");
    TRY(check_scope(service, task, client, &presented, request->scope));

    struct session_rotation rotation = {
        .id = presented.session_id,
        .counter = presented.counter,
        .client_id = client->id,
        .idle_expires_at_ms = task->now_ms + service->policy->session_idle_ms,
        .assured_until_ms = task->now_ms + service->policy->assured_idle_ms,
        .assured_ms = service->policy->assured_ms,
    };
    (void)refresh_token_of(service, task, presented.session_id, presented.counter, rotation.digest);
    (void)refresh_token_of(service, task, presented.session_id, presented.counter + 1, rotation.next_digest);
    struct session session;
    const result rotated = session_rotate(service->db, task, &rotation, &session);
    if (rotated.code == STATUS_NOT_FOUND)
        return redeem_used(service, task, client, request, &presented, ret_response);
    TRY(rotated);
    return issue(service, task, client, &session, request->scope, ret_response);
}

result refresh_inspect(struct service *service, struct task *task, struct str token,
                       struct session *ret_session)
{
    struct presented presented;
    TRY(refresh_token_parse(&service->secrets->refresh_key, token, &presented.session_id,
                            &presented.counter));
    struct session session;
    const result found = session_find(service->db, task, presented.session_id, &session);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_GRANT, "session is not there");
    TRY(found);
    REQUIRE(is_session_alive(&session, task->now_ms), INVALID_GRANT);
    REQUIRE(session.account_status == ACCOUNT_ACTIVE, INVALID_GRANT);
    REQUIRE(session.refresh_counter == presented.counter, INVALID_GRANT);
    struct rights rights = {0};
    if (session.has_rights) TRY(rights_read(service->db, task, session.account_id, &rights));
    REQUIRE(!second_factor_is_lacking(service, &session, &rights), INVALID_GRANT);
    *ret_session = session;
    return RESULT_OK;
}
