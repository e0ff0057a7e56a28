// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "fields_internal.h"

#define EPOCH_SECONDS_MAX 253402300799.0 /* the end of the year 9999, the last RFC 3339 can print */

const char *type_sentence(enum field_type type)
{
    static const char *const sentences[] = {
        [FIELD_STRING] = "must be a string",
        [FIELD_SECRET] = "must be a string",
        [FIELD_INTEGER] = "must be a whole number",
        [FIELD_BOOLEAN] = "must be true or false",
        [FIELD_CHOICE] = "must be a string",
        [FIELD_ID] = "must be a string holding an id",
        [FIELD_TIME] = "must be a string holding a time",
        [FIELD_EPOCH] = "must be a number of seconds since 1970",
        [FIELD_STRINGS] = "must be an array of strings",
        [FIELD_OBJECT] = "must be an object",
        [FIELD_OBJECTS] = "must be an array of objects",
        [FIELD_RAW] = "must be an object",
    };
    return sentences[type];
}

void presence_set(const struct field *row, void *structure, enum presence presence)
{
    if (row->presence_offset == 0) return;
    memcpy((char *)structure + row->presence_offset, &presence, sizeof(presence));
}

/* C0, DEL and C1: the sets that terminals, logs and mail headers act upon. */
static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

static bool has_control(const struct field *row, struct str text)
{
    const bool takes_lines = row->flags & FIELD_MULTILINE;
    uint32_t code_point = 0;
    while (text.len > 0) {
        text = str_from_offset(text, printable_prefix(text, false));
        if (text.len == 0) return false;
        const size_t count = utf8_next(text, &code_point);
        if (count == 0) return true;
        const bool is_taken = takes_lines && (code_point == '\n' || code_point == '\t');
        if (is_control(code_point) && !is_taken) return true;
        text = str_from_offset(text, count);
    }
    return false;
}

static bool length_is_fine(const struct member *member, struct str text)
{
    const struct field *row = member->row;
    const int64_t length = (int64_t)utf8_count(text);
    if (length < row->min) {
        member_refuse(member, "too_short", "must have at least %" PRId64 " character%s", row->min,
                      row->min == 1 ? "" : "s");
        return false;
    }
    if (row->max > 0 && length > row->max) {
        member_refuse(member, "too_long", "must have at most %" PRId64 " character%s", row->max,
                      row->max == 1 ? "" : "s");
        return false;
    }
    if (row->max == 0 && text.len > JSON_STRING_MAX) {
        member_refuse(member, "too_long", "must have at most %u bytes", JSON_STRING_MAX);
        return false;
    }
    return true;
}

static bool control_is_absent(const struct member *member, struct str text)
{
    if (!has_control(member->row, text)) return true;
    member_refuse(member, "control_character", "must not contain control characters%s",
                  member->row->flags & FIELD_MULTILINE ? " other than line feed and tab" : "");
    return false;
}

bool text_is_fine(const struct member *member, struct str text)
{
    return length_is_fine(member, text) && control_is_absent(member, text);
}

/* An upper limit below the lower one is no limit: rows may give `min` alone. */
bool number_is_fine(const struct member *member, int64_t value)
{
    const struct field *row = member->row;
    if (row->min == 0 && row->max == 0) return true;
    if (value < row->min) {
        member_refuse(member, "too_small", "must be at least %" PRId64, row->min);
        return false;
    }
    if (row->max >= row->min && value > row->max) {
        member_refuse(member, "too_large", "must be at most %" PRId64, row->max);
        return false;
    }
    return true;
}

bool count_is_fine(const struct member *member, size_t count)
{
    const struct field *row = member->row;
    const int64_t max = row->max > 0 ? row->max : (int64_t)JSON_KEYS_MAX;
    if ((int64_t)count > max) {
        member_refuse(member, "too_many", "must have at most %" PRId64 " item%s", max, max == 1 ? "" : "s");
        return false;
    }
    if ((int64_t)count < row->min) {
        member_refuse(member, "too_short", "must have at least %" PRId64 " item%s", row->min,
                      row->min == 1 ? "" : "s");
        return false;
    }
    return true;
}

void read_string(const struct member *member, struct str text, void *target)
{
    if (!text_is_fine(member, text)) return;
    *(struct str *)target = str_copy(member->task->arena, text);
}

void read_secret(const struct member *member, struct str text, void *target)
{
    if (!text_is_fine(member, text)) return;
    *(struct secret *)target = secret_copy(member->task->arena, text.ptr, text.len);
}

void read_choice(const struct member *member, struct str text, void *target)
{
    const char *const *choices = member->row->choices;
    for (int i = 0; choices[i]; i++) {
        if (!str_equal(text, str_from(choices[i]))) continue;
        *(int *)target = i;
        return;
    }
    struct strbuf all;
    strbuf_init(&all, member->task->arena, 64, 120);
    for (int i = 0; choices[i]; i++) {
        if (i > 0) strbuf_add(&all, STR(", "));
        strbuf_add(&all, str_from(choices[i]));
    }
    member_refuse(member, "not_a_choice", "must be one of: %s", strbuf_str(&all).ptr);
}

void read_id(const struct member *member, struct str text, void *target)
{
    struct id id;
    if (!id_parse(text, &id)) {
        member_refuse(member, "not_an_id", "must be an id: 36 characters, a UUID in lower case");
        return;
    }
    *(struct id *)target = id;
}

void read_time(const struct member *member, struct str text, void *target)
{
    int64_t wall_ms;
    if (!time_parse(text, &wall_ms)) {
        member_refuse(member, "not_a_time", "must be a time like 2026-01-05T10:00:00Z");
        return;
    }
    *(int64_t *)target = wall_ms;
}

void read_integer(const struct member *member, int64_t value, void *target)
{
    if (number_is_fine(member, value)) *(int64_t *)target = value;
}

/* RFC 7519 §2, NumericDate: "the number of seconds from 1970-01-01T00:00:00Z UTC […] non-integer values can
 * be represented". */
void read_epoch(const struct member *member, double seconds, void *target)
{
    if (!(seconds >= 0) || seconds > EPOCH_SECONDS_MAX) {
        member_refuse(member, "not_a_time", "must be seconds since 1970, before the year 10000");
        return;
    }
    *(int64_t *)target = (int64_t)(seconds * (double)MS_PER_SECOND);
}
