/* api_fixture.h — requests served by dispatch, with the rules and a real database behind it and no socket before it. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_API_FIXTURE_H
#define AUTH_TESTS_API_FIXTURE_H

#include "auth/api/api.h"
#include "domain_fixture.h"

#define ALLOWED_ORIGIN "https://app.example.net"

struct api_fixture {
    struct domain_fixture *domain;
    struct arena *arena;
    struct api_shared shared;
    struct api api;
};

/* Before a fixture of the rules that is open; its loop, its service. */
void api_fixture_open(struct api_fixture *fixture, struct domain_fixture *domain);
void api_fixture_close(struct api_fixture *fixture);

/* What is asked; empty members are left out of the request. */
struct call {
    enum http_method method;
    const char *path;
    const char *authorization;
    const char *content_type;
    const char *origin;
    struct str query;
    struct str body;
    bool is_operations;
};

struct answer {
    int status;
    struct str body; /* of answers that are not prebuilt */
    const struct response *response;
};

/* On a fiber; the answer lives in the visitor's arena. The request id is always the same. */
struct answer serve_call(struct api_fixture *fixture, struct visitor *visitor, const struct call *call);
/* The field's value, or the empty text. */
struct str header_of(const struct answer *answer, const char *name);

#endif
