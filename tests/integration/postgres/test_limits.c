// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>

#include "auth/base/clock.h"
#include "db_fixture.h"

/* What waits, and for how long: timeouts, deadlines, leases, locks. */

static struct db_fixture fixture;

static void prepare(void)
{
    db_fixture_prepare(&fixture, DB_POSTGRES);
}

static void done(void)
{
    db_fixture_close(&fixture);
}

TestSuite(postgres_limits, .init = prepare, .fini = done, .timeout = 60);

static void expect_code(struct actor *actor, result outcome, enum status code, const char *detail)
{
    cr_expect(outcome.code == code, "fiber %u: %s instead of %s: %s", actor->number,
              status_name(outcome.code), status_name(code), actor->task.fault.detail);
    if (detail != NULL) {
        cr_expect(strstr(actor->task.fault.detail, detail) != NULL, "%s is not in: %s", detail,
                  actor->task.fault.detail);
    }
    fault_clear(&actor->task.fault);
}

static struct id shared_item;

static void make_shared(struct actor *actor)
{
    shared_item = id_new(actor->task.now_ms);
    expect_code(actor, item_insert(actor->db, &actor->task, shared_item, 0), STATUS_OK, NULL);
}

static void too_slow(struct actor *actor)
{
    expect_code(actor, nap(actor->db, &actor->task, 3000), STATUS_DATABASE_UNAVAILABLE, "57014");
}

Test(postgres_limits, the_statement_timeout_ends_a_slow_statement)
{
    fixture.options.statement_timeout_ms = 200;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, too_slow);
}

static void one_is_late(struct actor *actor)
{
    int64_t number = 0;
    if (actor->number == 0) {
        const int64_t begin_ms = clock_monotonic_ms();
        actor_renew(actor, 200);
        expect_code(actor, nap(actor->db, &actor->task, 800), STATUS_DATABASE_UNAVAILABLE,
                    "no answer in time");
        const int64_t took_ms = clock_monotonic_ms() - begin_ms;
        cr_expect(took_ms >= 200 && took_ms < 500, "%lld ms", (long long)took_ms);
        return;
    }
    expect_code(actor, quotient(actor->db, &actor->task, 6, 3, &number), STATUS_OK, NULL);
    cr_expect_eq(number, 2);
}

Test(postgres_limits, a_deadline_ends_one_wait_and_leaves_the_others_on_its_connection_alone)
{
    struct store_counts counts;
    fixture.options.read_connections = 1;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 30, one_is_late);
    store_counts(fixture.db, &counts);
    cr_expect_eq(counts.failures, 0);
    cr_expect_eq(counts.connections_open, 1);
}

static void holds_then_waits(struct actor *actor)
{
    struct db *tx = NULL;
    if (actor->number == 0) {
        expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK, NULL);
        expect_code(actor, item_add(tx, &actor->task, shared_item, 1), STATUS_OK, NULL);
        fiber_sleep(1000);
        expect_code(actor, db_commit(&tx, &actor->task), STATUS_OK, NULL);
        return;
    }
    fiber_sleep(200);
    const int64_t begin_ms = clock_monotonic_ms();
    if (actor->number == 1) {
        expect_code(actor, item_add(actor->db, &actor->task, shared_item, 1), STATUS_DATABASE_UNAVAILABLE,
                    "55P03");
    } else {
        const struct id id = id_new(actor->task.now_ms);
        expect_code(actor, item_insert(actor->db, &actor->task, id, 1), STATUS_OK, NULL);
    }
    cr_expect(clock_monotonic_ms() - begin_ms < 700);
}

Test(postgres_limits, a_wait_for_a_row_lock_ends_at_the_lock_timeout)
{
    fixture.options.lock_timeout_ms = 300;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, make_shared);
    db_fixture_run(&fixture, 3, holds_then_waits);
}

static unsigned leases_held;
static unsigned leases_most;

static void holds_a_lease(struct actor *actor)
{
    struct db *tx = NULL;
    int64_t number = 0;
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK, NULL);
    if (tx == NULL) return;
    leases_held++;
    if (leases_held > leases_most) leases_most = leases_held;
    expect_code(actor, item_number(tx, &actor->task, shared_item, &number), STATUS_OK, NULL);
    expect_code(actor, nap(tx, &actor->task, 20), STATUS_OK, NULL);
    leases_held--;
    if (actor->number % 3 == 0) {
        db_rollback(&tx);
    } else {
        expect_code(actor, db_commit(&tx, &actor->task), STATUS_OK, NULL);
    }
}

Test(postgres_limits, more_transactions_than_leases_take_turns)
{
    fixture.options.leases = 3;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, make_shared);
    db_fixture_run(&fixture, 40, holds_a_lease);
    cr_expect_eq(leases_most, 3);
}

static void keeps_the_lease(struct actor *actor)
{
    struct db *tx = NULL;
    if (actor->number == 0) {
        expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK, NULL);
        fiber_sleep(600);
        db_rollback(&tx);
        return;
    }
    fiber_sleep(100);
    actor_renew(actor, actor->number == 1 ? 200 : 5000);
    const result outcome = db_begin(actor->db, &actor->task, &tx);
    const bool is_late = actor->number == 1;
    expect_code(actor, outcome, is_late ? STATUS_DATABASE_UNAVAILABLE : STATUS_OK,
                is_late ? "no connection was free in time" : NULL);
    db_rollback(&tx);
}

