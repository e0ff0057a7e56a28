// SPDX-License-Identifier: MIT
/* Two loops write to one SQLite file through its one writer thread: nothing acknowledged is lost.
 * Security incident 55: one process has one writer, whatever becomes of the log written ahead. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/base/secret.h"
#include "auth/loop/fiber.h"
#include "auth/store/store.h"

#define LOOPS  2u
#define FIBERS 16u
#define ROUNDS 50u

static const struct statement insert = {
    .name = "insert",
    .sql = {[DB_SQLITE] = "INSERT INTO t (i) VALUES ($1) RETURNING i"},
    .lane = DB_LANE_WRITE,
    .parameter_count = 1,
    .parameters = {{"i", DB_INT, false}},
    .column_count = 1,
    .columns = {{"i", DB_INT, false}},
    .index = 0,
};
static const struct statement count = {
    .name = "count",
    .sql = {[DB_SQLITE] = "SELECT count(*) FROM t"},
    .lane = DB_LANE_READ,
    .column_count = 1,
    .columns = {{"count", DB_INT, false}},
    .index = 1,
};

struct racer {
    struct fiber_job job;
    struct side *side;
    unsigned number;
};

struct side {
    pthread_t thread;
    struct post start;
    struct loop *loop;
    struct db *db;
    struct arena *arena;
    struct racer racers[FIBERS];
    unsigned left;
    unsigned acknowledged;
    unsigned first;
};

static result insert_once(struct db *db, struct task *task, unsigned number)
{
    struct db_rows rows;
    return db_run(db, task, &insert, &(const struct db_value){.type = DB_INT, .number = number}, &rows);
}

static result insert_in_transaction(struct db *db, struct task *task, unsigned number)
{
    SCOPED_TX(tx);
    TRY(db_begin(db, task, &tx));
    TRY(insert_once(tx, task, number));
    if (number % 3 == 0) return RESULT(CONFLICT); /* rolled back */
    return db_commit(&tx, task);
}

static void race(struct fiber_job *job)
{
    struct racer *racer = CONTAINER_OF(job, struct racer, job);
    struct side *side = racer->side;
    struct arena *arena = arena_create((size_t)1024 * 1024);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct task task;
        struct db_rows rows;
        const unsigned number = side->first + racer->number * ROUNDS + round;
        arena_reset(arena);
        task_init(&task, arena, STR("race"), round % 10 == 9 ? 1 : 10000); /* some are late */
        const result outcome = round % 4 == 0 ? insert_in_transaction(side->db, &task, number)
                                              : insert_once(side->db, &task, number);
        side->acknowledged += is_ok(outcome);
        task_init(&task, arena, STR("race"), 10000);
        if (!is_ok(db_run(side->db, &task, &count, NULL, &rows))) abort();
        if (row_int(&rows, 0, 0) < side->acknowledged) abort();
    }
    arena_destroy(arena);
}

static void ended(struct fiber_job *job)
{
    struct side *side = CONTAINER_OF(job, struct racer, job)->side;
    if (--side->left == 0) loop_stop(side->loop);
}

static void start(struct post *post)
{
    struct side *side = CONTAINER_OF(post, struct side, start);
    for (unsigned i = 0; i < FIBERS; i++) {
        side->racers[i] = (struct racer){.job = {.run = race, .ended = ended}, .side = side, .number = i};
        if (!is_ok(fiber_start(&side->racers[i].job))) abort();
    }
}

static void *run_side(void *argument)
{
    struct side *side = argument;
    loop_run(side->loop);
    return NULL;
}

static void open_side(struct side *side, unsigned index, const struct store_options *options)
{
    struct task task;
    *side = (struct side){.start.run = start, .left = FIBERS, .first = index * FIBERS * ROUNDS};
    side->arena = arena_create(65536);
    task_init(&task, side->arena, STR("open"), 1000);
    if (!is_ok(loop_create(&side->loop)) || !is_ok(store_open(&task, side->loop, options, &side->db)))
        abort();
    loop_post(side->loop, &side->start);
    if (pthread_create(&side->thread, NULL, run_side, side) != 0) abort();
}

static long long ask(const char *path, const char *sql)
{
    sqlite3 *file = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_open(path, &file) != SQLITE_OK) abort();
    if (sqlite3_prepare_v2(file, sql, -1, &statement, NULL) != SQLITE_OK) abort();
    const long long answer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    sqlite3_close(file);
    return answer;
}

int main(void)
{
    char folder[] = "/tmp/race-sqlite-XXXXXX";
    char path[64];
    char command[64];
    static struct side sides[LOOPS];
    unsigned acknowledged = 0;
    if (!is_ok(random_init()) || !mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/test.db", folder);
    (void)ask(path, "PRAGMA journal_mode = WAL");
    (void)ask(path, "CREATE TABLE t (i INTEGER PRIMARY KEY)");
    const struct store_options options = {
        .engine = DB_SQLITE, .uri = str_from(path), .statement_timeout_ms = 5000, .is_exclusive = true};
    for (unsigned i = 0; i < LOOPS; i++) open_side(&sides[i], i, &options);
    for (unsigned i = 0; i < LOOPS; i++) {
        (void)pthread_join(sides[i].thread, NULL);
        acknowledged += sides[i].acknowledged;
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        store_close(sides[i].db);
        loop_destroy(sides[i].loop);
        arena_destroy(sides[i].arena);
    }
    const long long there = ask(path, "SELECT count(*) FROM t");
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) abort();
    printf("%u acknowledged, %lld there\n", acknowledged, there);
    return there >= acknowledged ? 0 : 1;
}
