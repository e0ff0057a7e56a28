// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/base/log.h"
#include "fields_internal.h"

#define PARAMETERS_MAX 64u

struct form_reader {
    const struct fields *fields;
    struct task *task;
    void *ret_value;
    bool *has_come; /* one for each row */
    bool *has_value;
    bool refuses_unknown;
};

static size_t row_named(const struct fields *fields, struct str name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (str_equal(name, str_from(fields->rows[i].name))) return i;
    }
    return fields->count;
}

static void read_integer_text(const struct member *member, struct str text, void *target)
{
    int64_t value;
    if (!str_to_int64(text, &value)) {
        member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_INTEGER));
        return;
    }
    if (member->row->type == FIELD_EPOCH)
        read_epoch(member, (double)value, target);
    else
        read_integer(member, value, target);
}

static void read_boolean_text(const struct member *member, struct str text, void *target)
{
    const bool is_true = str_equal(text, STR("true"));
    if (!is_true && !str_equal(text, STR("false"))) {
        member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_BOOLEAN));
        return;
    }
    *(bool *)target = is_true;
}

static void read_parameter(const struct member *member, struct str text, void *target)
{
    switch (member->row->type) {
    case FIELD_STRING:
        read_string(member, text, target);
        return;
    case FIELD_SECRET:
        read_secret(member, text, target);
        return;
    case FIELD_CHOICE:
        read_choice(member, text, target);
        return;
    case FIELD_ID:
        read_id(member, text, target);
        return;
    case FIELD_TIME:
        read_time(member, text, target);
        return;
    case FIELD_INTEGER:
    case FIELD_EPOCH:
        read_integer_text(member, text, target);
        return;
    case FIELD_BOOLEAN:
        read_boolean_text(member, text, target);
        return;
    case FIELD_STRINGS:
    case FIELD_OBJECT:
    case FIELD_OBJECTS:
    case FIELD_RAW:
        break;
    }
    panic("the field %s cannot be read from a form", member->row->name);
}

/* RFC 6749 §3.2: "Parameters sent without a value MUST be treated as if they were omitted from the request.
 * […] Request and response parameters MUST NOT be included more than once." */
static void take_parameter(const struct form_reader *reader, size_t index, struct str encoded)
{
    const struct field *row = &reader->fields->rows[index];
    const struct path path = {.key = str_from(row->name), .is_parameter = true};
    const struct member member = {row, reader->task, &path};
    if (reader->has_come[index]) {
        member_refuse(&member, "duplicate", "must be given once");
        return;
    }
    reader->has_come[index] = true;
    reader->has_value[index] = encoded.len > 0;
    struct str text;
    if (!percent_decode(reader->task->arena, encoded, true, &text) || !is_utf8(text)) {
        member_refuse(&member, "malformed", "is not valid percent-encoded UTF-8");
        return;
    }
    if (is_empty(text)) return;
    presence_set(row, reader->ret_value, PRESENCE_VALUE);
    read_parameter(&member, text, member_at(reader->ret_value, row));
}

/* RFC 6749 §3.2: "The authorization server MUST ignore unrecognized request parameters." */
static void take_pair(const struct form_reader *reader, struct str pair)
{
    struct str encoded = pair;
    const struct str encoded_name = str_split(&encoded, '=');
    struct str name;
    const bool is_name = percent_decode(reader->task->arena, encoded_name, true, &name) && is_utf8(name);
    const size_t index = is_name ? row_named(reader->fields, name) : reader->fields->count;
    if (index < reader->fields->count) {
        take_parameter(reader, index, encoded);
    } else if (reader->refuses_unknown) {
        const struct path path = {.key = is_name ? name : STR("?"), .is_parameter = true};
        path_refuse(reader->task, &path, "unknown", "is not a parameter of this path");
    }
}

/* Omitted, or sent without a value; a parameter that was refused is named once, for what is wrong with it. */
static void check_required(const struct form_reader *reader)
{
    for (size_t i = 0; i < reader->fields->count; i++) {
        const struct field *row = &reader->fields->rows[i];
        if (!(row->flags & FIELD_REQUIRED) || reader->has_value[i]) continue;
        const struct path path = {.key = str_from(row->name), .is_parameter = true};
        path_refuse(reader->task, &path, "required", "must be given");
    }
}

static result read_pairs(struct form_reader *reader, struct str form)
{
    const struct fields *fields = reader->fields;
    struct task *task = reader->task;
    memset(reader->ret_value, 0, fields->size);
    reader->has_come = arena_alloc_array(task->arena, fields->count + 1, sizeof(bool));
    reader->has_value = arena_alloc_array(task->arena, fields->count + 1, sizeof(bool));
    const size_t earlier = task->fault.error_count;
    for (size_t i = 0; form.len > 0; i++) {
        if (i == PARAMETERS_MAX)
            FAIL(&task->fault, INVALID_REQUEST, "more than %u parameters", PARAMETERS_MAX);
        take_pair(reader, str_split(&form, '&'));
    }
    check_required(reader);
    const size_t refused = task->fault.error_count - earlier;
    if (refused > 0) FAIL(&task->fault, INVALID_REQUEST, "%zu parameters of %s", refused, fields->title);
    return RESULT_OK;
}

result fields_read_form(const struct fields *fields, struct task *task, struct str form, void *ret_value)
{
    struct form_reader reader = {.fields = fields, .task = task, .ret_value = ret_value};
    return read_pairs(&reader, form);
}

result fields_read_query(const struct fields *fields, struct task *task, struct str query, void *ret_value)
{
    struct form_reader reader = {
        .fields = fields, .task = task, .ret_value = ret_value, .refuses_unknown = !fields->ignores_unknown};
    const result read = read_pairs(&reader, query);
    /* RFC 6749's name for it is of no meaning here. */
    return read.code == STATUS_INVALID_REQUEST ? RESULT(VALIDATION_FAILED) : read;
}
