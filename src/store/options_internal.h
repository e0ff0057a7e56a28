/* options_internal.h — the parts of reading SQL_URI. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_OPTIONS_INTERNAL_H
#define AUTH_STORE_OPTIONS_INTERNAL_H

#include "auth/store/store.h"

/* `rest` is what follows "postgresql://"; sets uri and display. */
NODISCARD result postgres_uri_parse(struct task *task, struct str rest, struct store_options *options);

#endif
