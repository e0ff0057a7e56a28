/* postgres_internal.h — the PostgreSQL driver: libpq ends here.
 * Shape:   a pool per loop with three lanes: reads and writes share pipelined connections, transactions lease
 *          one each. A call is one thing a fiber waits for and stands on its stack; it queues in its lane
 *          until a connection takes it, and is a slot of that connection from then on until the server has
 *          answered.
 * Rules:   a slot outlives its call (a deadline ends the call, not the slot) and keeps its place in the
 *          pipeline; after every use of libpq pg_connection_settle looks at the connection, and a dead one is
 *          taken down from the loop, never in place; what was sent is never sent again.
 * Errors:  as db.h.
 * Source:  PostgreSQL manual, chapter 34: libpq (connections, asynchronous commands, pipeline mode).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_POSTGRES_INTERNAL_H
#define AUTH_STORE_POSTGRES_INTERNAL_H

#include <libpq-fe.h>

#include "../driver_internal.h"
#include "auth/base/clock.h"

#define PIPELINE_DEPTH      16u   /* statements in flight on a shared connection; deeper ones gain nothing */
#define CALLS_QUEUED_MAX    1024u /* per lane, waiting for a connection */
#define REASON_MAX          200u
#define ADDRESSES_MAX       16u
#define ADDRESS_TEXT_MAX    64u  /* an IPv6 address with its scope */
#define HOST_NAME_MAX_BYTES 253u /* RFC 1035 §2.3.4: 255 octets with lengths and root */
#define PORT_TEXT_MAX       6u
#define KEYWORDS_MAX        64u

/* Beyond the statement timeout the server has had its say; this is for the way there and back. */
#define ANSWER_GRACE_MS 500

struct pg_pool;
struct pg_lane;
struct pg_connection;
struct pg_resolution;

enum pg_call_kind { PG_CALL_STATEMENT, PG_CALL_LEASE, PG_CALL_COMMIT };

/* What a fiber waits for; on its stack. */
struct pg_call {
    enum pg_call_kind kind;
    struct wait wait;
    struct timer timer; /* the deadline */
    struct task *task;
    const struct statement *statement; /* PG_CALL_STATEMENT */
    const struct db_value *arguments;
    struct db_rows rows;              /* the answer to it */
    struct pg_connection *connection; /* where it was sent; PG_CALL_LEASE: the answer */
    struct pg_lane *lane;             /* where it is queued; NULL otherwise */
    struct pg_call *previous;         /* in that queue */
    struct pg_call *next;
    result outcome;
    bool was_stale; /* nothing was run, for the prepared statement had gone: may be sent once more */
};

/* What was sent and is not fully answered. */
struct pg_slot {
    struct pg_call *call;              /* NULL when nobody waits any more */
    const struct statement *statement; /* NULL for COMMIT and ROLLBACK */
    unsigned preamble;                 /* answers to come before that of the statement: to BEGIN, to Parse */
    unsigned version;                  /* of the prepared statement */
    bool is_preparing;
    bool has_failed;
};

/* Every Parse is of a new version, which is part of the name: a stale plan is never met again. */
struct pg_prepared {
    unsigned version;
    bool is_prepared;
};

enum pg_state { PG_CLOSED, PG_RESOLVING, PG_CONNECTING, PG_OPEN, PG_BROKEN };

struct pg_connection {
    struct pg_pool *pool;
    struct pg_lane *lane;
    PGconn *pq;
    enum pg_state state;
    struct watch watch;
    struct timer timer; /* connecting: the time limit; open: the server's silence; broken: now */
    bool wants_write;
    bool was_open;       /* this time */
    bool was_ever_open;  /* so the next time is a reconnect */
    int64_t progress_ms; /* when something was last answered, or the first of the slots sent */
    struct pg_slot slots[PIPELINE_DEPTH]; /* a ring */
    unsigned first_slot;
    unsigned slot_count;
    struct pg_prepared *prepared; /* DB_STATEMENTS_MAX */
    char reason[REASON_MAX];      /* why it broke */
    /* Of a lease: */
    struct db transaction;
    bool is_leased;
    bool is_lost;     /* broke under its holder */
    bool needs_begin; /* BEGIN goes out with the first statement */
};

struct pg_lane {
    struct pg_pool *pool;
    struct pg_connection *connections;
    unsigned count;
    unsigned depth;   /* slots per connection */
    unsigned grow_at; /* when every open connection has as many slots in use, another one is made */
    bool is_leasing;
    struct pg_call *first; /* queued, in order */
    struct pg_call *last;
    unsigned queued;
};

enum pg_lane_kind { PG_LANE_READ, PG_LANE_WRITE, PG_LANE_LEASE, PG_LANE_COUNT };

struct pg_host {
    const char *name;    /* "": libpq's default; begins with '/' or '@': a socket */
    const char *address; /* given as hostaddr, or "" */
    const char *port;    /* or "" */
};

