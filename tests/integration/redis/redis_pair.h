/* redis_pair.h — a throw-away Redis and two instances of the cache on one loop.
 * Owner:   the suite; each test starts its own server.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_REDIS_PAIR_H
#define AUTH_TESTS_REDIS_PAIR_H

#include "cache_fixture.h"
#include "redis_server.h"

extern struct redis_server server;
extern struct instance first;
extern struct instance second;

void with_server(void (*body)(void));
void both_open(void);
void both_close(void);
void only_key(char ret_key[64]);
void ask_about(const char *verb, const char *key, const char *expected);

#endif
