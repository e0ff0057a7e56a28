/* personal_data.h — what is kept of a person, as one document for that person; and its end.
 * Shape:   {"generated_at", "data": {"account": {...}, "sessions": [...], ...}, "truncated": [...]}: a list for each kind of
 *          data, newest first; no hash, secret or digest. A list that is too long for one document ends early and is named in
 *          "truncated"; the newest are there.
 * Errors:  NOT_FOUND, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  Regulation (EU) 2016/679, articles 15, 17 and 20.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_PERSONAL_DATA_H
#define AUTH_DOMAIN_PERSONAL_DATA_H

#include "auth/domain/service.h"

NODISCARD result personal_data_export(struct service *service, struct task *task, struct id account_id,
                                      struct str *ret_json);

#endif
