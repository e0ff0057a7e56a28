// SPDX-License-Identifier: MIT
#include <jansson.h>
#include <limits.h>

#include "auth/base/log.h"
#include "fields_internal.h"
#include "scan_internal.h"

static void read_object(const struct fields *fields, struct task *task, const struct path *path,
                        const json_t *object, void *ret_value);

static struct str string_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static void read_text_member(const struct member *member, const json_t *value, void *target,
                             void (*read)(const struct member *, struct str, void *))
{
    if (json_is_string(value)) {
        read(member, string_of(value), target);
        return;
    }
    member_refuse(member, "wrong_type", "%s", type_sentence(member->row->type));
}

static void read_number_member(const struct member *member, const json_t *value, void *target)
{
    if (member->row->type == FIELD_EPOCH && json_is_number(value)) {
        read_epoch(member, json_number_value(value), target);
        return;
    }
    if (member->row->type == FIELD_INTEGER && json_is_integer(value)) {
        read_integer(member, json_integer_value(value), target);
        return;
    }
    member_refuse(member, "wrong_type", "%s", type_sentence(member->row->type));
}

static void read_boolean_member(const struct member *member, const json_t *value, void *target)
{
    if (json_is_boolean(value)) {
        *(bool *)target = json_is_true(value);
        return;
    }
    member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_BOOLEAN));
}

/* The row's limits count the items; each item is held to the general limit. */
static void read_strings_member(const struct member *member, const json_t *value, void *target)
{
    if (!json_is_array(value)) {
        member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_STRINGS));
        return;
    }
    const size_t count = json_array_size(value);
    if (!count_is_fine(member, count)) return;
    const struct field item_row = {.type = FIELD_STRING, .flags = member->row->flags & FIELD_MULTILINE};
    struct str *items = arena_alloc_array(member->task->arena, count + 1, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        const struct path path = {.parent = member->path, .index = i, .is_item = true};
        const struct member item = {&item_row, member->task, &path};
        read_text_member(&item, json_array_get(value, i), &items[i], read_string);
    }
    *(struct str_list *)target = (struct str_list){items, count};
}

static void read_item(const struct member *member, size_t index, const json_t *value, void *target)
{
    const struct path path = {.parent = member->path, .index = index, .is_item = true};
    if (json_is_object(value)) {
        read_object(member->row->object, member->task, &path, value, target);
        return;
    }
    path_refuse(member->task, &path, "wrong_type", "%s", type_sentence(FIELD_OBJECT));
}

static void read_objects_member(const struct member *member, const json_t *value, void *target)
{
    if (!json_is_array(value)) {
        member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_OBJECTS));
        return;
    }
    const size_t count = json_array_size(value);
    if (!count_is_fine(member, count)) return;
    const size_t size = member->row->object->size;
    char *items = arena_alloc_array(member->task->arena, count + 1, size);
    for (size_t i = 0; i < count; i++) read_item(member, i, json_array_get(value, i), items + i * size);
    *(struct object_list *)target = (struct object_list){items, count};
}

static void read_object_member(const struct member *member, const json_t *value, void *target)
{
    if (json_is_object(value)) {
        read_object(member->row->object, member->task, member->path, value, target);
        return;
    }
    member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_OBJECT));
}

/* What nobody here looks into is kept as compact text, members in order of their names: equal objects, equal texts. */
static void read_raw_member(const struct member *member, const json_t *value, void *target)
{
    const size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY;
    const size_t most = member->row->max > 0 ? (size_t)member->row->max : JSON_STRING_MAX;
    if (!json_is_object(value)) {
        member_refuse(member, "wrong_type", "%s", type_sentence(FIELD_RAW));
        return;
    }
    const size_t length = json_dumpb(value, NULL, 0, flags);
    if (length > most) {
        member_refuse(member, "too_long", "must be at most %zu bytes of JSON", most);
        return;
    }
    char *text = arena_alloc(member->task->arena, length + 1);
    (void)json_dumpb(value, text, length, flags);
    *(struct str *)target = (struct str){text, length};
}

static void read_value(const struct member *member, const json_t *value, void *target)
{
    switch (member->row->type) {
    case FIELD_STRING:
        read_text_member(member, value, target, read_string);
        return;
    case FIELD_SECRET:
        read_text_member(member, value, target, read_secret);
        return;
    case FIELD_CHOICE:
        read_text_member(member, value, target, read_choice);
        return;
    case FIELD_ID:
        read_text_member(member, value, target, read_id);
        return;
    case FIELD_TIME:
        read_text_member(member, value, target, read_time);
        return;
    case FIELD_INTEGER:
    case FIELD_EPOCH:
        read_number_member(member, value, target);
        return;
    case FIELD_BOOLEAN:
        read_boolean_member(member, value, target);
        return;
    case FIELD_STRINGS:
        read_strings_member(member, value, target);
        return;
    case FIELD_OBJECT:
        read_object_member(member, value, target);
        return;
    case FIELD_OBJECTS:
        read_objects_member(member, value, target);
        return;
    case FIELD_RAW:
        read_raw_member(member, value, target);
        return;
    }
    panic("the field %s cannot be read", member->row->name);
}

static void read_member(const struct member *member, const json_t *value, void *structure)
{
    const struct field *row = member->row;
    if (!value) {
        if (row->flags & FIELD_REQUIRED) member_refuse(member, "required", "must be given");
        return;
    }
    if (!json_is_null(value)) {
        presence_set(row, structure, PRESENCE_VALUE);
        read_value(member, value, member_at(structure, row));
        return;
    }
    if (row->flags & FIELD_NULLABLE) {
        presence_set(row, structure, PRESENCE_NULL);
        return;
    }
    member_refuse(member, "wrong_type", "%s, not null", type_sentence(row->type));
}

