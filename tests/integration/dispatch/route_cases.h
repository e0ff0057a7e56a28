/* route_cases.h — a call for each row of the route table, made of what the row itself says. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_ROUTE_CASES_H
#define AUTH_TESTS_ROUTE_CASES_H

#include "api_fixture.h"

struct route_case {
    const char *what;
    struct call call;
    int status; /* 0: whatever it is, below 500 */
};

/* What stands for the parameters of paths. */
struct route_names {
    const char *bearer; /* of somebody who may do everything */
    const char *user_id;
    const char *group_id;
    const char *role;
    const char *client_id;
    const char *webhook_id;
    const char *delivery_id;
};

/* The path with its parameters filled in, the body with the examples of what it must have. */
struct route_case route_case_make(struct arena *arena, const struct route *route,
                                  const struct route_names *names);

#endif
