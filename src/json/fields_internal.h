/* fields_internal.h — what the readers of JSON and of forms share: paths, refusals, checks of values.
 * Errors:  a refused value is noted in the task's fault by its path; the values themselves are never
 *          quoted, for any of them may be a password in the wrong place.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_JSON_FIELDS_INTERNAL_H
#define AUTH_JSON_FIELDS_INTERNAL_H

#include "auth/json/fields.h"

#define NAME_SHOWN_MAX 64u /* bytes of a foreign name that are repeated to the client */

/* The way to a member, from the inside out; NULL is the whole document. */
struct path {
    const struct path *parent;
    struct str key;
    size_t index;      /* of an item */
    bool is_item;      /* in an array */
    bool is_parameter; /* of a form: named plainly, RFC 6749 has no pointers */
};

/* One member being read. */
struct member {
    const struct field *row;
    struct task *task;
    const struct path *path;
};

/* RFC 6901, escaped. */
const char *path_print(const struct path *path, struct arena *arena);
/* The name a JSON string with its quotes spells; the bytes between the quotes if it cannot be decoded. */
struct str key_decode(struct arena *arena, struct str quoted);

/* Adds the member to the fault's list of fields; costs nothing once the list is full. */
void path_refuse(struct task *task, const struct path *path, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
#define member_refuse(member, code, ...) path_refuse((member)->task, (member)->path, (code), __VA_ARGS__)

/* "must be a string": what the row's type takes. */
const char *type_sentence(enum field_type type);

bool text_is_fine(const struct member *member, struct str text);
bool number_is_fine(const struct member *member, int64_t value);
bool count_is_fine(const struct member *member, size_t count);

/* Each writes `target` from text, or refuses. */
void read_string(const struct member *member, struct str text, void *target);
void read_secret(const struct member *member, struct str text, void *target);
void read_choice(const struct member *member, struct str text, void *target);
void read_id(const struct member *member, struct str text, void *target);
void read_time(const struct member *member, struct str text, void *target);
void read_integer(const struct member *member, int64_t value, void *target);
void read_epoch(const struct member *member, double seconds, void *target);

static inline void *member_at(void *structure, const struct field *row)
{
    return (char *)structure + row->offset;
}

void presence_set(const struct field *row, void *structure, enum presence presence);

#endif
