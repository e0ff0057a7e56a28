/* fields.h — a structure described as a table of fields: read from JSON or a form, written as JSON, printed
 * as schema.
 * Shape:   one row per member: name, type, where it lies in the structure, limits, words for the reader.
 * Errors:  MALFORMED_JSON (not a JSON object, too deep, too many members, bad UTF-8, NUL, duplicate key) with
 *          the place; VALIDATION_FAILED with every offending field in the task's fault. Values are never
 *          repeated. Codes of fields: required, unknown, wrong_type, too_short, too_long, too_small,
 *          too_large, not_a_choice, not_an_id, not_a_time, control_character, duplicate, too_many, too_deep,
 *          malformed.
 * Owner:   what is read lives in the task's arena; secrets are copied into it and wiped with it.
 * Threads: tables are constant.
 * Source:  RFC 8259; RFC 6901 (pointers); OWASP ASVS 15.3.3 (unknown members are refused); RFC 7396 (null in
 *          patches).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_JSON_FIELDS_H
#define AUTH_JSON_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "auth/base/id.h"
#include "auth/base/secret.h"
#include "auth/base/strbuf.h"
#include "auth/base/task.h"

#define JSON_DEPTH_MAX  8u
#define JSON_KEYS_MAX   64u   /* members of one object, items of one array */
#define JSON_STRING_MAX 4096u /* bytes, when a row names no smaller limit */

enum field_type {
    FIELD_STRING,  /* struct str; limits in code points */
    FIELD_SECRET,  /* struct secret; limits in code points */
    FIELD_INTEGER, /* int64_t; limits of the value */
    FIELD_BOOLEAN, /* bool */
    FIELD_CHOICE,  /* int: index into choices */
    FIELD_ID,      /* struct id */
    FIELD_TIME,    /* int64_t Unix milliseconds, RFC 3339 text in JSON */
    FIELD_EPOCH,   /* int64_t Unix milliseconds, whole seconds since 1970 in JSON (RFC 7519 NumericDate) */
    FIELD_STRINGS, /* struct str_list: array of strings */
    FIELD_OBJECT,  /* the structure described by `object`, in place */
    FIELD_OBJECTS, /* struct object_list: array of the structures described by `object` */
    FIELD_RAW /* struct str: JSON text, written as it is; reading takes an object, as compact text with its
                      members in order of their names; limit in bytes; not in forms */
};

enum field_flags {
    FIELD_REQUIRED = 1u << 0,  /* reading: must be there. Writing: always written */
    FIELD_NULLABLE = 1u << 1,  /* reading: null is taken as "remove"; writing: null when not present */
    FIELD_MULTILINE = 1u << 2, /* control characters \n and \t are taken in a string; all others never are */
    FIELD_SHOWN =
        1u << 3, /* a secret that is handed out, as a token in a reply: not write-only in the schema */
    FIELD_SPREAD =
        1u << 4 /* writing FIELD_RAW: members without braces, written beside the others; the table is
                              one that ignores_unknown */
};

struct str_list {
    const struct str *items;
    size_t count;
};

struct object_list {
    const void *items; /* array of the described structure */
    size_t count;
};

/* How a member was given; a row may name where this is kept (presence_offset). */
enum presence { PRESENCE_ABSENT, PRESENCE_NULL, PRESENCE_VALUE };

struct fields;

struct field {
    const char *name;
    enum field_type type;
    unsigned flags;
    size_t offset;
    size_t presence_offset;     /* of an enum presence, or 0 when nobody asks: never the first member of a
                                   structure */
    int64_t min;                /* code points, value or items; 0, 0: only the general limits */
    int64_t max;                /* below min: no upper limit */
    const char *const *choices; /* NULL-terminated, FIELD_CHOICE */
    const struct fields *object;
    const char *description; /* for the API document */
    const char *example;     /* JSON text */
};

struct fields {
    const char *title;
    const struct field *rows;
    size_t count;
    size_t size; /* of the structure */
    bool
        ignores_unknown; /* other parties' objects (JWT claims), links that others write into; our own bodies refuse */
};

/* Seeds the parser's hashes and makes it wipe what it releases; call once, before any thread, after
 * random_init. */
void json_init(void);

/* Reads one JSON object. `ret_value` is zeroed first and filled even in part when fields are refused. */
NODISCARD result fields_read_json(const struct fields *fields, struct task *task, struct str json,
                                  void *ret_value);

/* Reads application/x-www-form-urlencoded parameters; a repeated parameter is refused (RFC 6749 §3.2), an
 * empty one counts as absent, unknown ones are ignored (RFC 6749 §3.2). INVALID_REQUEST names the offending
 * parameters. */
NODISCARD result fields_read_form(const struct fields *fields, struct task *task, struct str form,
                                  void *ret_value);

/* Reads the query of a URL, as a form, but names unknown parameters, too, unless the table ignores them: a filter with a
 * slip of the pen is not one that lets all through. VALIDATION_FAILED. */
NODISCARD result fields_read_query(const struct fields *fields, struct task *task, struct str query,
                                   void *ret_value);

/* Writes one JSON object. Absent optional members are left out: those a presence says so of, else empty text,
 * NULL lists, nil ids, time 0; numbers, booleans, choices and objects without a presence are always written.
 */
void fields_write_json(const struct fields *fields, const void *value, struct strbuf *out);

/* Writes the JSON Schema (2020-12, as OpenAPI 3.1 uses it) of the object. */
void fields_write_schema(const struct fields *fields, struct strbuf *out);

/* True if the presence of the row's member was given, be it as null (for patches). */
static inline bool is_present(enum presence presence)
{
    return presence != PRESENCE_ABSENT;
}

#define FIELDS(rows_array, structure, title_text)                                      \
    {                                                                                  \
        .title = (title_text), .rows = (rows_array), .count = ARRAY_COUNT(rows_array), \
        .size = sizeof(structure)                                                      \
    }

#endif
