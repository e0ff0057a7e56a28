// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db_fixture.h"

/* The promises of db.h, held to every engine. */
static const enum db_engine engines[] = {DB_POSTGRES, DB_SQLITE};

static void on_each_engine(unsigned fibers, void (*body)(struct actor *actor))
{
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        struct db_fixture fixture;
        db_fixture_prepare(&fixture, engines[i]);
        db_fixture_open(&fixture);
        db_fixture_run(&fixture, fibers, body);
        db_fixture_close(&fixture);
    }
}

static void expect_code(struct actor *actor, result outcome, enum status code)
{
    cr_expect(outcome.code == code, "engine %d: %s instead of %s: %s", (int)db_engine(actor->db),
              status_name(outcome.code), status_name(code), actor->task.fault.detail);
    fault_clear(&actor->task.fault);
}

static void wrong_arguments(struct actor *actor)
{
    const struct id id = id_new(actor->task.now_ms);
    struct db_rows rows;
    const struct db_value null_key[] = {db_null()};
    const struct db_value text_for_id[] = {db_text(STR("x"))};
    const struct db_value not_utf8[] = {db_text(STR("\xff"))};
    const struct db_value with_nul[] = {db_text((struct str){"a\0b", 3})};
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_by_id, null_key, &rows),
                STATUS_INTERNAL);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_by_id, text_for_id, &rows),
                STATUS_INTERNAL);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_bad_cast, not_utf8, &rows),
                STATUS_INTERNAL);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_bad_cast, with_nul, &rows),
                STATUS_INTERNAL);
    expect_code(actor, item_insert(actor->db, &actor->task, id, 1), STATUS_OK);
}

Test(db, arguments_of_another_type_or_not_text_are_refused)
{
    on_each_engine(1, wrong_arguments);
}

static void wrong_answers(struct actor *actor)
{
    const struct id id = id_new(actor->task.now_ms);
    const struct db_value key[] = {db_id(&id)};
    struct db_rows rows;
    expect_code(actor, item_insert(actor->db, &actor->task, id, 1), STATUS_OK);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_label_is_text, key, &rows),
                STATUS_INTERNAL);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_wrong_type, NULL, &rows), STATUS_INTERNAL);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_missing_table, NULL, &rows),
                STATUS_INTERNAL);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_wide, NULL, &rows), STATUS_INTERNAL);
}

Test(db, answers_that_are_not_as_declared_are_bugs)
{
    on_each_engine(1, wrong_answers);
}

static void collisions(struct actor *actor)
{
    const struct id id = id_new(actor->task.now_ms);
    const struct id nobody = id_new(actor->task.now_ms);
    const struct db_value child[] = {db_id(&id), db_id(&nobody)};
    const struct db_value late[] = {db_int(7)};
    struct db_rows rows;
    expect_code(actor, item_insert(actor->db, &actor->task, id, 1), STATUS_OK);
    expect_code(actor, item_insert(actor->db, &actor->task, id, 2), STATUS_CONFLICT);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_child_insert, child, &rows),
                STATUS_CONFLICT);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_late_insert, late, &rows), STATUS_OK);
    /* Where the constraint is checked at the commit, the answer comes after it. */
    expect_code(actor, db_run(actor->db, &actor->task, &statement_late_insert, late, &rows), STATUS_CONFLICT);
}

Test(db, a_second_one_and_one_without_a_parent_are_conflicts)
{
    on_each_engine(1, collisions);
}

static void round_trip(struct actor *actor)
{
    static const int64_t numbers[] = {0, 1, -1, 255, -32769, INT64_C(1) << 40, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct id id = id_new(actor->task.now_ms);
        const struct db_value values[] = {db_id(&id), db_int(numbers[i]), db_bool(i % 2 == 0),
                                          db_text(STR("Zo\xc3\xab 'quoted' \\")), db_bytes("\0\xff\1", 3)};
        const struct db_value key[] = {db_id(&id)};
        struct db_rows rows;
        unsigned char bytes[3] = {0};
        expect_code(actor, db_run(actor->db, &actor->task, &statement_item_insert, values, &rows), STATUS_OK);
        cr_expect_eq(rows.affected, 1);
        expect_code(actor, db_run(actor->db, &actor->task, &statement_item_by_id, key, &rows), STATUS_OK);
        if (rows.count != 1) return;
        cr_expect(id_equal(row_id(&rows, 0, ITEM_BY_ID_ID), id));
        cr_expect(row_int(&rows, 0, ITEM_BY_ID_NUMBER) == numbers[i]);
        cr_expect(row_bool(&rows, 0, ITEM_BY_ID_IS_EVEN) == (i % 2 == 0));
        cr_expect(str_equal(row_text(&rows, 0, ITEM_BY_ID_LABEL), values[3].data));
        row_bytes(&rows, 0, ITEM_BY_ID_BYTES, bytes, sizeof bytes);
        cr_expect(memcmp(bytes, "\0\xff\1", 3) == 0);
    }
}

