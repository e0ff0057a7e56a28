/* redis_server.h — a throw-away Redis on a Unix socket in a folder of its own.
 * Errors:  a server that does not start ends the test program.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_REDIS_SERVER_H
#define AUTH_TESTS_REDIS_SERVER_H

#include <sys/types.h>

struct redis_server {
    char folder[64];
    char socket[96];
    char url[128];
    const char *password; /* NULL: none */
    pid_t pid;            /* 0: not running */
};

void redis_server_start(struct redis_server *server, const char *password);
/* kill -9 */
void redis_server_kill(struct redis_server *server);
void redis_server_restart(struct redis_server *server);
void redis_server_pause(const struct redis_server *server);
void redis_server_resume(const struct redis_server *server);
/* Kills it and removes its folder. */
void redis_server_stop(struct redis_server *server);

/* Sends the words of one command ("SET k v", no word with spaces) and gives the beginning of the raw reply.
 */
const char *redis_server_ask(const struct redis_server *server, const char *command);

#endif
