// SPDX-License-Identifier: MIT
#include "auth/json/fields.h"
#include "auth/json/writer.h"

static void write_schema(const struct fields *fields, bool is_nullable, struct json_writer *writer);

static void write_pair(struct json_writer *writer, const char *key, const char *value)
{
    json_key(writer, key);
    json_string(writer, str_from(value));
}

static void write_number(struct json_writer *writer, const char *key, int64_t value)
{
    json_key(writer, key);
    json_int64(writer, value);
}

static bool takes_null(const struct field *row)
{
    return row->flags & FIELD_NULLABLE;
}

/* JSON Schema 2020-12 has no "nullable": the type is a list. */
static void write_type(struct json_writer *writer, bool is_nullable, const char *type)
{
    json_key(writer, "type");
    if (!is_nullable) {
        json_string(writer, str_from(type));
        return;
    }
    json_begin_array(writer);
    json_string(writer, str_from(type));
    json_string(writer, STR("null"));
    json_end_array(writer);
}

static void write_limits(struct json_writer *writer, const struct field *row, const char *lower,
                         const char *upper)
{
    if (row->min > 0) write_number(writer, lower, row->min);
    if (row->max > 0) write_number(writer, upper, row->max);
}

static void write_text(struct json_writer *writer, const struct field *row)
{
    write_type(writer, takes_null(row), "string");
    write_limits(writer, row, "minLength", "maxLength");
}

static void write_secret(struct json_writer *writer, const struct field *row)
{
    write_text(writer, row);
    if (row->flags & FIELD_SHOWN) return;
    write_pair(writer, "format", "password");
    json_key(writer, "writeOnly");
    json_bool(writer, true);
}

static void write_integer(struct json_writer *writer, const struct field *row)
{
    write_type(writer, takes_null(row), "integer");
    if (row->min == 0 && row->max == 0) return;
    write_number(writer, "minimum", row->min);
    if (row->max >= row->min) write_number(writer, "maximum", row->max);
}

static void write_choices(struct json_writer *writer, const struct field *row)
{
    write_type(writer, takes_null(row), "string");
    json_key(writer, "enum");
    json_begin_array(writer);
    for (size_t i = 0; row->choices[i]; i++) json_string(writer, str_from(row->choices[i]));
    if (takes_null(row)) json_null(writer);
    json_end_array(writer);
}

static void write_formatted(struct json_writer *writer, const struct field *row, const char *format)
{
    write_type(writer, takes_null(row), "string");
    write_pair(writer, "format", format);
}

static void write_list(struct json_writer *writer, const struct field *row)
{
    write_type(writer, takes_null(row), "array");
    write_limits(writer, row, "minItems", "maxItems");
    json_key(writer, "items");
    if (row->type == FIELD_OBJECTS) {
        json_begin_object(writer);
        write_schema(row->object, false, writer);
        json_end_object(writer);
        return;
    }
    json_raw(writer, STR("{\"type\":\"string\"}"));
}

static void write_kind(struct json_writer *writer, const struct field *row)
{
    switch (row->type) {
    case FIELD_STRING:
        write_text(writer, row);
        return;
    case FIELD_SECRET:
        write_secret(writer, row);
        return;
    case FIELD_INTEGER:
        write_integer(writer, row);
        return;
    case FIELD_BOOLEAN:
        write_type(writer, takes_null(row), "boolean");
        return;
    case FIELD_CHOICE:
        write_choices(writer, row);
        return;
    case FIELD_ID:
        write_formatted(writer, row, "uuid");
        return;
    case FIELD_TIME:
        write_formatted(writer, row, "date-time");
        return;
    case FIELD_EPOCH:
        write_type(writer, takes_null(row), "integer");
        return;
    case FIELD_STRINGS:
    case FIELD_OBJECTS:
        write_list(writer, row);
        return;
    case FIELD_OBJECT:
        write_schema(row->object, takes_null(row), writer);
        return;
    case FIELD_RAW:
        return; /* any value: a schema without a type */
    }
}

static void write_property(struct json_writer *writer, const struct field *row)
{
    json_key(writer, row->name);
    json_begin_object(writer);
    write_kind(writer, row);
    if (row->description) write_pair(writer, "description", row->description);
    if (row->example) {
        json_key(writer, "examples");
        json_begin_array(writer);
        json_raw(writer, str_from(row->example));
        json_end_array(writer);
    }
    json_end_object(writer);
}

static void write_required(struct json_writer *writer, const struct fields *fields)
{
    bool has_begun = false;
    for (size_t i = 0; i < fields->count; i++) {
        if (!(fields->rows[i].flags & FIELD_REQUIRED)) continue;
        if (!has_begun) json_key(writer, "required");
        if (!has_begun) json_begin_array(writer);
        has_begun = true;
        json_string(writer, str_from(fields->rows[i].name));
    }
    if (has_begun) json_end_array(writer);
}

/* The members of the schema, without its braces. */
static void write_schema(const struct fields *fields, bool is_nullable, struct json_writer *writer)
{
    write_type(writer, is_nullable, "object");
    if (fields->title) write_pair(writer, "title", fields->title);
    json_key(writer, "properties");
    json_begin_object(writer);
    for (size_t i = 0; i < fields->count; i++)
        if (!(fields->rows[i].flags & FIELD_SPREAD)) write_property(writer, &fields->rows[i]);
    json_end_object(writer);
    write_required(writer, fields);
    if (fields->ignores_unknown) return;
    json_key(writer, "additionalProperties");
    json_bool(writer, false);
}

void fields_write_schema(const struct fields *fields, struct strbuf *out)
{
    struct json_writer writer = {.out = out};
    json_begin_object(&writer);
    write_schema(fields, false, &writer);
    json_end_object(&writer);
}
