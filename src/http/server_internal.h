/* server_internal.h — the parts of one server: its connections, the exchanges on them, the way out.
 * Shape:   connection: one per socket, from accept to close; exchange: one per request, pooled with its
 *          arena.
 * Threads: the loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_SERVER_INTERNAL_H
#define AUTH_HTTP_SERVER_INTERNAL_H

#include <microhttpd.h>

#include "auth/http/server.h"
#include "auth/http/stream.h"
#include "auth/loop/fiber.h"
#include "guard_internal.h"
#include "listener_internal.h"
#include "proxy_internal.h"

#define SHARED_RESPONSES_MAX 16u
#define EMPTY_FIELDS_MAX     6u
#define EMPTY_VALUE_BYTES    256u
#define STREAM_BLOCK_BYTES   ((size_t)16 * 1024)

struct http_server;

struct connection {
    struct http_server *server;
    struct connection *next;
    struct connection *previous;
    int fd;
    struct client_address peer;
    bool is_trusted;
    bool is_closing;     /* shut down by us; libmicrohttpd will notice */
    bool has_begun;      /* a request line has come on it */
    int64_t deadline_ms; /* what is under way must have ended; INT64_MAX while a handler works */
    struct http_exchange *exchange;
};

/* A request's way through libmicrohttpd's callbacks. */
enum phase {
    PHASE_HEAD,    /* the request line has come */
    PHASE_BODY,    /* the head was accepted */
    PHASE_SERVING, /* the fiber runs or waits */
    PHASE_SERVED,  /* the response stands, not handed over yet */
    PHASE_SENT     /* handed over to libmicrohttpd */
};

/* An answer in pieces. */
struct stream {
    struct http_exchange *exchange;
    char *buffer; /* what the client has not taken yet */
    size_t len;
    struct wait *wait; /* the writer's, while it waits */
    struct timer timer;
    bool is_woken;     /* while it did not wait */
    bool needs_room;   /* that is what it waits for */
    bool is_late;      /* it has waited as long as it wanted to */
    bool is_suspended; /* the library waits for us */
    bool has_ended;    /* nothing more will be written */
    bool is_gone;      /* nobody reads any more */
    bool is_draining;
};

struct http_exchange {
    struct http_exchange *next_free;
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    struct fiber_job job;
    enum phase phase;
    bool is_suspended;
    bool is_refused;
    struct str target;
    struct strbuf body;
    struct request request;
    struct response response;
    struct stream *stream; /* in the request's arena; NULL: an answer in one piece */
    int64_t answered_us;   /* monotonic; when the head of a stream stood */
    bool is_detached;      /* the library is done with it, its fiber is not */
    int sent_status;
    size_t field_count;
    struct header_field fields[REQUEST_FIELDS_MAX];
};

/* A prebuilt response as this server's libmicrohttpd object: all its fields but the request id are set once.
 */
struct shared_response {
    struct prebuilt *prebuilt;
    struct MHD_Response *mhd;
    char request_id[HTTP_REQUEST_ID_MAX + 1];
};

/* All responses without content, one after the other: the fixed fields stay, those of the last one, kept here to be
 * found again, make way for the next one's. To make and unmake the object costs more than the rest of a small answer. */
struct empty_response {
    struct MHD_Response *mhd; /* NULL before the first */
    size_t field_count;
    struct {
        const char *name;
        char value[EMPTY_VALUE_BYTES];
    } fields[EMPTY_FIELDS_MAX];
};

struct http_server {
    struct http_server_options options;
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct arena *arena;
    struct listener listener;
    struct trusted_proxies proxies;
    struct watch watch;
    struct timer again; /* libmicrohttpd is to be run again at once */
    struct timer sweep;
    struct connection *connections;
    size_t connection_count;
    struct http_exchange *free_exchanges;
    size_t free_exchange_count;
    size_t active_exchanges;
    size_t waiting_exchanges;
    struct shared_response shared[SHARED_RESPONSES_MAX];
    size_t next_shared;
    struct empty_response empty;
    unsigned char id_prefix[8]; /* random; request ids are this and the count */
    uint64_t request_count;
    bool is_draining;
};

/* connection.c */
void connection_notify(void *server, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);
struct connection *connection_of(struct MHD_Connection *mhd);
/* Closes what is late; called by the sweep timer. */
void connections_sweep(struct http_server *server);
/* Idle connections get a short time to send one more request. */
void connections_drain(struct http_server *server);
void connection_is_receiving(struct connection *connection);
void connection_is_working(struct connection *connection);
void connection_is_sending(struct connection *connection);
void connection_is_idle(struct connection *connection);

/* exchange.c */
void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_handle(void *server, struct MHD_Connection *mhd, const char *target,
                                const char *method, const char *version, const char *data, size_t *data_len,
                                void **context);
void exchange_completed(void *server, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode code);
void exchanges_destroy(struct http_server *server);

/* stream.c */
void stream_begin(struct http_exchange *exchange);
/* The writer has returned. */
void stream_end(struct http_exchange *exchange);
/* The connection is gone. */
void stream_lost(struct http_exchange *exchange);
/* The server is draining: the writer comes to an end. */
void stream_drain(struct http_exchange *exchange);
struct MHD_Response *stream_response(struct http_exchange *exchange);

/* send.c */
enum MHD_Result exchange_send(struct http_exchange *exchange);
void shared_responses_destroy(struct http_server *server);

#endif
