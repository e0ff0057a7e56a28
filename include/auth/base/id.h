/* id.h — identifiers of accounts, sessions, keys: UUIDs that sort by time.
 * Shape:   16 bytes, RFC 9562 version 7; printed in lower case with hyphens, 36 characters.
 * Note:    an id is a name, not a secret: nothing is granted for knowing one.
 * Source:  RFC 9562 §5.7; method of the monotonic random counter in §6.2.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_ID_H
#define AUTH_BASE_ID_H

#include "auth/base/clock.h"
#include "auth/base/str.h"

#define ID_BYTES     16u
#define ID_TEXT_SIZE 37u /* with NUL */

struct id {
    unsigned char bytes[ID_BYTES];
};

struct id_list {
    const struct id *items;
    size_t count;
};

/* Ids made by one thread ascend, also within a millisecond and when `wall_ms` is up to ten seconds behind an
 * earlier one. */
struct id id_new(int64_t wall_ms);
/* That time, and each further byte `rest`: with 0 no id of that time is less. Times before 1970 count as 1970. */
struct id id_of_time(int64_t wall_ms, unsigned char rest);
bool id_equal(struct id a, struct id b);
bool is_nil(struct id id);
void id_print(struct id id, char ret_text[ID_TEXT_SIZE]);
/* The printed form only; false on anything else. */
bool id_parse(struct str text, struct id *ret_id);

#endif
