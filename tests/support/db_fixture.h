/* db_fixture.h — fibers that use an opened database, for the tests of the store.
 * Shape:   open a fixture, run bodies on any number of fibers at once, close it. Bodies run on fibers, so
 *          they use cr_expect, never cr_assert, which jumps.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_DB_FIXTURE_H
#define AUTH_TESTS_DB_FIXTURE_H

#include "auth/loop/fiber.h"
#include "auth/store/store.h"
#include "postgres_server.h"
#include "test_statements.h"

struct db_fixture {
    struct postgres_server server; /* of DB_POSTGRES */
    char folder[64];               /* of DB_SQLITE */
    struct arena *arena;           /* of the options */
    struct store_options options;
    struct loop *loop;
    struct db *db;
};

/* One fiber with its task. */
struct actor {
    struct fiber_job job;
    struct db_fixture *fixture;
    struct db *db;
    struct task task;
    unsigned number; /* counted from 0 */
    void (*body)(struct actor *actor);
    unsigned *left;
};

/* A fresh server or file with the tables, and the options to open it. */
void db_fixture_prepare(struct db_fixture *fixture, enum db_engine engine);
void db_fixture_open(struct db_fixture *fixture);
void db_fixture_close(struct db_fixture *fixture);

/* Runs `body` on `count` fibers at once and returns when all have ended; each task's deadline is 5 s away. */
void db_fixture_run(struct db_fixture *fixture, unsigned count, void (*body)(struct actor *actor));

/* Makes the actor's task a fresh one, with another time limit. */
void actor_renew(struct actor *actor, int64_t time_limit_ms);

/* Statements of test.sql in few words. */
result item_insert(struct db *db, struct task *task, struct id id, int64_t number);
/* NOT_FOUND if there is none. */
result item_number(struct db *db, struct task *task, struct id id, int64_t *ret_number);
result item_add(struct db *db, struct task *task, struct id id, int64_t difference);
result quotient(struct db *db, struct task *task, int64_t dividend, int64_t divisor, int64_t *ret_quotient);
result nap(struct db *db, struct task *task, int64_t ms);

#endif