static bool is_known(const struct fields *fields, struct str name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (str_equal(name, str_from(fields->rows[i].name))) return true;
    }
    return false;
}

/* OWASP ASVS 15.3.3: members that nobody expects are refused rather than dropped. */
static void refuse_unknown(const struct fields *fields, struct task *task, const struct path *path,
                           const json_t *object)
{
    /* The iterator takes no constant object, though it changes none. */
    json_t *members = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const struct str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
        if (is_known(fields, name)) continue;
        const struct path unknown = {.parent = path, .key = name};
        path_refuse(task, &unknown, "unknown", "is not a field of this object");
    }
}

static void read_object(const struct fields *fields, struct task *task, const struct path *path,
                        const json_t *object, void *ret_value)
{
    size_t known = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *row = &fields->rows[i];
        const struct path row_path = {.parent = path, .key = str_from(row->name)};
        const struct member member = {row, task, &row_path};
        const json_t *value = json_object_get(object, row->name);
        if (value) known++;
        read_member(&member, value, ret_value);
    }
    if (!fields->ignores_unknown && known < json_object_size(object)) {
        refuse_unknown(fields, task, path, object);
    }
}

/* Where a byte stands, for people: lines and columns count from 1, columns in bytes. */
static void place_of(struct str json, size_t position, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < position && i < json.len; i++) {
        column = json.ptr[i] == '\n' ? 1 : column + 1;
        line += json.ptr[i] == '\n';
    }
    *ret_line = line;
    *ret_column = column;
}

struct text_fault {
    size_t position;
    const char *code;
    const char *sentence;
    bool is_around; /* it is about the object or array around the position */
};

/* The library's own text repeats what stands near, which may be a password: only its code is used. */
static struct text_fault text_fault_of(const json_error_t *error)
{
    const size_t position = error->position > 0 ? (size_t)error->position : 0;
    switch ((int)json_error_code(error)) {
    case json_error_duplicate_key:
        return (struct text_fault){.position = position, .code = "duplicate", .sentence = "is given twice"};
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return (struct text_fault){
            .position = position, .code = "control_character", .sentence = "must not contain NUL"};
    case json_error_invalid_utf8:
        return (struct text_fault){
            .position = position, .code = "malformed", .sentence = "is not valid UTF-8"};
    case json_error_numeric_overflow:
        return (struct text_fault){
            .position = position, .code = "too_large", .sentence = "is a number out of range"};
    default:
        return (struct text_fault){
            .position = position, .code = "malformed", .sentence = "is not valid JSON"};
    }
}

static result refuse_text(struct task *task, struct str json, struct text_fault found)
{
    struct scan scan;
    (void)json_scan(json, found.position, &scan);
    if (found.is_around && scan.depth > 0) scan.depth--;
    size_t line;
    size_t column;
    place_of(json, found.position, &line, &column);
    const struct str detail =
        str_printf(task->arena, "%s (line %zu, column %zu)", found.sentence, line, column);
    fault_add_field(&task->fault, scan_pointer(&scan, task->arena), found.code, detail.ptr);
    FAIL(&task->fault, MALFORMED_JSON, "the body %s", detail.ptr);
}

static result check_bounds(struct task *task, struct str json)
{
    if (json.len > INT_MAX) FAIL(&task->fault, TOO_LARGE, "JSON text of %zu bytes", json.len);
    const char *nul = json.len > 0 ? memchr(json.ptr, '\0', json.len) : NULL;
    if (nul) {
        const struct text_fault found = {.position = (size_t)(nul - json.ptr),
                                         .code = "control_character",
                                         .sentence = "must not contain NUL"};
        return refuse_text(task, json, found);
    }
    struct scan scan;
    const enum scan_verdict verdict = json_scan(json, json.len, &scan);
    if (verdict == SCAN_FINE) return RESULT_OK;
    const bool is_deep = verdict == SCAN_TOO_DEEP;
    const struct str sentence = is_deep ? str_printf(task->arena, "is nested deeper than %u", JSON_DEPTH_MAX)
                                        : str_printf(task->arena, "has more than %u members", JSON_KEYS_MAX);
    return refuse_text(task, json,
                       (struct text_fault){.position = scan.position,
                                           .code = is_deep ? "too_deep" : "too_many",
                                           .sentence = sentence.ptr,
                                           .is_around = true});
}

result fields_read_json(const struct fields *fields, struct task *task, struct str json, void *ret_value)
{
    memset(ret_value, 0, fields->size);
    TRY(check_bounds(task, json));
    json_error_t error = {.position = 0};
    json_auto_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory) {
        FAIL(&task->fault, INTERNAL, "out of memory while parsing JSON");
    }
    if (!root) return refuse_text(task, json, text_fault_of(&error));
    if (!json_is_object(root)) {
        return refuse_text(task, json,
                           (struct text_fault){.code = "wrong_type", .sentence = "must be an object"});
    }
    const size_t earlier = task->fault.error_count;
    read_object(fields, task, NULL, root, ret_value);
    const size_t refused = task->fault.error_count - earlier;
    if (refused > 0) FAIL(&task->fault, VALIDATION_FAILED, "%zu fields of %s", refused, fields->title);
    return RESULT_OK;
}
