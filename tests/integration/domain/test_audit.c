// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/accounts.h"
#include "auth/domain/audit.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/audit_checkpoint.h"
#include "auth/domain/audit_query.h"
#include "auth/domain/audit_verify.h"
#include "auth/domain/keyring.h"
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

/* --- what was changed is found ------------------------------------------------------------------------------------ */

struct tampering {
    const char *sql;
    const char *undo;
    const char *problem;
    int64_t bad_seq;
};

#define SWAP                                                                                               \
    "UPDATE audit_events SET seq = CASE seq WHEN -4 THEN 5 ELSE 4 END, chain_hash = (SELECT k.chain_hash " \
    "FROM kept_events AS k WHERE k.seq = CASE audit_events.seq WHEN -4 THEN 5 ELSE 4 END) WHERE seq < 0"
#define CHANGED "the event was changed, moved or put in"
#define UNDO    "UPDATE audit_events SET "

static const struct tampering TAMPERINGS[] = {
    {UNDO "type = 'login.succeeded' WHERE seq = 7", UNDO "type = 'login.failed' WHERE seq = 7", CHANGED, 7},
    {UNDO "at_ms = at_ms + 1 WHERE seq = 2", UNDO "at_ms = at_ms - 1 WHERE seq = 2", CHANGED, 2},
    {UNDO "account_id = NULL WHERE seq = 12",
     UNDO "account_id = (SELECT account_id FROM kept_events WHERE seq = 12) WHERE seq = 12", CHANGED, 12},
    {UNDO "session_id = id WHERE seq = 3", UNDO "session_id = NULL WHERE seq = 3", CHANGED, 3},
    {UNDO "detail = 'tries' WHERE seq = 3", UNDO "detail = 'tried' WHERE seq = 3", CHANGED, 3},
    {UNDO "actor = 'command' WHERE seq = 3", UNDO "actor = NULL WHERE seq = 3", CHANGED, 3},
    {UNDO "subject = '' WHERE seq = 3", UNDO "subject = NULL WHERE seq = 3",
     "the event is not one this service writes", 3},
    {UNDO "at_ms = 999999999999999 WHERE seq = 3",
     UNDO "at_ms = (SELECT at_ms FROM kept_events WHERE seq = 3) WHERE seq = 3",
     "the event is not one this service writes", 3},
    {UNDO "client_address = '192.0.2.8' WHERE seq = 9", UNDO "client_address = '192.0.2.7' WHERE seq = 9",
     "the address of the event was changed", 9},
    {UNDO "address_digest = NULL, client_address = NULL WHERE seq = 9",
     UNDO "client_address = '192.0.2.7', address_digest = (SELECT address_digest FROM kept_events "
          "WHERE seq = 9) WHERE seq = 9",
     CHANGED, 9},
    {"DELETE FROM audit_events WHERE seq = 5",
     "INSERT INTO audit_events SELECT * FROM kept_events WHERE seq = 5", "an event is missing", 5},
    {"DELETE FROM audit_events WHERE seq = 1",
     "INSERT INTO audit_events SELECT * FROM kept_events WHERE seq = 1", "an event is missing", 1},
    {"DELETE FROM audit_events WHERE seq = 12",
     "INSERT INTO audit_events SELECT * FROM kept_events WHERE seq = 12", "an event is missing", 12},
    {UNDO "seq = 13 WHERE seq = 12", UNDO "seq = 12 WHERE seq = 13", "an event is missing", 12},
    {UNDO "seq = NULL, chain_hash = NULL WHERE seq = 4",
     UNDO "seq = 4, chain_hash = (SELECT chain_hash FROM kept_events WHERE seq = 4) WHERE seq IS NULL",
     "an event is missing", 4},
    {"UPDATE audit_chain SET last_seq = 11", "UPDATE audit_chain SET last_seq = 12",
     "an event stands behind the end of the chain", 12},
    {"UPDATE audit_chain SET last_seq = 13", "UPDATE audit_chain SET last_seq = 12", "an event is missing",
     13},
    {"UPDATE audit_chain SET last_hash = (SELECT chain_hash FROM audit_events WHERE seq = 3)",
     "UPDATE audit_chain SET last_hash = (SELECT chain_hash FROM audit_events WHERE seq = 12)",
     "the end of the chain is not one this service has made", 12},
    {"UPDATE audit_chain SET last_tag = last_hash",
     "UPDATE audit_chain SET last_tag = (SELECT tag FROM kept_tag)",
     "the end of the chain is not one this service has made", 12},
};