Test(db, values_come_back_as_they_went)
{
    on_each_engine(1, round_trip);
}

static void nulls_and_empties(struct actor *actor)
{
    const struct id id = id_new(actor->task.now_ms);
    const struct id other = id_new(actor->task.now_ms);
    const struct db_value empty[] = {db_id(&id), db_int(0), db_bool(false), db_text(STR_NONE),
                                     db_bytes(NULL, 0)};
    struct db_value key[] = {db_id(&id)};
    struct db_rows rows;
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_insert, empty, &rows), STATUS_OK);
    expect_code(actor, item_insert(actor->db, &actor->task, other, 0), STATUS_OK);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_by_id, key, &rows), STATUS_OK);
    cr_expect(!row_is_null(&rows, 0, ITEM_BY_ID_LABEL));
    cr_expect(!row_is_null(&rows, 0, ITEM_BY_ID_BYTES));
    key[0] = db_id(&other);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_by_id, key, &rows), STATUS_OK);
    cr_expect(row_is_null(&rows, 0, ITEM_BY_ID_LABEL));
    cr_expect(row_is_null(&rows, 0, ITEM_BY_ID_BYTES));
    cr_expect(is_empty(row_text(&rows, 0, ITEM_BY_ID_LABEL)));
}

Test(db, empty_text_and_no_text_differ)
{
    on_each_engine(1, nulls_and_empties);
}

static void counted(struct actor *actor)
{
    struct db_rows rows;
    const struct db_value above[] = {db_int(3)};
    const struct db_value limit[] = {db_int(10)};
    for (int64_t i = 1; i <= 5; i++) {
        expect_code(actor, item_insert(actor->db, &actor->task, id_new(actor->task.now_ms), i), STATUS_OK);
    }
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_delete_above, above, &rows),
                STATUS_OK);
    cr_expect_eq(rows.affected, 2);
    expect_code(actor, db_run(actor->db, &actor->task, &statement_item_list, limit, &rows), STATUS_OK);
    cr_expect_eq(rows.count, 3);
    for (size_t i = 0; i < rows.count; i++) cr_expect(row_int(&rows, i, ITEM_LIST_NUMBER) == (int64_t)i + 1);
}

Test(db, rows_are_counted_and_ordered)
{
    on_each_engine(1, counted);
}

static result transfer(struct actor *actor, struct id from, struct id to, bool is_ended_early)
{
    SCOPED_TX(tx);
    TRY(db_begin(actor->db, &actor->task, &tx));
    TRY(item_add(tx, &actor->task, from, -1));
    TRY(item_add(tx, &actor->task, to, 1));
    if (is_ended_early) return RESULT(NOT_FOUND);
    return db_commit(&tx, &actor->task);
}

static void transactions(struct actor *actor)
{
    const struct id a = id_new(actor->task.now_ms);
    const struct id b = id_new(actor->task.now_ms);
    int64_t number = 0;
    expect_code(actor, item_insert(actor->db, &actor->task, a, 10), STATUS_OK);
    expect_code(actor, item_insert(actor->db, &actor->task, b, 10), STATUS_OK);
    expect_code(actor, transfer(actor, a, b, true), STATUS_NOT_FOUND);
    expect_code(actor, item_number(actor->db, &actor->task, a, &number), STATUS_OK);
    cr_expect_eq(number, 10);
    expect_code(actor, transfer(actor, a, b, false), STATUS_OK);
    expect_code(actor, item_number(actor->db, &actor->task, a, &number), STATUS_OK);
    cr_expect_eq(number, 9);
    expect_code(actor, item_number(actor->db, &actor->task, b, &number), STATUS_OK);
    cr_expect_eq(number, 11);
}

Test(db, a_transaction_happens_whole_or_not_at_all)
{
    on_each_engine(1, transactions);
}

static void failed_transaction(struct actor *actor)
{
    const struct id a = id_new(actor->task.now_ms);
    const struct id b = id_new(actor->task.now_ms);
    struct db *tx = NULL;
    int64_t number = 0;
    expect_code(actor, item_insert(actor->db, &actor->task, a, 1), STATUS_OK);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
    expect_code(actor, item_insert(tx, &actor->task, b, 2), STATUS_OK);
    expect_code(actor, item_insert(tx, &actor->task, a, 2), STATUS_CONFLICT);
    expect_code(actor, item_number(tx, &actor->task, a, &number), STATUS_INTERNAL);
    expect_code(actor, db_commit(&tx, &actor->task), STATUS_INTERNAL);
    cr_expect(tx == NULL);
    expect_code(actor, item_number(actor->db, &actor->task, b, &number), STATUS_NOT_FOUND);
}

