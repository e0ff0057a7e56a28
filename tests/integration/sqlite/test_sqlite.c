// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "db_fixture.h"

#define WRITERS 64u

static void on_sqlite(unsigned fibers, void (*body)(struct actor *actor))
{
    struct db_fixture fixture;
    db_fixture_prepare(&fixture, DB_SQLITE);
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, fibers, body);
    db_fixture_close(&fixture);
}

static struct id number_id(unsigned number)
{
    struct id id = {{0}};
    memcpy(id.bytes, &number, sizeof number);
    id.bytes[15] = 1;
    return id;
}

static sqlite3 *open_outside(const struct actor *actor)
{
    sqlite3 *file = NULL;
    char path[128];
    snprintf(path, sizeof path, "%.*s", STR_ARGS(actor->fixture->options.uri));
    cr_expect(sqlite3_open(path, &file) == SQLITE_OK);
    return file;
}

/* --- grouped commits --- */

static void insert_or_collide(struct actor *actor)
{
    /* Every fourth takes a key that another one has. */
    const unsigned key = actor->number % 4 == 3 ? actor->number - 1 : actor->number;
    const result outcome = item_insert(actor->db, &actor->task, number_id(key), actor->number);
    const enum status expected = actor->number % 4 == 3 ? STATUS_CONFLICT : STATUS_OK;
    cr_expect(outcome.code == expected, "%u: %s: %s", actor->number, status_name(outcome.code),
              actor->task.fault.detail);
    if (!is_ok(outcome)) return;
    int64_t number = -1;
    cr_expect(is_ok(item_number(actor->db, &actor->task, number_id(key), &number)));
    cr_expect(number == actor->number, "a read after an acknowledged write does not see it");
}

Test(sqlite, failing_statements_fail_alone_in_a_group)
{
    on_sqlite(WRITERS, insert_or_collide);
}

/* Each commit of its own would write at least one page to the log. */
static void count_commits(struct actor *actor)
{
    static unsigned long before;
    struct stat status;
    char path[128];
    snprintf(path, sizeof path, "%.*s-wal", STR_ARGS(actor->fixture->options.uri));
    if (actor->number == 0) before = stat(path, &status) == 0 ? (unsigned long)status.st_size : 0;
    cr_expect(is_ok(item_insert(actor->db, &actor->task, number_id(actor->number), actor->number)));
    if (actor->number != WRITERS - 1) return;
    cr_expect(stat(path, &status) == 0);
    const unsigned long frames = ((unsigned long)status.st_size - before) / 4096;
    cr_expect(frames < WRITERS, "%lu pages for %u writes: they were not grouped", frames, WRITERS);
}

Test(sqlite, writes_at_the_same_moment_share_a_commit)
{
    on_sqlite(WRITERS, count_commits);
}

/* --- locks and deadlines --- */