struct pg_conninfo {
    const char *keywords[KEYWORDS_MAX]; /* without host, hostaddr and port */
    const char *values[KEYWORDS_MAX];
    unsigned count;
    struct pg_host hosts[ADDRESSES_MAX];
    unsigned host_count;
    bool has_names; /* a host must be looked up */
};

/* One place to connect to. */
struct pg_target {
    const struct pg_host *host;
    char address[ADDRESS_TEXT_MAX]; /* "": a socket */
};

/* The targets for libpq: comma-separated lists. */
struct pg_target_lists {
    char names[ADDRESSES_MAX * (HOST_NAME_MAX_BYTES + 1)];
    char addresses[ADDRESSES_MAX * ADDRESS_TEXT_MAX];
    char ports[ADDRESSES_MAX * PORT_TEXT_MAX];
};

struct pg_pool {
    struct db db; /* the shared one */
    struct loop *loop;
    struct arena *arena;
    struct pg_conninfo info;
    int64_t connect_timeout_ms;
    int64_t answer_limit_ms; /* no call waits for longer */
    struct pg_lane lanes[PG_LANE_COUNT];
    struct pg_target targets[ADDRESSES_MAX];
    unsigned target_count;
    struct pg_target_lists lists;
    unsigned first_target;            /* where attempts begin: moves on when one is met with silence */
    int64_t resolved_until_ms;        /* looked up again after this */
    struct pg_resolution *resolution; /* under way; NULL otherwise */
    unsigned failed_attempts;         /* in a row */
    int64_t retry_at_ms;
    char reason[REASON_MAX]; /* of the last failure, for those who are turned away */
    unsigned long statements;
    unsigned long failures;
    unsigned long reconnects;
};

/* conninfo.c: what PQconnectStartParams will be given; strings in the arena. */
NODISCARD result pg_conninfo_read(struct task *task, struct arena *arena, const struct store_options *options,
                                  struct pg_conninfo *ret_info);

/* resolver.c: fills the pool's targets, at once (true) or later from a thread, which ends in pg_pool_resolved.
 */
bool pg_resolve(struct pg_pool *pool);
void pg_resolve_abandon(struct pg_pool *pool);

/* connection.c */
void pg_connection_start(struct pg_connection *connection);
/* Goes on with the connections that waited for the names; none if `reason` says why there are no targets. */
void pg_pool_resolved(struct pg_pool *pool, const char *reason);
/* After each call of libpq: sends what is left, notices the connection's death, watches its silence. */
void pg_connection_settle(struct pg_connection *connection);
/* Of no more use from now on; it is taken down from the loop. */
void pg_connection_break(struct pg_connection *connection, const char *reason);
void pg_connection_close(struct pg_connection *connection);

/* pipeline.c: each takes a slot; a call is answered when the server has (or the connection is taken down). */
void pg_send_statement(struct pg_connection *connection, struct pg_call *call);
/* COMMIT or ROLLBACK; `call` may be NULL. */
void pg_send_command(struct pg_connection *connection, const char *command, struct pg_call *call);
/* Deals with all answers that have arrived. */
void pg_receive(struct pg_connection *connection);
/* Answers every call that has a slot: the connection is gone. */
void pg_slots_fail(struct pg_connection *connection);

/* lane.c */
void pg_call_begin(struct pg_call *call, struct pg_pool *pool);
void pg_call_finish(struct pg_call *call, result outcome);
/* Queues the call, or sends it at once; it is answered in any case. */
void pg_lane_submit(struct pg_lane *lane, struct pg_call *call);
/* Gives what is queued to connections that have room, makes connections for the rest, and turns it away when
 * none can be made now. */
void pg_lane_pump(struct pg_lane *lane);
/* The holder is done with it. */
void pg_lease_return(struct pg_connection *connection);

/* value.c */
struct pg_parameters {
    const char *values[DB_PARAMETERS_MAX];
    int lengths[DB_PARAMETERS_MAX];
    int formats[DB_PARAMETERS_MAX];
    unsigned char numbers[DB_PARAMETERS_MAX][sizeof(int64_t)];
};
Oid pg_type_oid(enum db_type type);
/* Points into `arguments`. */
void pg_parameters_fill(struct pg_parameters *parameters, const struct statement *statement,
                        const struct db_value *arguments);
/* Rows in the task's arena. INTERNAL if they are not what the statement declares. */
NODISCARD result pg_rows_read(struct task *task, const struct statement *statement, const PGresult *answer,
                              struct db_rows *ret_rows);

/* sqlstate.c: the failure an error means, with the operator's reason in the fault. `name`: of what failed. */
NODISCARD result pg_failure(struct task *task, const char *name, const PGresult *error);
/* The statement was not run because its prepared form is missing or outdated. */
bool is_stale_statement(const PGresult *error);
/* The server has become a standby. */
bool is_read_only_server(const PGresult *error);

#endif