Test(db, a_transaction_with_a_failed_statement_is_not_committed)
{
    on_each_engine(1, failed_transaction);
}

static void empty_transaction(struct actor *actor)
{
    struct db *tx = NULL;
    for (int i = 0; i < 20; i++) {
        expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
        expect_code(actor, db_commit(&tx, &actor->task), STATUS_OK);
        expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
        db_rollback(&tx);
        cr_expect(tx == NULL);
    }
    db_rollback(&tx);
}

Test(db, an_empty_transaction_ends_either_way)
{
    on_each_engine(1, empty_transaction);
}

static struct id shared_item;

static void add_one(struct actor *actor)
{
    for (int i = 0; i < 5; i++) {
        struct db *tx = NULL;
        expect_code(actor, item_add(actor->db, &actor->task, shared_item, 1), STATUS_OK);
        expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_OK);
        if (tx == NULL) return;
        expect_code(actor, item_add(tx, &actor->task, shared_item, 1), STATUS_OK);
        expect_code(actor, db_commit(&tx, &actor->task), STATUS_OK);
    }
}

static void make_shared(struct actor *actor)
{
    shared_item = id_new(actor->task.now_ms);
    expect_code(actor, item_insert(actor->db, &actor->task, shared_item, 0), STATUS_OK);
}

static void check_shared(struct actor *actor)
{
    int64_t number = 0;
    expect_code(actor, item_number(actor->db, &actor->task, shared_item, &number), STATUS_OK);
    cr_expect_eq(number, 32 * 10);
}

Test(db, what_many_fibers_write_at_once_adds_up, .timeout = 60)
{
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        struct db_fixture fixture;
        db_fixture_prepare(&fixture, engines[i]);
        db_fixture_open(&fixture);
        db_fixture_run(&fixture, 1, make_shared);
        db_fixture_run(&fixture, 32, add_one);
        db_fixture_run(&fixture, 1, check_shared);
        db_fixture_close(&fixture);
    }
}

static void failing_beside(struct actor *actor)
{
    for (int64_t i = 1; i <= 20; i++) {
        int64_t number = 0;
        const int64_t divisor = (actor->number + (unsigned)i) % 4 == 0 ? 0 : 3;
        const result outcome = quotient(actor->db, &actor->task, i * 3, divisor, &number);
        expect_code(actor, outcome, divisor == 0 ? STATUS_INTERNAL : STATUS_OK);
        cr_expect(divisor == 0 || number == i);
    }
}

Test(db, a_failing_statement_fails_alone)
{
    on_each_engine(64, failing_beside);
}

static void late_task(struct actor *actor)
{
    const struct id id = id_new(actor->task.now_ms);
    struct db *tx = NULL;
    int64_t number = 0;
    actor_renew(actor, -1);
    expect_code(actor, item_insert(actor->db, &actor->task, id, 1), STATUS_DATABASE_UNAVAILABLE);
    expect_code(actor, db_begin(actor->db, &actor->task, &tx), STATUS_DATABASE_UNAVAILABLE);
    actor_renew(actor, 5000);
    expect_code(actor, item_number(actor->db, &actor->task, id, &number), STATUS_NOT_FOUND);
}

Test(db, a_task_whose_deadline_has_passed_sends_nothing)
{
    on_each_engine(1, late_task);
}

static void ping(struct actor *actor)
{
    struct store_counts counts;
    expect_code(actor, store_ping(actor->db, &actor->task), STATUS_OK);
    store_counts(actor->db, &counts);
    cr_expect(counts.connections_open >= 1);
    cr_expect(counts.statements >= 1);
    cr_expect_eq(counts.leases_used, 0);
    cr_expect_eq(counts.waiting, 0);
}

Test(db, a_ping_is_answered_and_counted)
{
    on_each_engine(1, ping);
}

static void two_at_once(struct actor *actor)
{
    struct db *tx = NULL;
    int64_t number = 0;
    if (is_ok(db_begin(actor->db, &actor->task, &tx))) {
        (void)item_number(actor->db, &actor->task, id_new(actor->task.now_ms), &number);
    }
}

/* In a process of its own, so that the server and its folder are cleared away afterwards. */
static void expect_abort(enum db_engine engine, void (*body)(struct actor *actor))
{
    struct db_fixture fixture;
    int status = 0;
    db_fixture_prepare(&fixture, engine);
    const pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(1);
        db_fixture_open(&fixture);
        db_fixture_run(&fixture, 1, body);
        _exit(0);
    }
    waitpid(child, &status, 0);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    db_fixture_close(&fixture);
}

Test(db, a_holder_of_a_transaction_that_uses_the_shared_connections_aborts)
{
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) expect_abort(engines[i], two_at_once);
}
