// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/domain/audit.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/audit_checkpoint.h"
#include "auth/domain/audit_retention.h"
#include "auth/domain/audit_verify.h"
#include "domain_fixture.h"

#define EVENTS 12

static void note(struct visitor *visitor, const struct audit_event *event)
{
    expect_code(visitor, audit_note(visitor->service, visitor->service->db, &visitor->task, event), STATUS_OK,
                "note");
}

static int64_t chain(struct visitor *visitor)
{
    int64_t count = 0;
    expect_code(visitor, audit_chain_step(visitor->service, &visitor->task, &count), STATUS_OK, "chain");
    return count;
}

static struct audit_verdict verify_with(struct visitor *visitor, const struct audit_verify_options *options)
{
    struct audit_verdict verdict = {0};
    expect_code(visitor, audit_verify(visitor->service, &visitor->task, options, &verdict), STATUS_OK,
                "verify");
    return verdict;
}

static struct audit_verdict verify(struct visitor *visitor)
{
    return verify_with(visitor, &(struct audit_verify_options){0});
}

static struct audit_checkpoint make_checkpoint(struct visitor *visitor)
{
    struct audit_checkpoint checkpoint = {0};
    expect_code(visitor, audit_checkpoint_make(visitor->service, &visitor->task, &checkpoint), STATUS_OK,
                "checkpoint");
    return checkpoint;
}

/* What the database forbids, somebody with its owner's rights may do all the same. */
static void lift_guards(struct visitor *visitor)
{
    if (visitor->fixture->engine == DB_POSTGRES) {
        tell(visitor->fixture, "ALTER TABLE audit_events DISABLE TRIGGER ALL");
        tell(visitor->fixture, "ALTER TABLE audit_checkpoints DISABLE TRIGGER ALL");
        return;
    }
    tell(visitor->fixture, "DROP TRIGGER audit_events_update");
    tell(visitor->fixture, "DROP TRIGGER audit_events_delete");
    tell(visitor->fixture, "DROP TRIGGER audit_checkpoints_update");
    tell(visitor->fixture, "DROP TRIGGER audit_checkpoints_delete");
}

/* The keys of the fixture are an event too: the first one. */
static void note_some(struct visitor *visitor)
{
    const struct audit_event event = {.type = AUDIT_LOGIN_FAILED,
                                      .account_id = id_new(visitor->task.now_ms),
                                      .client_address = STR("192.0.2.7"),
                                      .client_id = STR("auth"),
                                      .detail = "tried"};
    for (int i = 1; i < EVENTS; i++) note(visitor, &event);
    cr_expect_eq(chain(visitor), EVENTS);
    cr_expect_eq(chain(visitor), 0, "each gets one place");
}

#define DAY_MS INT64_C(86400000)

static void retain(struct visitor *visitor)
{
    struct audit_erased erased;
    expect_code(visitor, audit_retention_step(visitor->service, &visitor->task, 5, &erased), STATUS_OK,
                "retention");
}

static void addresses_age(struct visitor *visitor)
{
    static const char remembered[] = "SELECT count(*) FROM audit_events WHERE client_address IS NOT NULL";
    note_some(visitor);
    retain(visitor);
    cr_expect_eq(ask(visitor->fixture, remembered), EVENTS - 1, "never, by this policy");
    visitor->fixture->policy.audit_address_ms = 30 * DAY_MS;
    visitor_wait(visitor, 30 * DAY_MS);
    retain(visitor);
    cr_expect_eq(ask(visitor->fixture, remembered), EVENTS - 1, "not a millisecond early");
    visitor_wait(visitor, 1);
    retain(visitor);
    cr_expect_eq(ask(visitor->fixture, remembered), EVENTS - 1 - 5, "a few at a time");
    for (int i = 0; i < 3; i++) retain(visitor);
    cr_expect_eq(ask(visitor->fixture, remembered), 0);
    cr_expect_null(verify(visitor).problem);
}

Test(audit_retention, addresses_are_forgotten_by_age_and_the_chain_holds)
{
    on_each_engine(1, addresses_age);
}

static void events_age(struct visitor *visitor)
{
    note_some(visitor);
    const struct audit_checkpoint old = make_checkpoint(visitor);
    visitor_wait(visitor, 10 * DAY_MS);
    for (int i = 0; i < 3; i++) note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    cr_expect_eq(chain(visitor), 3);
    const struct audit_checkpoint young = make_checkpoint(visitor);
    visitor_wait(visitor, 80 * DAY_MS - 1);
    retain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events"), EVENTS + 3, "kept for ever");
    visitor->fixture->policy.audit_retention_ms = 90 * DAY_MS;
    retain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events"), EVENTS + 3, "not yet");
    visitor_wait(visitor, 1);
    retain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT min(seq) FROM audit_events"), 6, "the oldest first");
    cr_expect_null(verify(visitor).problem, "also half-way");
    for (int i = 0; i < 3; i++) retain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT min(seq) FROM audit_events"), EVENTS + 1,
                 "up to the checkpoint");
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_null(verdict.problem, "%s", verdict.problem);
    cr_expect_eq(verdict.first_seq, EVENTS + 1);
    cr_expect_null(verify_with(visitor, &(struct audit_verify_options){.against = &young.end}).problem);
    cr_expect_null(verify_with(visitor, &(struct audit_verify_options){.from = &old.end}).problem);
    visitor->fixture->policy.audit_retention_ms = 0;
    cr_expect_str_eq(verify(visitor).problem, "events were erased up to here that the settings keep");
}

Test(audit_retention, old_events_are_erased_up_to_a_checkpoint_and_the_rest_is_still_verified)
{
    on_each_engine(1, events_age);
}

/* Whoever has the database alone may mark a checkpoint as the beginning: the guard lets him erase what is before it. */
static void false_start(struct visitor *visitor)
{
    visitor->fixture->policy.audit_retention_ms = 90 * DAY_MS;
    note_some(visitor);
    (void)make_checkpoint(visitor);
    note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    cr_expect_eq(chain(visitor), 1);
    tell(visitor->fixture, visitor->fixture->engine == DB_POSTGRES
                               ? "UPDATE audit_checkpoints SET is_start = true"
                               : "UPDATE audit_checkpoints SET is_start = 1");
    tell(visitor->fixture, "DELETE FROM audit_events WHERE seq <= 12");
    cr_expect_str_eq(verify(visitor).problem, "events were erased up to here that the settings keep");
    lift_guards(visitor);
    tell(visitor->fixture, "UPDATE audit_checkpoints SET at_ms = 1");
    cr_expect_str_eq(verify(visitor).problem,
                     "the checkpoint events were erased up to is not signed by this service");
}

Test(audit_retention, a_young_checkpoint_cannot_be_passed_for_the_beginning)
{
    on_each_engine(1, false_start);
}
