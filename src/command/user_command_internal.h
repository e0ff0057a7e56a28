/* user_command_internal.h — what the parts of `auth user` share. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_USER_COMMAND_INTERNAL_H
#define AUTH_COMMAND_USER_COMMAND_INTERNAL_H

#include "auth/domain/service.h"
#include "command_line_internal.h"

struct user_work {
    const struct command_line *line;
    const char *name;
    const char *roles;
    const char *groups;
    const char *locale;
    bool is_mailed;
    struct secret password;
};

/* `auth user invite`, `auth user link`; the argument is a struct user_work. */
NODISCARD result user_invite(struct service *service, struct task *task, void *argument);
NODISCARD result user_link(struct service *service, struct task *task, void *argument);

#endif
