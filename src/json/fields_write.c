// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "auth/json/fields.h"
#include "auth/json/writer.h"

static void write_object(const struct fields *fields, const void *structure, struct json_writer *writer);

static const void *at(const void *structure, const struct field *row)
{
    return (const char *)structure + row->offset;
}

static bool has_text(const void *value)
{
    return ((const struct str *)value)->len > 0;
}

static bool has_secret(const void *value)
{
    return ((const struct secret *)value)->len > 0;
}

static bool has_time(const void *value)
{
    return *(const int64_t *)value != 0;
}

static bool has_id(const void *value)
{
    return !is_nil(*(const struct id *)value);
}

static bool has_strings(const void *value)
{
    return ((const struct str_list *)value)->items != NULL;
}

static bool has_objects(const void *value)
{
    return ((const struct object_list *)value)->items != NULL;
}

static bool always(const void *value)
{
    (void)value;
    return true;
}

static bool has_value(const struct field *row, const void *structure)
{
    static bool (*const checks[])(const void *) = {
        [FIELD_STRING] = has_text, [FIELD_SECRET] = has_secret,   [FIELD_INTEGER] = always,
        [FIELD_BOOLEAN] = always,  [FIELD_CHOICE] = always,       [FIELD_ID] = has_id,
        [FIELD_TIME] = has_time,   [FIELD_EPOCH] = has_time,      [FIELD_STRINGS] = has_strings,
        [FIELD_OBJECT] = always,   [FIELD_OBJECTS] = has_objects, [FIELD_RAW] = has_text,
    };
    if (row->presence_offset == 0) return checks[row->type](at(structure, row));
    enum presence presence;
    memcpy(&presence, (const char *)structure + row->presence_offset, sizeof(presence));
    return presence == PRESENCE_VALUE;
}

static struct str choice_text(const struct field *row, int index)
{
    for (int i = 0; row->choices[i]; i++) {
        if (i == index) return str_from(row->choices[i]);
    }
    panic("the field %s has no choice %d", row->name, index);
}

static void write_time(struct json_writer *writer, int64_t wall_ms)
{
    char text[RFC3339_SIZE];
    time_print(wall_ms, text);
    json_string(writer, (struct str){text, RFC3339_SIZE - 1});
}

static void write_id(struct json_writer *writer, struct id id)
{
    char text[ID_TEXT_SIZE];
    id_print(id, text);
    json_string(writer, (struct str){text, ID_TEXT_SIZE - 1});
}

static void write_strings(struct json_writer *writer, const struct str_list *list)
{
    json_begin_array(writer);
    for (size_t i = 0; i < list->count; i++) json_string(writer, list->items[i]);
    json_end_array(writer);
}

static void write_objects(struct json_writer *writer, const struct fields *fields,
                          const struct object_list *list)
{
    json_begin_array(writer);
    for (size_t i = 0; i < list->count; i++) {
        write_object(fields, (const char *)list->items + i * fields->size, writer);
    }
    json_end_array(writer);
}

static void write_raw(struct json_writer *writer, struct str json)
{
    json_raw(writer, is_empty(json) ? STR("null") : json);
}

static void write_value(struct json_writer *writer, const struct field *row, const void *value)
{
    switch (row->type) {
    case FIELD_STRING:
        json_string(writer, *(const struct str *)value);
        return;
    case FIELD_SECRET:
        json_string(writer, secret_expose(*(const struct secret *)value));
        return;
    case FIELD_INTEGER:
        json_int64(writer, *(const int64_t *)value);
        return;
    case FIELD_BOOLEAN:
        json_bool(writer, *(const bool *)value);
        return;
    case FIELD_CHOICE:
        json_string(writer, choice_text(row, *(const int *)value));
        return;
    case FIELD_ID:
        write_id(writer, *(const struct id *)value);
        return;
    case FIELD_TIME:
        write_time(writer, *(const int64_t *)value);
        return;
    case FIELD_EPOCH:
        json_int64(writer, *(const int64_t *)value / MS_PER_SECOND);
        return;
    case FIELD_STRINGS:
        write_strings(writer, value);
        return;
    case FIELD_OBJECT:
        write_object(row->object, value, writer);
        return;
    case FIELD_OBJECTS:
        write_objects(writer, row->object, value);
        return;
    case FIELD_RAW:
        write_raw(writer, *(const struct str *)value);
        return;
    }
}

static void write_row(struct json_writer *writer, const struct field *row, const void *structure)
{
    const bool is_there = has_value(row, structure);
    if (!is_there && !(row->flags & (FIELD_REQUIRED | FIELD_NULLABLE))) return;
    if (row->flags & FIELD_SPREAD) {
        json_raw(writer, *(const struct str *)at(structure, row));
        return;
    }
    json_key(writer, row->name);
    if (!is_there && (row->flags & FIELD_NULLABLE))
        json_null(writer);
    else
        write_value(writer, row, at(structure, row));
}

static void write_object(const struct fields *fields, const void *structure, struct json_writer *writer)
{
    json_begin_object(writer);
    for (size_t i = 0; i < fields->count; i++) write_row(writer, &fields->rows[i], structure);
    json_end_object(writer);
}

void fields_write_json(const struct fields *fields, const void *value, struct strbuf *out)
{
    struct json_writer writer = {.out = out};
    write_object(fields, value, &writer);
}
