// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "db_fixture.h"

/* The server away, silent, or back again. */

#define FIBERS      64u
#define LOAD_MS     5000
#define CRASH_AT_MS 800
#define AWAY_MS     400
#define ANSWER_MS   3000
#define IN_ORDER_MS 5000

static struct db_fixture fixture;

static void prepare(void)
{
    db_fixture_prepare(&fixture, DB_POSTGRES);
}

static void done(void)
{
    db_fixture_close(&fixture);
}

TestSuite(postgres_loss, .init = prepare, .fini = done, .timeout = 60);

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void expect_code(struct actor *actor, result outcome, enum status code)
{
    cr_expect(outcome.code == code, "fiber %u: %s instead of %s: %s", actor->number,
              status_name(outcome.code), status_name(code), actor->task.fault.detail);
    fault_clear(&actor->task.fault);
}

/* Of each fiber: what it wrote, and what it was told about it. */
struct ledger {
    struct id item;
    int64_t acknowledged;
    int64_t unknown;
};

static struct ledger ledgers[FIBERS];
static int64_t started_ms;
static int64_t last_failure_ms;
static int64_t longest_ms;

static result one_transaction(struct actor *actor, struct id item)
{
    SCOPED_TX(tx);
    TRY(db_begin(actor->db, &actor->task, &tx));
    TRY(item_add(tx, &actor->task, item, 1));
    return db_commit(&tx, &actor->task);
}

static void work_once(struct actor *actor, struct ledger *ledger)
{
    int64_t number = 0;
    const int64_t begin_ms = clock_monotonic_ms();
    actor_renew(actor, 10000);
    const bool is_leased = actor->number % 4 == 0;
    const result wrote =
        is_leased ? one_transaction(actor, ledger->item) : item_add(actor->db, &actor->task, ledger->item, 1);
    const int64_t took_ms = clock_monotonic_ms() - begin_ms;
    if (took_ms > longest_ms) longest_ms = took_ms;
    if (is_ok(wrote)) {
        ledger->acknowledged++;
    } else {
        ledger->unknown++;
        last_failure_ms = clock_monotonic_ms();
        expect_code(actor, wrote, STATUS_DATABASE_UNAVAILABLE);
        fiber_sleep(5);
    }
    const result answer = item_number(actor->db, &actor->task, ledger->item, &number);
    if (is_ok(answer)) {
        cr_expect(number >= ledger->acknowledged && number <= ledger->acknowledged + ledger->unknown);
    } else {
        expect_code(actor, answer, STATUS_DATABASE_UNAVAILABLE);
    }
}

static void make_ledger(struct actor *actor)
{
    ledgers[actor->number] = (struct ledger){.item = id_new(actor->task.now_ms)};
    expect_code(actor, item_insert(actor->db, &actor->task, ledgers[actor->number].item, 0), STATUS_OK);
}

static void work(struct actor *actor)
{
    while (clock_monotonic_ms() < started_ms + LOAD_MS) work_once(actor, &ledgers[actor->number]);
}

static void check_ledger(struct actor *actor)
{
    int64_t number = 0;
    const struct ledger *ledger = &ledgers[actor->number];
    expect_code(actor, item_number(actor->db, &actor->task, ledger->item, &number), STATUS_OK);
    cr_expect(number >= ledger->acknowledged && number <= ledger->acknowledged + ledger->unknown,
              "%lld written, %lld acknowledged, %lld unknown", (long long)number,
              (long long)ledger->acknowledged, (long long)ledger->unknown);
    cr_expect(ledger->acknowledged > 0);
}

/* The server's parent must live as long as the server, so the thread stays until the test is over. */
struct saboteur {
    pthread_t thread;
    sem_t is_over;
    void (*act)(void);
};

static void *saboteur_thread(void *argument)
{
    struct saboteur *saboteur = argument;
    pause_ms(CRASH_AT_MS);
    saboteur->act();
    sem_wait(&saboteur->is_over);
    return NULL;
}

static void run_under(void (*act)(void))
{
    struct saboteur saboteur = {.act = act};
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, FIBERS, make_ledger);
    started_ms = clock_monotonic_ms();
    sem_init(&saboteur.is_over, 0, 0);
    pthread_create(&saboteur.thread, NULL, saboteur_thread, &saboteur);
    db_fixture_run(&fixture, FIBERS, work);
    db_fixture_run(&fixture, FIBERS, check_ledger);
    postgres_server_crash(&fixture.server);
    sem_post(&saboteur.is_over);
    pthread_join(saboteur.thread, NULL);
    cr_expect(last_failure_ms > started_ms, "the loss was not noticed at all");
    cr_expect(last_failure_ms < started_ms + CRASH_AT_MS + AWAY_MS + IN_ORDER_MS - 2000);
    cr_expect(longest_ms < ANSWER_MS, "an answer took %lld ms", (long long)longest_ms);
}

static void crash_and_restart(void)
{
    postgres_server_crash(&fixture.server);
    pause_ms(AWAY_MS);
    postgres_server_restart(&fixture.server);
}

Test(postgres_loss, a_crash_under_load_loses_no_acknowledged_write_and_no_fiber)
{
    run_under(crash_and_restart);
}

