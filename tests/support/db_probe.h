/* db_probe.h — a database that notes what is asked of it, and fails where a test says so.
 * Shape:   stands before a real one: every statement, begin and commit is a call with a number, counted from 1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_DB_PROBE_H
#define AUTH_TESTS_DB_PROBE_H

#include "auth/store/db.h"

#define DB_PROBE_TRACE_MAX 4096u

enum db_probe_fault {
    DB_PROBE_REFUSED,    /* the call never reaches the database */
    DB_PROBE_REPLY_LOST, /* the database has done it, and nobody is told */
};

struct db_probe {
    struct db *shared; /* for the rules to use */
    struct db *inner;
    unsigned calls;
    unsigned fails_at; /* the call that fails; 0: none */
    enum db_probe_fault fault;
    char trace[DB_PROBE_TRACE_MAX]; /* "throttle_take begin session_insert commit " */
};

void db_probe_open(struct db_probe *probe, struct db *inner);
/* Leaves the real one open. */
void db_probe_close(struct db_probe *probe);
/* Forgets what was noted. */
void db_probe_reset(struct db_probe *probe);

#endif
