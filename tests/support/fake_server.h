/* fake_server.h — a server on a Unix socket or a port that answers whatever it is told to: a thread that reads a piece
 * of input and gives it to a script together with the socket.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_FAKE_SERVER_H
#define AUTH_TESTS_FAKE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Called for each piece of input of each connection; false closes that connection. */
typedef bool fake_script(int fd, const char *input, size_t len);

struct fake_server {
    char path[96]; /* empty: on a port */
    char url[128];
    int port;
    fake_script *script;
    int listener;
    int stop_pipe[2];
    pthread_t thread;
    atomic_uint connections; /* ever accepted */
};

void fake_server_start(struct fake_server *server, fake_script *script);
/* On an address of this machine; port 0: any that is free. */
void fake_server_start_on(struct fake_server *server, fake_script *script, const char *address, int port);
void fake_server_stop(struct fake_server *server);

#endif