static void other_process_writes(struct actor *actor)
{
    sqlite3 *file = open_outside(actor);
    cr_expect(sqlite3_exec(file, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
    const int64_t begun_ms = clock_monotonic_ms();
    const result outcome = item_insert(actor->db, &actor->task, number_id(1), 1);
    const int64_t took_ms = clock_monotonic_ms() - begun_ms;
    cr_expect(outcome.code == STATUS_DATABASE_UNAVAILABLE, "%s", status_name(outcome.code));
    cr_expect(took_ms >= 1500 && took_ms < 4000, "%lld ms", (long long)took_ms);
    cr_expect(sqlite3_exec(file, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(file);
    actor_renew(actor, 5000);
    cr_expect(is_ok(item_insert(actor->db, &actor->task, number_id(1), 1)), "%s", actor->task.fault.detail);
}

Test(sqlite, a_file_that_is_locked_from_outside_is_unavailable_and_recovers)
{
    on_sqlite(1, other_process_writes);
}

static void hold_or_wait(struct actor *actor)
{
    if (actor->number == 0) {
        SCOPED_TX(tx);
        cr_expect(is_ok(db_begin(actor->db, &actor->task, &tx)));
        cr_expect(is_ok(item_insert(tx, &actor->task, number_id(1), 1)));
        fiber_sleep(700);
        cr_expect(is_ok(db_commit(&tx, &actor->task)), "%s", actor->task.fault.detail);
        return;
    }
    fiber_sleep(100);
    actor_renew(actor, 200);
    const int64_t begun_ms = clock_monotonic_ms();
    const result outcome = item_insert(actor->db, &actor->task, number_id(2), 2);
    const int64_t took_ms = clock_monotonic_ms() - begun_ms;
    cr_expect(outcome.code == STATUS_DATABASE_UNAVAILABLE, "%s", status_name(outcome.code));
    cr_expect(took_ms >= 150 && took_ms < 500, "%lld ms", (long long)took_ms);
    actor_renew(actor, 3000);
    int64_t number = -1;
    const result read = item_number(actor->db, &actor->task, number_id(1), &number);
    cr_expect(read.code == STATUS_NOT_FOUND, "a transaction that is not committed is seen");
    cr_expect(is_ok(item_insert(actor->db, &actor->task, number_id(2), 2)), "%s", actor->task.fault.detail);
    cr_expect(is_ok(item_number(actor->db, &actor->task, number_id(1), &number)) && number == 1);
}

Test(sqlite, a_write_behind_a_transaction_waits_no_longer_than_its_deadline)
{
    on_sqlite(2, hold_or_wait);
}

static void overstay(struct actor *actor)
{
    if (actor->number == 0) {
        SCOPED_TX(tx);
        actor_renew(actor, 300);
        cr_expect(is_ok(db_begin(actor->db, &actor->task, &tx)));
        cr_expect(is_ok(item_insert(tx, &actor->task, number_id(1), 1)));
        fiber_sleep(800);
        actor_renew(actor, 1000);
        const result outcome = db_commit(&tx, &actor->task);
        cr_expect(outcome.code == STATUS_DATABASE_UNAVAILABLE, "%s", status_name(outcome.code));
        return;
    }
    fiber_sleep(100);
    cr_expect(is_ok(item_insert(actor->db, &actor->task, number_id(1), 2)), "%s", actor->task.fault.detail);
}

Test(sqlite, a_transaction_held_beyond_its_deadline_is_rolled_back_for_the_others)
{
    on_sqlite(2, overstay);
}

static void be_busy_beyond_the_deadline(struct actor *actor)
{
    int64_t number;
    cr_expect(is_ok(item_insert(actor->db, &actor->task, number_id(1), 1)), "%s", actor->task.fault.detail);
    for (unsigned round = 0; round < 20; round++) {
        SCOPED_TX(tx);
        result outcome = RESULT_OK;
        actor_renew(actor, 20);
        cr_expect(is_ok(db_begin(actor->db, &actor->task, &tx)), "%s", actor->task.fault.detail);
        while (is_ok(outcome)) outcome = item_number(tx, &actor->task, number_id(1), &number);
        cr_expect(outcome.code == STATUS_DATABASE_UNAVAILABLE, "%s", status_name(outcome.code));
    }
}

/* A statement that comes while the writer rolls back was never answered. */
Test(sqlite, a_transaction_at_work_when_its_deadline_passes_is_told_so, .timeout = 20)
{
    on_sqlite(1, be_busy_beyond_the_deadline);
}

/* --- the file --- */

static void modes(struct actor *actor)
{
    struct stat status;
    char path[128];
    cr_expect(is_ok(store_ping(actor->db, &actor->task)));
    snprintf(path, sizeof path, "%.*s", STR_ARGS(actor->fixture->options.uri));
    cr_expect(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "%o", status.st_mode & 0777);
    *strrchr(path, '/') = '\0';
    cr_expect(stat(path, &status) == 0 && (status.st_mode & 0777) == 0700, "%o", status.st_mode & 0777);
}

Test(sqlite, a_new_file_is_its_owners_alone)
{
    struct db_fixture fixture;
    char path[128];
    db_fixture_prepare(&fixture, DB_SQLITE);
    snprintf(path, sizeof path, "%s/deeper/still/new.db", fixture.folder);
    fixture.options.uri = str_from(path);
    db_fixture_open(&fixture);
    db_fixture_run(&fixture, 1, modes);
    db_fixture_close(&fixture);
}

static enum status open_exclusively(struct db_fixture *fixture, char *ret_detail, size_t size)
{
    struct arena *arena = arena_create(65536);
    struct task task;
    struct loop *loop;
    struct db *db = NULL;
    task_init(&task, arena, STR("second"), 1000);
    cr_expect(is_ok(loop_create(&loop)));
    const result outcome = store_open(&task, loop, &fixture->options, &db);
    snprintf(ret_detail, size, "%s", task.fault.detail);
    store_close(db);
    loop_destroy(loop);
    arena_destroy(arena);
    return outcome.code;
}

Test(sqlite, a_second_server_on_the_file_is_refused_by_name)
{
    struct db_fixture fixture;
    char detail[FAULT_DETAIL_MAX];
    int status;
    db_fixture_prepare(&fixture, DB_SQLITE);
    fixture.options.is_exclusive = true;
    db_fixture_open(&fixture);
    const pid_t server = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        char expected[64];
        fixture.options.uri =
            str_printf(fixture.arena, "%s/../%s/test.db", fixture.folder, fixture.folder + 5);
        snprintf(expected, sizeof expected, "is served by process %ld already", (long)server);
        const enum status code = open_exclusively(&fixture, detail, sizeof detail);
        _exit(code == STATUS_CONFLICT && strstr(detail, expected) ? 0 : 1);
    }
    cr_expect(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    db_fixture_close(&fixture);
}