static void terminate_backends(void)
{
    for (int i = 0; i < 10; i++) {
        postgres_server_run(&fixture.server,
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
        pause_ms(20);
    }
}

Test(postgres_loss, terminated_connections_under_load_are_made_again)
{
    run_under(terminate_backends);
}

static void cut_while_idle(struct actor *actor)
{
    int64_t number = 0;
    struct store_counts counts;
    expect_code(actor, quotient(actor->db, &actor->task, 4, 2, &number), STATUS_OK);
    terminate_backends();
    fiber_sleep(50);
    expect_code(actor, quotient(actor->db, &actor->task, 6, 2, &number), STATUS_OK);
    cr_expect_eq(number, 3);
    store_counts(actor->db, &counts);
    cr_expect_eq(counts.reconnects, 1);
}

Test(postgres_loss, a_connection_cut_while_idle_costs_no_request)
{
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, cut_while_idle);
}

static void silent_server(struct actor *actor)
{
    int64_t number = 0;
    struct db *tx = NULL;
    int64_t begin_ms;
    expect_code(actor, item_insert(actor->db, &actor->task, id_new(actor->task.now_ms), 1), STATUS_OK);
    expect_code(actor, quotient(actor->db, &actor->task, 4, 2, &number), STATUS_OK);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
    expect_code(actor, item_insert(tx, &actor->task, id_new(actor->task.now_ms), 1), STATUS_OK);
    fiber_sleep(500); /* so that all have come as far */
    if (actor->number == 0) postgres_server_pause(&fixture.server);
    fiber_sleep(50);
    actor_renew(actor, 60000);
    begin_ms = clock_monotonic_ms();
    expect_code(actor, db_commit(&tx, &actor->task), STATUS_DATABASE_UNAVAILABLE);
    cr_expect(clock_monotonic_ms() - begin_ms < ANSWER_MS);
    begin_ms = clock_monotonic_ms();
    expect_code(actor, quotient(actor->db, &actor->task, 4, 2, &number), STATUS_DATABASE_UNAVAILABLE);
    cr_expect(clock_monotonic_ms() - begin_ms < ANSWER_MS);
    begin_ms = clock_monotonic_ms();
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_DATABASE_UNAVAILABLE);
    cr_expect(clock_monotonic_ms() - begin_ms < ANSWER_MS);
}

static void again_in_order(struct actor *actor)
{
    const int64_t begin_ms = clock_monotonic_ms();
    result outcome = RESULT(INTERNAL);
    while (!is_ok(outcome) && clock_monotonic_ms() < begin_ms + IN_ORDER_MS) {
        int64_t number = 0;
        actor_renew(actor, 5000);
        outcome = quotient(actor->db, &actor->task, 4, 2, &number);
        if (is_ok(outcome)) outcome = one_transaction(actor, ledgers[0].item);
        if (outcome.code == STATUS_NOT_FOUND) outcome = RESULT_OK;
        fiber_sleep(20);
    }
    expect_code(actor, outcome, STATUS_OK);
}

Test(postgres_loss, a_server_that_falls_silent_is_answered_for_within_three_seconds)
{
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 8, silent_server);
    postgres_server_resume(&fixture.server);
    db_fixture_run(&fixture, 8, again_in_order);
}

static void absent_server(struct actor *actor)
{
    int64_t number = 0;
    struct db *tx = NULL;
    const int64_t begin_ms = clock_monotonic_ms();
    expect_code(actor, quotient(actor->db, &actor->task, 4, 2, &number), STATUS_DATABASE_UNAVAILABLE);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_DATABASE_UNAVAILABLE);
    expect_code(actor, store_ping(actor->db, &actor->task), STATUS_DATABASE_UNAVAILABLE);
    cr_expect(clock_monotonic_ms() - begin_ms < 1000);
}

Test(postgres_loss, a_server_absent_at_the_start_is_waited_for_by_use)
{
    postgres_server_crash(&fixture.server);
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, FIBERS, absent_server);
    postgres_server_restart(&fixture.server);
    db_fixture_run(&fixture, 8, again_in_order);
}

static void lost_under_a_lease(struct actor *actor)
{
    struct db *tx = NULL;
    expect_code(actor, item_insert(actor->db, &actor->task, ledgers[0].item = id_new(1), 0), STATUS_OK);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
    expect_code(actor, item_add(tx, &actor->task, ledgers[0].item, 1), STATUS_OK);
    terminate_backends();
    fiber_sleep(50);
    expect_code(actor, item_add(tx, &actor->task, ledgers[0].item, 1), STATUS_DATABASE_UNAVAILABLE);
    db_rollback(&tx);
    expect_code(actor, one_transaction(actor, ledgers[0].item), STATUS_OK);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
    expect_code(actor, item_add(tx, &actor->task, ledgers[0].item, 1), STATUS_OK);
    terminate_backends();
    expect_code(actor, db_commit(&tx, &actor->task), STATUS_DATABASE_UNAVAILABLE);
    int64_t number = 0;
    expect_code(actor, item_number(actor->db, &actor->task, ledgers[0].item, &number), STATUS_OK);
    cr_expect_eq(number, 1);
}

Test(postgres_loss, a_transaction_does_not_go_on_on_another_connection)
{
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, lost_under_a_lease);
}
