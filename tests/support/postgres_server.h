/* postgres_server.h — a throw-away PostgreSQL on a Unix socket in a folder of its own.
 * Note:    run as root, the server runs as the user postgres.
 * Errors:  a server that does not start ends the test program.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_POSTGRES_SERVER_H
#define AUTH_TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#define POSTGRES_SERVER_PASSWORD "pencil-and-paper"

struct postgres_server {
    char folder[64];
    char uri[192]; /* for SQL_URI */
    int port;      /* 0: the socket alone; else 127.0.0.1 too */
    pid_t pid;     /* 0: not running */
};

/* Makes a cluster and starts it; trust authentication, database and role `postgres`. */
void postgres_server_start(struct postgres_server *server);
/* The same, listening on a free port of 127.0.0.1 as well, where the role
 * `reader` is asked for the password; the uri goes there. */
void postgres_server_start_tcp(struct postgres_server *server);
/* "Immediate": connections are cut, the log is replayed at the next start. */
void postgres_server_crash(struct postgres_server *server);
/* Starts it again and returns when it takes connections. */
void postgres_server_restart(struct postgres_server *server);
/* Every process of it stands still, or goes on. */
void postgres_server_pause(const struct postgres_server *server);
void postgres_server_resume(const struct postgres_server *server);
/* Stops it and removes its folder. Accepts one that is not running. */
void postgres_server_stop(struct postgres_server *server);

/* Runs SQL on a connection of its own; ends the program if that fails. */
void postgres_server_run(const struct postgres_server *server, const char *sql);
/* The first cell of the answer as a number. */
long long postgres_server_ask(const struct postgres_server *server, const char *sql);

#endif
