/* factor_api_internal.h — second factors, two-step sign-in and fresh authentication: rows for routes.c. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_FACTOR_API_INTERNAL_H
#define AUTH_API_FACTOR_API_INTERNAL_H

#include "api_internal.h"

HANDLER(factors_get);
HANDLER(factors_post);
HANDLER(factor_get);
HANDLER(factor_patch);
HANDLER(factor_delete_own);
HANDLER(factor_verify_post);
HANDLER(login_continue_post);
HANDLER(login_enroll_post);
HANDLER(reauth_post);
HANDLER(admin_factors_get);
HANDLER(admin_factors_delete);
HANDLER(admin_mfa_put);

extern const struct fields factor_list_reply_fields, factor_reply_fields, factor_post_body_fields,
    factor_created_fields, factor_patch_body_fields, factor_verify_body_fields, factor_verified_fields;
extern const struct fields login_continue_body_fields, login_enroll_body_fields, reauth_body_fields;
extern const struct fields authz_query_fields;
extern const struct fields admin_mfa_body_fields;

enum acr_index { ACR_INDEX_ONE, ACR_INDEX_TWO };

/* "acr" and "max_age" as RFC 9470 has them. */
struct authz_query {
    int acr;
    int64_t max_age_seconds;
    enum presence acr_presence;
    enum presence max_age_presence;
    struct str scope; /* words, all of which are demanded */
    struct str group; /* names by commas, one of which is demanded */
    struct str role;  /* the same */
};

/* The factors of an account as its owner and administrators see them. */
NODISCARD result reply_factors(struct request *request, struct id account_id, struct response *response);

/* STEP_UP_REQUIRED, telling what is wanted, unless the caller's authentication is as strong and as recent. A negative age:
 * any. */
NODISCARD result check_step_up(struct request *request, bool needs_two_factors, int64_t max_age_seconds);
/* That two factors are wanted, for a STEP_UP_REQUIRED that comes from elsewhere. */
void tell_two_factors(struct request *request);

#endif
