// SPDX-License-Identifier: MIT
#include "webhook_receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fake_server.h"

static struct fake_server receiver;
struct received requests[RECEIVED_MAX];
_Atomic size_t request_count;

static void say(int fd, const char *status)
{
    char text[128];
    const int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
    (void)!send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

/* What follows a name, up to one of `ends`. */
static void take_after(const char *input, const char *name, const char *ends, char *ret_text, size_t size)
{
    const char *found = strstr(input, name);
    if (!found) return;
    found += strlen(name);
    snprintf(ret_text, size, "%.*s", (int)strcspn(found, ends), found);
}

static struct received parse(const char *input)
{
    struct received request = {0};
    char number[32] = "0";
    char signatures[256] = "";
    take_after(input, "POST ", " ?", request.path, sizeof request.path);
    take_after(input, "webhook-id: ", "\r", request.id, sizeof request.id);
    take_after(input, "webhook-signature: ", "\r", signatures, sizeof signatures);
    take_after(input, "\"seq\":", ",}", number, sizeof number);
    request.seq = atoll(number);
    request.has_two_signatures = strchr(signatures, ' ') != NULL;
    return request;
}

/* A good status, and more behind it than anybody reads. */
static void talk(int fd)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    static const char body[100000];
    (void)!send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
    for (int i = 0; i < 10; i++)
        if (send(fd, body, sizeof body, MSG_NOSIGNAL) < 0) return;
}

/* A good status, and not all that was promised behind it. */
static void stall(int fd)
{
    static const char begun[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx";
    (void)!send(fd, begun, sizeof begun - 1, MSG_NOSIGNAL);
}

/* Slow: no answer at all. */
static bool serve(int fd, const char *input, size_t len)
{
    char text[65536];
    snprintf(text, sizeof text, "%.*s", (int)len, input);
    if (strncmp(text, "POST ", 5) != 0) return true;
    const struct received request = parse(text);
    if (request_count < RECEIVED_MAX) requests[request_count++] = request;
    if (strcmp(request.path, "/good") == 0) say(fd, "204 No Content");
    if (strcmp(request.path, "/bad") == 0) say(fd, "500 Internal Server Error");
    if (strcmp(request.path, "/gone") == 0) say(fd, "410 Gone");
    if (strcmp(request.path, "/talks") == 0) talk(fd);
    if (strcmp(request.path, "/stalls") == 0) stall(fd);
    if (strcmp(request.path, "/busy") == 0) say(fd, "503 Service Unavailable\r\nRetry-After: 3600");
    if (strcmp(request.path, "/bold") == 0) say(fd, "429 Too Many Requests\r\nRetry-After: 999999999");
    if (strcmp(request.path, "/away") == 0) say(fd, "307 Temporary Redirect\r\nLocation: /good");
    return true;
}

void webhook_receiver_start(void)
{
    fake_server_start_on(&receiver, serve, "127.0.0.1", 0);
}

void webhook_receiver_stop(void)
{
    fake_server_stop(&receiver);
}

const char *webhook_receiver_url(void)
{
    return receiver.url;
}
