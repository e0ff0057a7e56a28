// SPDX-License-Identifier: MIT
#include "redis_pair.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct redis_server server;
struct instance first;
struct instance second;

void with_server(void (*body)(void))
{
    redis_server_start(&server, NULL);
    in_fiber(body);
    redis_server_stop(&server);
}

void both_open(void)
{
    instance_open(&first, server.url);
    instance_open(&second, server.url);
    cr_expect(instance_is_up(&first));
    cr_expect(instance_is_up(&second));
}

void both_close(void)
{
    instance_close(&first);
    instance_close(&second);
}

/* The one key there is, without the reply's framing. */
void only_key(char ret_key[64])
{
    const char *reply = redis_server_ask(&server, "KEYS auth1:*");
    const char *key = strstr(reply, "auth1:");
    cr_expect(key && strncmp(reply, "*1\r\n", 4) == 0, "%s", reply);
    snprintf(ret_key, 64, "%.38s", key ? key : "");
}

/* The command is `verb` with the key in the place of the %. */
void ask_about(const char *verb, const char *key, const char *expected)
{
    char command[128];
    const size_t verb_len = strcspn(verb, "%");
    const char *rest = verb[verb_len] == '%' ? verb + verb_len + 1 : "";
    snprintf(command, sizeof command, "%.*s%s%s", (int)verb_len, verb, key, rest);
    const char *reply = redis_server_ask(&server, command);
    cr_expect(strncmp(reply, expected, strlen(expected)) == 0, "%s: %s", command, reply);
}