Test(postgres_limits, who_waits_for_a_lease_leaves_the_queue_at_the_deadline)
{
    fixture.options.leases = 1;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 3, keeps_the_lease);
}

static void late_in_transaction(struct actor *actor)
{
    struct db *tx = NULL;
    int64_t number = 0;
    actor_renew(actor, 300);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK, NULL);
    expect_code(actor, item_add(tx, &actor->task, shared_item, 1), STATUS_OK, NULL);
    expect_code(actor, nap(tx, &actor->task, 600), STATUS_DATABASE_UNAVAILABLE, "no answer in time");
    db_rollback(&tx);
    actor_renew(actor, 5000);
    /* The only lease comes back when the server is done with it, with nothing of the first one left. */
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK, NULL);
    expect_code(actor, item_number(tx, &actor->task, shared_item, &number), STATUS_OK, NULL);
    cr_expect_eq(number, 0);
    expect_code(actor, db_commit(&tx, &actor->task), STATUS_OK, NULL);
}

Test(postgres_limits, a_transaction_given_up_in_the_middle_of_a_statement_is_rolled_back)
{
    struct store_counts counts;
    fixture.options.leases = 1;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, make_shared);
    db_fixture_run(&fixture, 1, late_in_transaction);
    store_counts(fixture.db, &counts);
    cr_expect_eq(counts.failures, 0);
}

static void overload(struct actor *actor)
{
    for (int i = 0; i < 8; i++) {
        int64_t number = 0;
        const result outcome = actor->number == 0 ? nap(actor->db, &actor->task, 100)
                                                  : quotient(actor->db, &actor->task, 8, 2, &number);
        expect_code(actor, outcome, STATUS_OK, NULL);
        cr_expect(actor->number == 0 || number == 4);
    }
}

Test(postgres_limits, more_statements_than_the_pipeline_holds_queue)
{
    fixture.options.read_connections = 1;
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 200, overload);
}

static void value_in_error(struct actor *actor)
{
    const struct db_value arguments[] = {db_text(STR("tell-nobody"))};
    struct db_rows rows;
    expect_code(actor, RESULT_OK, STATUS_OK, NULL);
    const result outcome = db_run(actor->db, &actor->task, &statement_bad_cast, arguments, &rows);
    cr_expect(strstr(actor->task.fault.detail, "tell-nobody") == NULL, "%s", actor->task.fault.detail);
    expect_code(actor, outcome, STATUS_INTERNAL, "22P02");
}

Test(postgres_limits, what_the_operator_is_told_holds_no_values)
{
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, value_in_error);
}

static void schema_changes(struct actor *actor)
{
    int64_t number = 0;
    struct db_rows rows;
    for (int i = 0; i < 10; i++) {
        expect_code(actor, item_number(actor->db, &actor->task, shared_item, &number), STATUS_OK, NULL);
    }
    expect_code(actor, db_run(actor->db, &actor->task, &statement_missing_table, NULL, &rows),
                STATUS_INTERNAL, "42P01");
    postgres_server_run(&fixture.server, "ALTER TABLE items ALTER COLUMN number TYPE integer;"
                                         "ALTER TABLE items ALTER COLUMN label TYPE varchar(20);"
                                         "CREATE TABLE nowhere (number bigint)");
    expect_code(actor, item_number(actor->db, &actor->task, shared_item, &number), STATUS_OK, NULL);
    expect_code(actor, item_add(actor->db, &actor->task, shared_item, -3), STATUS_OK, NULL);
    expect_code(actor, item_number(actor->db, &actor->task, shared_item, &number), STATUS_OK, NULL);
    cr_expect_eq(number, -3);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_missing_table, NULL, &rows), STATUS_OK,
                NULL);
}

Test(postgres_limits, statements_prepared_before_a_change_of_the_schema_work_after_it)
{
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, make_shared);
    db_fixture_run(&fixture, 1, schema_changes);
}

static void write_on_standby(struct actor *actor)
{
    int64_t number = 0;
    struct store_counts counts;
    const struct id id = id_new(actor->task.now_ms);
    expect_code(actor, item_insert(actor->db, &actor->task, id, 1), STATUS_DATABASE_UNAVAILABLE, "25006");
    expect_code(actor, quotient(actor->db, &actor->task, 4, 2, &number), STATUS_OK, NULL);
    fiber_sleep(50);
    store_counts(actor->db, &counts);
    cr_expect_eq(counts.failures, 1);
}

Test(postgres_limits, a_server_that_takes_no_writes_is_left_for_another)
{
    char uri[512];
    snprintf(uri, sizeof uri, "%.*s options='-c default_transaction_read_only=on'",
             STR_ARGS(fixture.options.uri));
    fixture.options.uri = str_from(uri);
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, write_on_standby);
}

static void busy_then_idle(struct actor *actor)
{
    static const char latest[] =
        "SELECT extract(epoch FROM max(state_change)) * 1000000 FROM pg_stat_activity"
        " WHERE application_name = 'auth'";
    expect_code(actor, item_insert(actor->db, &actor->task, id_new(actor->task.now_ms), 1), STATUS_OK, NULL);
    expect_code(actor, store_ping(actor->db, &actor->task), STATUS_OK, NULL);
    const long long before = postgres_server_ask(&fixture.server, latest);
    fiber_sleep(4000);
    cr_expect(before > 0);
    cr_expect_eq(postgres_server_ask(&fixture.server, latest), before);
}

Test(postgres_limits, an_idle_program_sends_nothing)
{
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, busy_then_idle);
}
