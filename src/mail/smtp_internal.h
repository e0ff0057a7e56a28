/* smtp_internal.h — how the mail server is reached. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_SMTP_INTERNAL_H
#define AUTH_MAIL_SMTP_INTERNAL_H

#include <stdatomic.h>

#include "auth/mail/smtp.h"

struct smtp {
    struct arena *arena;
    const char *url;  /* without credentials */
    const char *user; /* NULL: nobody signs in */
    struct secret password;
    const char *ca_file; /* NULL: the system's authorities */
    enum smtp_starttls starttls;
    int64_t timeout_ms;
    atomic_bool is_aborted;
};

#endif
