/* openapi_internal.h — JSON on one line, laid out for readers and their diffs. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_OPENAPI_INTERNAL_H
#define AUTH_HTTP_OPENAPI_INTERNAL_H

#include "auth/base/strbuf.h"

/* Two spaces a level, one member a line; `json` is valid and compact. Ends with a newline. */
void json_lay_out(struct str json, struct strbuf *out);

#endif
