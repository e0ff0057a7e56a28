/* factor_fixture.h — accounts with second factors, in few words, on a domain fixture.
 * Shape:   the authenticator program is the code under test's own arithmetic, which unit tests hold to the RFC.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_FACTOR_FIXTURE_H
#define AUTH_TESTS_FACTOR_FIXTURE_H

#include "auth/domain/factors.h"
#include "auth/domain/login_challenge.h"
#include "domain_fixture.h"

#define AGENT "test agent"

/* Somebody with an account and an authenticator program. */
struct guarded {
    struct account account;
    struct secret seed; /* lives in the visitor's arena */
    struct str recovery_codes[RECOVERY_CODES_COUNT];
};

/* Signs ADA up and confirms a factor, at the fixture's time. */
void guarded_begin(struct visitor *visitor, struct guarded *ret_guarded);

/* What base32 spells, as an authenticator program reads it. */
struct secret seed_of(struct visitor *visitor, struct secret text);
/* The code of a step that many steps from the visitor's time. */
struct secret code_at(struct visitor *visitor, struct secret seed, int64_t drift);

/* The first step, which must ask for the second; the login token. */
struct secret first_step(struct visitor *visitor);
result second_step(struct visitor *visitor, struct secret login_token, enum second_factor_kind kind,
                   struct secret code);

#endif