static void expect_found(struct visitor *visitor, const struct tampering *tampering)
{
    tell(visitor->fixture, tampering->sql);
    const struct audit_verdict verdict = verify(visitor);
    cr_expect(verdict.problem && strcmp(verdict.problem, tampering->problem) == 0, "engine %d: %s: %s",
              (int)visitor->fixture->engine, tampering->sql, verdict.problem ? verdict.problem : "not found");
    cr_expect_eq(verdict.bad_seq, tampering->bad_seq, "%s: at %lld", tampering->sql,
                 (long long)verdict.bad_seq);
    tell(visitor->fixture, tampering->undo);
    const struct audit_verdict again = verify(visitor);
    cr_expect_null(again.problem, "%s undone: %s", tampering->sql, again.problem);
}

/* Two events change places, hashes and all. */
static void expect_swap_found(struct visitor *visitor)
{
    tell(visitor->fixture, "UPDATE audit_events SET seq = -seq, chain_hash = NULL WHERE seq IN (4, 5)");
    tell(visitor->fixture, SWAP);
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_str_eq(verdict.problem ? verdict.problem : "", CHANGED);
    cr_expect_eq(verdict.bad_seq, 4);
}

static void tampered(struct visitor *visitor)
{
    note_some(visitor);
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_null(verdict.problem, "%s", verdict.problem);
    cr_expect_eq(verdict.events, EVENTS);
    cr_expect_eq(verdict.good_seq, EVENTS);
    lift_guards(visitor);
    tell(visitor->fixture, "CREATE TABLE kept_events AS SELECT * FROM audit_events");
    tell(visitor->fixture, "CREATE TABLE kept_tag AS SELECT last_tag AS tag FROM audit_chain");
    for (size_t i = 0; i < ARRAY_COUNT(TAMPERINGS); i++) expect_found(visitor, &TAMPERINGS[i]);
    expect_swap_found(visitor);
}

Test(audit, whatever_is_changed_removed_inserted_or_moved_is_found_at_its_place)
{
    on_each_engine(1, tampered);
}

/* --- who knows how to chain, but not the secret ------------------------------------------------------------------- */

static void forged(struct visitor *visitor)
{
    struct service_secrets theirs;
    const struct key256 guess = {{9}};
    note_some(visitor);
    const struct audit_checkpoint kept = make_checkpoint(visitor);
    lift_guards(visitor);
    /* All of it chained anew, as anybody can who reads the documentation. */
    const struct service_secrets *ours = visitor->service->secrets;
    service_secrets_derive(&guess, &theirs);
    tell(visitor->fixture, "UPDATE audit_events SET seq = NULL, chain_hash = NULL, client_address = NULL");
    tell(visitor->fixture, "UPDATE audit_events SET detail = 'forged' WHERE type = 'login.failed'");
    if (visitor->fixture->engine == DB_POSTGRES)
        tell(visitor->fixture, "UPDATE audit_chain SET last_seq = 0, last_tag = NULL, last_hash = "
                               "decode(repeat('00', 32), 'hex')");
    else
        tell(visitor->fixture,
             "UPDATE audit_chain SET last_seq = 0, last_tag = NULL, last_hash = zeroblob(32)");
    visitor->service->secrets = &theirs;
    cr_expect_eq(chain(visitor), EVENTS);
    visitor->service->secrets = ours;
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_str_eq(verdict.problem, "the chain is not the one that was signed here");
    cr_expect_eq(verdict.bad_seq, EVENTS);
    tell(visitor->fixture, "DELETE FROM audit_checkpoints");
    cr_expect_str_eq(verify(visitor).problem, "the end of the chain is not one this service has made");
    /* The chain goes on, and what was wrong stays wrong. */
    note(visitor, &(struct audit_event){.type = AUDIT_ACCOUNT_LOCKED});
    cr_expect_eq(chain(visitor), 1);
    const struct audit_verdict after = verify(visitor);
    cr_expect_str_eq(after.problem, "the end of the chain is not one this service has made");
    cr_expect_eq(after.bad_seq, EVENTS + 1);
    struct audit_checkpoint none;
    expect_code(visitor, audit_checkpoint_make(visitor->service, &visitor->task, &none), STATUS_INTERNAL,
                "what is not ours is not signed");
    const struct audit_verify_options against = {.against = &kept.end};
    cr_expect_str_eq(verify_with(visitor, &against).problem,
                     "the chain is not the one of the given checkpoint");
}

Test(audit, a_chain_made_anew_without_the_server_secret_is_found_and_never_signed)
{
    on_each_engine(1, forged);
}

