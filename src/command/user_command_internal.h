/* user_command_internal.h — the parts of `auth user`. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_USER_COMMAND_INTERNAL_H
#define AUTH_COMMAND_USER_COMMAND_INTERNAL_H

#include "auth/domain/users.h"
#include "command_line_internal.h"

struct user_work {
    const struct command_line *line; /* its values: the roles */
    const char *name, *email, *locale, *external_id, *reason;
    const char *status, *prefix, *group, *created_after, *created_before;
    const char *roles, *groups; /* of an invitation, parted by spaces */
    const char *replacement;    /* of the claims: JSON, a file that holds it, or - */
    bool is_mailed;
    bool is_administrator, is_verified, is_unverified;
    bool demands_mfa, allows_no_mfa;
    bool has_no_password, sends_link, prints_link;
    bool is_immediate, says_yes, ends_sessions;
    struct secret password;
    struct str claims; /* what is to be in their place, as it was given */
};

/* user_show.c: what is printed. */
NODISCARD result user_list(struct service *service, struct task *task, void *argument);
NODISCARD result user_show(struct service *service, struct task *task, void *argument);
NODISCARD result user_sessions(struct service *service, struct task *task, void *argument);
/* user_claims.c: what is said of the account in its tokens. */
NODISCARD result user_claims(struct service *service, struct task *task, void *argument);
/* Reads what --replace names. False, having said why. */
bool user_claims_read(struct arena *arena, struct user_work *work);
/* user_links.c: invitations and links that are handed over. */
NODISCARD result user_invite(struct service *service, struct task *task, void *argument);
NODISCARD result user_link(struct service *service, struct task *task, void *argument);
/* The account as it is now. */
NODISCARD result user_print(struct service *service, struct task *task, struct id id, bool is_json);

#endif
