/* request_fields.h — header fields for a request that came over no socket. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_REQUEST_FIELDS_H
#define AUTH_TESTS_REQUEST_FIELDS_H

#include "auth/http/request.h"

/* Adds a field; NULL values are left out. */
void request_add_field(struct request *request, const char *name, const char *value);

#endif