static void cut_off(struct visitor *visitor)
{
    note_some(visitor);
    tell(visitor->fixture, "CREATE TABLE kept_chain AS SELECT * FROM audit_chain");
    for (int i = 0; i < 3; i++) note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    cr_expect_eq(chain(visitor), 3);
    const struct audit_checkpoint kept = make_checkpoint(visitor);
    struct audit_end end;
    expect_code(visitor, audit_checkpoint_read(visitor->service, &visitor->task, kept.signature, &end),
                STATUS_OK, "ours");
    cr_expect_eq(end.seq, EVENTS + 3);
    lift_guards(visitor);
    /* The end is put back to an earlier one, whose tag is right. */
    tell(visitor->fixture, "DELETE FROM audit_events WHERE seq > 12");
    tell(visitor->fixture,
         "UPDATE audit_chain SET last_seq = 12, last_hash = (SELECT last_hash FROM kept_chain),"
         " last_tag = (SELECT last_tag FROM kept_chain)");
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_str_eq(verdict.problem, "the end was cut off: there is a checkpoint behind it");
    cr_expect_eq(verdict.bad_seq, EVENTS + 1);
    tell(visitor->fixture, "DELETE FROM audit_checkpoints");
    cr_expect_null(verify(visitor).problem, "nothing here knows of it any more");
    const struct audit_verdict against =
        verify_with(visitor, &(struct audit_verify_options){.against = &end});
    cr_expect_str_eq(against.problem, "the end was cut off: the given checkpoint stands behind it");
    cr_expect_eq(against.bad_seq, EVENTS + 1);
    const struct audit_verdict from = verify_with(visitor, &(struct audit_verify_options){.from = &end});
    cr_expect_str_eq(from.problem, "the event of the given checkpoint is missing");
}

