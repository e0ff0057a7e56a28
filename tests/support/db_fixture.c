// SPDX-License-Identifier: MIT
#include "db_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK_BYTES_MAX (1024u * 1024u)
#define TIME_LIMIT_MS  5000
#define ACTORS_MAX     256u

static const char *const tables[DB_ENGINE_COUNT] = {
    [DB_POSTGRES] =
        "CREATE TABLE items (id uuid PRIMARY KEY, number bigint NOT NULL, is_even boolean NOT NULL,"
        " label text, bytes bytea);"
        "CREATE TABLE children (id uuid PRIMARY KEY, item_id uuid NOT NULL REFERENCES items (id));"
        "CREATE TABLE late (number bigint UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TABLE wide (number bigint NOT NULL);"
        "INSERT INTO wide SELECT generate_series(1, 1001);",
    [DB_SQLITE] =
        "PRAGMA journal_mode = WAL;"
        "CREATE TABLE items (id BLOB PRIMARY KEY, number INTEGER NOT NULL, is_even INTEGER NOT NULL,"
        " label TEXT, bytes BLOB) STRICT;"
        "CREATE TABLE children (id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id)) STRICT;"
        "CREATE TABLE late (number INTEGER UNIQUE) STRICT;"
        "CREATE TABLE wide (number INTEGER NOT NULL) STRICT;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)"
        " INSERT INTO wide SELECT i FROM n;",
};

static void give_up(const char *what)
{
    fprintf(stderr, "db_fixture: %s\n", what);
    abort();
}

static void make_file(struct db_fixture *fixture, char *uri, size_t size)
{
    char path[96];
    sqlite3 *file = NULL;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/sqlite-test-XXXXXX");
    if (!mkdtemp(fixture->folder)) give_up("mkdtemp");
    snprintf(path, sizeof path, "%s/test.db", fixture->folder);
    if (sqlite3_open(path, &file) != SQLITE_OK) give_up("sqlite3_open");
    if (sqlite3_exec(file, tables[DB_SQLITE], NULL, NULL, NULL) != SQLITE_OK) give_up(sqlite3_errmsg(file));
    sqlite3_close(file);
    snprintf(uri, size, "sqlite:///%s", path);
}

void db_fixture_prepare(struct db_fixture *fixture, enum db_engine engine)
{
    char uri[256];
    struct task task;
    *fixture = (struct db_fixture){.arena = arena_create(TASK_BYTES_MAX)};
    if (engine == DB_SQLITE) {
        make_file(fixture, uri, sizeof uri);
    } else {
        postgres_server_start(&fixture->server);
        postgres_server_run(&fixture->server, tables[DB_POSTGRES]);
        snprintf(uri, sizeof uri, "%s", fixture->server.uri);
    }
    task_init(&task, fixture->arena, STR("fixture"), TIME_LIMIT_MS);
    if (!is_ok(store_options_parse(&task, str_from(uri), &fixture->options))) give_up(task.fault.detail);
}

void db_fixture_open(struct db_fixture *fixture)
{
    struct task task;
    task_init(&task, fixture->arena, STR("fixture"), TIME_LIMIT_MS);
    if (!is_ok(loop_create(&fixture->loop))) give_up("loop_create");
    if (!is_ok(store_open(&task, fixture->loop, &fixture->options, &fixture->db))) give_up(task.fault.detail);
}

void db_fixture_close(struct db_fixture *fixture)
{
    char command[96];
    store_close(fixture->db);
    loop_destroy(fixture->loop);
    arena_destroy(fixture->arena);
    if (fixture->folder[0] == '\0') {
        postgres_server_stop(&fixture->server);
        return;
    }
    snprintf(command, sizeof command, "rm -rf %s", fixture->folder);
    if (system(command) != 0) give_up(command);
}

static void actor_run(struct fiber_job *job)
{
    struct actor *actor = CONTAINER_OF(job, struct actor, job);
    actor->body(actor);
}

static void actor_ended(struct fiber_job *job)
{
    struct actor *actor = CONTAINER_OF(job, struct actor, job);
    if (--*actor->left == 0) loop_stop(actor->fixture->loop);
}

struct start {
    struct post post;
    struct actor *actors;
    unsigned count;
};

static void start_all(struct post *post)
{
    struct start *start = CONTAINER_OF(post, struct start, post);
    for (unsigned i = 0; i < start->count; i++) {
        if (!is_ok(fiber_start(&start->actors[i].job))) give_up("fiber_start");
    }
}

void db_fixture_run(struct db_fixture *fixture, unsigned count, void (*body)(struct actor *actor))
{
    struct actor *actors = calloc(count, sizeof *actors);
    unsigned left = count;
    if (count > ACTORS_MAX || !actors) give_up("too many actors");
    struct start start = {.post.run = start_all, .actors = actors, .count = count};
    for (unsigned i = 0; i < count; i++) {
        actors[i] = (struct actor){.job = {.run = actor_run, .ended = actor_ended},
                                   .fixture = fixture,
                                   .db = fixture->db,
                                   .number = i,
                                   .body = body,
                                   .left = &left};
        task_init(&actors[i].task, arena_create(TASK_BYTES_MAX), STR("test"), TIME_LIMIT_MS);
    }
    loop_post(fixture->loop, &start.post);
    loop_run(fixture->loop);
    for (unsigned i = 0; i < count; i++) arena_destroy(actors[i].task.arena);
    free(actors);
}

void actor_renew(struct actor *actor, int64_t time_limit_ms)
{
    arena_reset(actor->task.arena);
    task_init(&actor->task, actor->task.arena, STR("test"), time_limit_ms);
}

result item_insert(struct db *db, struct task *task, struct id id, int64_t number)
{
    const struct db_value arguments[] = {db_id(&id), db_int(number), db_bool(number % 2 == 0), db_null(),
                                         db_null()};
    struct db_rows rows;
    return db_run(db, task, &statement_item_insert, arguments, &rows);
}

result item_number(struct db *db, struct task *task, struct id id, int64_t *ret_number)
{
    const struct db_value arguments[] = {db_id(&id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_item_by_id, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_number = row_int(&rows, 0, ITEM_BY_ID_NUMBER);
    return RESULT_OK;
}

result item_add(struct db *db, struct task *task, struct id id, int64_t difference)
{
    const struct db_value arguments[] = {db_id(&id), db_int(difference)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_item_add, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

result quotient(struct db *db, struct task *task, int64_t dividend, int64_t divisor, int64_t *ret_quotient)
{
    const struct db_value arguments[] = {db_int(dividend), db_int(divisor)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_quotient, arguments, &rows));
    *ret_quotient = row_int(&rows, 0, QUOTIENT_QUOTIENT);
    return RESULT_OK;
}

result nap(struct db *db, struct task *task, int64_t ms)
{
    const struct db_value arguments[] = {db_int(ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_nap, arguments, &rows);
}
