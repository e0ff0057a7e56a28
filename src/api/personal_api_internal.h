/* personal_api_internal.h — the document of a person's own data. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_PERSONAL_API_INTERNAL_H
#define AUTH_API_PERSONAL_API_INTERNAL_H

#include "api_internal.h"

extern const struct fields personal_data_fields;

result me_export_get(struct request *request, const void *body, struct response *response);

#endif