Test(audit, an_end_that_was_cut_off_is_found_by_a_checkpoint_kept_elsewhere)
{
    on_each_engine(1, cut_off);
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

static void checkpoints(struct visitor *visitor)
{
    struct str kid;
    struct audit_end end;
    struct audit_checkpoint early;
    expect_code(visitor, audit_checkpoint_make(visitor->service, &visitor->task, &early), STATUS_NOT_FOUND,
                "nothing to sign");
    note_some(visitor);
    const struct audit_checkpoint first = make_checkpoint(visitor);
    cr_expect(str_equal(make_checkpoint(visitor).signature, first.signature), "one for one end");
    note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    expect_code(visitor, keyring_rotate(visitor->service, &visitor->task, true, &kid), STATUS_OK, "rotate");
    tell(visitor->fixture, "DELETE FROM signing_keys WHERE remove_at_ms IS NOT NULL");
    expect_code(visitor, keyring_load(visitor->service, &visitor->task), STATUS_OK, "load");
    cr_expect_eq(chain(visitor), 2);
    const struct audit_checkpoint second = make_checkpoint(visitor);
    cr_expect(!str_equal(first.public_key, second.public_key), "another key");
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_null(verdict.problem, "%s", verdict.problem);
    cr_expect_eq(verdict.checkpoints, 2, "also the one of a key that is gone");
    expect_code(visitor, audit_checkpoint_read(visitor->service, &visitor->task, first.signature, &end),
                STATUS_OK, "signed with a key that is gone");
    cr_expect_eq(end.seq, EVENTS);
    const struct audit_verdict from = verify_with(visitor, &(struct audit_verify_options){.from = &end});
    cr_expect_null(from.problem, "%s", from.problem);
    cr_expect_eq(from.events, 2, "only what came after");
    expect_code(visitor, audit_checkpoint_read(visitor->service, &visitor->task, STR("eyJh.b.c"), &end),
                STATUS_INVALID_TOKEN, "nonsense");
    lift_guards(visitor);
    tell(visitor->fixture, "UPDATE audit_checkpoints SET key_tag = chain_hash WHERE seq = 12");
    cr_expect_str_eq(verify(visitor).problem, "the checkpoint here is not signed by this service");
    expect_code(visitor, audit_checkpoint_read(visitor->service, &visitor->task, first.signature, &end),
                STATUS_INVALID_TOKEN, "a key that was never ours");
}

Test(audit, checkpoints_stay_verifiable_when_their_key_is_gone_and_no_other_key_counts)
{
    on_each_engine(1, checkpoints);
}

static void schedule(struct visitor *visitor)
{
    int64_t in_ms;
    visitor->fixture->policy.audit_checkpoint_ms = 3600000;
    note_some(visitor);
    expect_code(visitor, audit_checkpoint_when_due(visitor->service, &visitor->task, &in_ms), STATUS_OK,
                "the first one at once");
    cr_expect_eq(in_ms, 0);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_checkpoints"), 1);
    note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    cr_expect_eq(chain(visitor), 1);
    visitor_wait(visitor, 1000000);
    expect_code(visitor, audit_checkpoint_when_due(visitor->service, &visitor->task, &in_ms), STATUS_OK,
                "not yet");
    cr_expect_eq(in_ms, 2600000, "%lld", (long long)in_ms);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_checkpoints"), 1);
    visitor_wait(visitor, 2600000);
    expect_code(visitor, audit_checkpoint_when_due(visitor->service, &visitor->task, &in_ms), STATUS_OK,
                "now");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_checkpoints"), 2);
    visitor_wait(visitor, 3600000);
    expect_code(visitor, audit_checkpoint_when_due(visitor->service, &visitor->task, &in_ms), STATUS_OK,
                "nothing has come");
    cr_expect_eq(in_ms, 0);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_checkpoints"), 2);
}

Test(audit, the_chain_is_signed_on_a_schedule_while_events_come)
{
    on_each_engine(1, schedule);
}

/* --- events without a place --------------------------------------------------------------------------------------- */

static void pending(struct visitor *visitor)
{
    const struct audit_verify_options takes = {.takes_pending = true};
    note_some(visitor);
    for (int i = 0; i < 3; i++) note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    const struct audit_verdict before = verify(visitor);
    cr_expect_null(before.problem, "%s", before.problem);
    cr_expect_eq(before.events, EVENTS);
    cr_expect_eq(before.pending, 3);
    const struct audit_verdict after = verify_with(visitor, &takes);
    cr_expect_null(after.problem, "%s", after.problem);
    cr_expect_eq(after.events, EVENTS + 3);
    cr_expect_eq(after.good_seq, EVENTS + 3);
    cr_expect_eq(after.pending, 0);
    /* What is wrong is left as it was found. */
    note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
    lift_guards(visitor);
    tell(visitor->fixture, "UPDATE audit_events SET type = 'account.locked' WHERE seq = 4");
    const struct audit_verdict wrong = verify_with(visitor, &takes);
    cr_expect_eq(wrong.bad_seq, 4);
    cr_expect_eq(wrong.pending, 1);
    cr_expect_eq(ask(visitor->fixture, "SELECT max(seq) FROM audit_events"), EVENTS + 3);
}

Test(audit, a_chain_that_is_right_is_given_what_waits_and_one_that_is_wrong_is_left_alone)
{
    on_each_engine(1, pending);
}

/* --- at once ------------------------------------------------------------------------------------------------------ */

/* Half of them write, half of them chain. */
static void crowd(struct visitor *visitor)
{
    int64_t count;
    for (int i = 0; i < 10; i++) {
        if (visitor->number % 2 == 0) {
            note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED});
            continue;
        }
        const result chained = audit_chain_step(visitor->service, &visitor->task, &count);
        if (chained.code == STATUS_CONFLICT) fault_clear(&visitor->task.fault);
        cr_expect(is_ok(chained) || chained.code == STATUS_CONFLICT, "%s", visitor->task.fault.detail);
        fiber_sleep(1);
    }
}

static void finish_crowd(struct visitor *visitor)
{
    while (chain(visitor) > 0) continue;
    const struct audit_verdict verdict = verify(visitor);
    cr_expect_null(verdict.problem, "%s", verdict.problem);
    cr_expect_eq(verdict.events, 101);
    cr_expect_eq(verdict.pending, 0);
}

Test(audit, events_that_are_written_and_chained_at_once_each_get_one_place)
{
    for (int engine = 0; engine < (int)DB_ENGINE_COUNT; engine++) {
        struct domain_fixture *fixture = calloc(1, sizeof *fixture);
        domain_fixture_open(fixture, (enum db_engine)engine);
        domain_fixture_run(fixture, 20, crowd);
        domain_fixture_run(fixture, 1, finish_crowd);
        domain_fixture_close(fixture);
        free(fixture);
    }
}

/* --- texts and addresses ------------------------------------------------------------------------------------------ */

