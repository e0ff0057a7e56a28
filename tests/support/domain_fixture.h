/* domain_fixture.h — the rules at work on a real, freshly migrated database, with the cache of one process.
 * Shape:   open a fixture, run bodies on any number of fibers at once, close it. Bodies run on fibers, so they use
 *          cr_expect, never cr_assert, which jumps.
 * Note:    a program that opens DB_POSTGRES calls domain_servers_start before all tests, domain_servers_stop after:
 *          one server, a database for each fixture.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_DOMAIN_FIXTURE_H
#define AUTH_TESTS_DOMAIN_FIXTURE_H

#include "auth/domain/login.h"
#include "auth/domain/service.h"
#include "auth/loop/fiber.h"
#include "auth/store/store.h"
#include "db_probe.h"

#define FIRST_PARTY "auth"
#define ADA         "ada@example.org"
#define GOOD        "plum tree over the river"
#define OTHER       "seven grey geese at dawn"

struct domain_fixture {
    enum db_engine engine;
    char name[64];  /* of the database, or the folder of the file */
    char path[128]; /* of the file */
    struct arena *arena;
    struct store_options options;
    struct policy policy;
    struct service_secrets secrets;
    struct loop *loop;
    struct cache *cache;
    struct db *db;
    struct db_probe probe; /* the service's db */
    struct service service;
    bool has_no_cache; /* set before domain_fixture_open_second: every look is a miss, every offer dropped */
    int64_t now_ms;    /* what the time is for the tasks of bodies */
};

/* One fiber with its task. */
struct visitor {
    struct fiber_job job;
    struct domain_fixture *fixture;
    struct service *service;
    struct task task;
    unsigned number; /* counted from 0 */
    void (*body)(struct visitor *visitor);
    unsigned *left;
};

void domain_servers_start(void);
void domain_servers_stop(void);

void domain_fixture_open(struct domain_fixture *fixture, enum db_engine engine);
/* Another process of the same service, on the same database: its own cache, keys and connections. */
void domain_fixture_open_second(struct domain_fixture *fixture, const struct domain_fixture *first);
void domain_fixture_close(struct domain_fixture *fixture);
void domain_fixture_close_second(struct domain_fixture *fixture);
/* Another file for a fixture that is about to be opened as a second one: a copy of the first's. */
void domain_fixture_use_copy(struct domain_fixture *fixture, const char *copy_name);

/* Runs `body` on `count` fibers at once and returns when all have ended. */
void domain_fixture_run(struct domain_fixture *fixture, unsigned count,
                        void (*body)(struct visitor *visitor));
/* Opens, runs, closes, on each engine. */
void on_each_engine(unsigned count, void (*body)(struct visitor *visitor));

/* A fresh task at the fixture's time. */
void visitor_renew(struct visitor *visitor);
/* Time passes for this visitor, and for those that come later. */
void visitor_wait(struct visitor *visitor, int64_t ms);
/* A step of the retention; true: there is more to erase. */
bool visitor_retain(struct visitor *visitor);

/* The first cell of the answer as a number, asked past the service. */
long long ask(const struct domain_fixture *fixture, const char *sql);
void tell(const struct domain_fixture *fixture, const char *sql);

/* Expectations that name what went wrong; a failure that was expected is cleared away. */
void expect_code(struct visitor *visitor, result outcome, enum status code, const char *what);

/* The rules in few words. */
result sign_up(struct visitor *visitor, const char *email, const char *password, struct account *ret_account);
result sign_in(struct visitor *visitor, const char *email, const char *password,
               struct token_response *ret_tokens);
/* As the first-party client. */
result refresh(struct visitor *visitor, struct str token, struct token_response *ret_tokens);
/* As an administrator with all power. */
result lock_account(struct visitor *visitor, struct id id);
result unlock_account(struct visitor *visitor, struct id id);
/* Whether the access token is good. */
result check(struct visitor *visitor, struct str access_token);
struct secret secret_of(const char *text);

#endif