/* OWASP ASVS 16.4.1: what is written cannot break a line of any reader. */
static void injected(struct visitor *visitor)
{
    struct audit_page page;
    visitor->task.actor = STR("account:\r\nforged: yes\x1b[2J\x7f\xc2\x85 \xff\xfe \xc3\xa9");
    note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED,
                                        .client_id = STR("\r\n\r\ndata: {}"),
                                        .subject = STR("group:\xe2\x82\xac\x01\xed\xa0\x80")});
    char long_text[600];
    memset(long_text, 'x', sizeof long_text);
    note(visitor,
         &(struct audit_event){.type = AUDIT_LOGIN_FAILED, .subject = {long_text, sizeof long_text}});
    cr_expect_eq(chain(visitor), 3);
    const struct audit_filter filter = {.after = 1, .count = 10};
    expect_code(visitor, audit_events_find(visitor->service, &visitor->task, &filter, &page), STATUS_OK,
                "find");
    cr_expect_eq(page.count, 2);
    cr_expect(str_equal(page.items[0].actor, STR("account:??forged: yes?[2J??? ?? \xc3\xa9")), "%.*s",
              STR_ARGS(page.items[0].actor));
    cr_expect(str_equal(page.items[0].client_id, STR("????data: {}")));
    cr_expect(str_equal(page.items[0].subject, STR("group:\xe2\x82\xac????")), "%.*s",
              STR_ARGS(page.items[0].subject));
    cr_expect_eq(page.items[1].subject.len, 256);
    cr_expect_null(verify(visitor).problem);
}

Test(audit, control_characters_and_broken_texts_never_enter_an_event)
{
    on_each_engine(1, injected);
}

static void forgotten(struct visitor *visitor)
{
    note_some(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(DISTINCT address_digest) FROM audit_events"), EVENTS - 1,
                 "the same address has another digest in each event");
    tell(visitor->fixture, "UPDATE audit_events SET client_address = NULL");
    cr_expect_null(verify(visitor).problem, "addresses are forgotten without breaking the chain");
}

Test(audit, an_address_can_be_forgotten)
{
    on_each_engine(1, forgotten);
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

static size_t found(struct visitor *visitor, struct audit_filter filter, int64_t *ret_first)
{
    struct audit_page page = {0};
    if (filter.count == 0) filter.count = 100;
    expect_code(visitor, audit_events_find(visitor->service, &visitor->task, &filter, &page), STATUS_OK,
                "find");
    *ret_first = page.count > 0 ? page.items[0].seq : 0;
    return page.count;
}

static void looked_up(struct visitor *visitor)
{
    int64_t first;
    const int64_t began_ms = visitor->task.now_ms;
    const struct id ada = id_new(1), eve = id_new(2);
    note(visitor, &(struct audit_event){.type = AUDIT_ACCOUNT_CREATED, .account_id = ada});
    visitor_wait(visitor, 3 * INT64_C(86400000));
    note(visitor, &(struct audit_event){.type = AUDIT_LOGIN_FAILED, .account_id = eve});
    note(visitor,
         &(struct audit_event){.type = AUDIT_LOGIN_FAILED, .account_id = ada, .actor = STR("key:1")});
    cr_expect_eq(found(visitor, (struct audit_filter){.type = STR("login.failed")}, &first), 0,
                 "no place, not seen");
    cr_expect_eq(chain(visitor), 4);
    cr_expect_eq(found(visitor, (struct audit_filter){0}, &first), 4);
    cr_expect_eq(first, 1);
    cr_expect_eq(found(visitor, (struct audit_filter){.is_newest_first = true, .count = 2}, &first), 2);
    cr_expect_eq(first, 4);
    cr_expect_eq(found(visitor, (struct audit_filter){.is_newest_first = true, .before = 3}, &first), 2);
    cr_expect_eq(first, 2);
    cr_expect_eq(found(visitor, (struct audit_filter){.account_id = ada}, &first), 2);
    cr_expect_eq(
        found(visitor, (struct audit_filter){.account_id = ada, .type = STR("login.failed")}, &first), 1);
    cr_expect_eq(first, 4);
    cr_expect_eq(
        found(visitor, (struct audit_filter){.type = STR("login.failed"), .is_newest_first = true}, &first),
        2);
    cr_expect_eq(first, 4);
    cr_expect_eq(found(visitor, (struct audit_filter){.actor = STR("key:1")}, &first), 1);
    cr_expect_eq(found(visitor, (struct audit_filter){.client_id = STR("none")}, &first), 0);
    cr_expect_eq(found(visitor, (struct audit_filter){.since_ms = began_ms + 1}, &first), 2);
    cr_expect_eq(found(visitor, (struct audit_filter){.until_ms = began_ms + 1}, &first), 2);
    cr_expect_eq(found(visitor, (struct audit_filter){.since_ms = visitor->task.now_ms + 1}, &first), 0);
    cr_expect_eq(found(visitor, (struct audit_filter){.until_ms = 1}, &first), 0);
}

Test(audit, events_are_found_by_type_account_client_actor_and_time_both_ways)
{
    on_each_engine(1, looked_up);
}
