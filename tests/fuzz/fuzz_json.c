// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/base/log.h"
#include "auth/json/fields.h"

/* Bytes → a structure with a row of every type; what is accepted, written and read again must be the same. */
struct sample {
    struct str text;
    struct secret secret;
    int64_t number;
    bool flag;
    int choice;
    struct id id;
    int64_t time_ms;
    int64_t epoch_ms;
    struct str_list list;
    struct str note;
    enum presence has_note;
    struct object_list children;
};

struct child {
    struct str name;
};

static const char *const choices[] = {"one", "two", NULL};

static const struct field child_rows[] = {
    {.name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct child, name)},
};
static const struct fields child_fields = FIELDS(child_rows, struct child, "Child");

#define AT(member) .offset = offsetof(struct sample, member)
static const struct field sample_rows[] = {
    {.name = "text", .type = FIELD_STRING, .flags = FIELD_MULTILINE, AT(text), .max = 100},
    {.name = "secret", .type = FIELD_SECRET, AT(secret), .max = 64},
    {.name = "number", .type = FIELD_INTEGER, AT(number), .min = -5, .max = 1000000},
    {.name = "flag", .type = FIELD_BOOLEAN, AT(flag)},
    {.name = "choice", .type = FIELD_CHOICE, AT(choice), .choices = choices},
    {.name = "id", .type = FIELD_ID, AT(id)},
    {.name = "time", .type = FIELD_TIME, AT(time_ms)},
    {.name = "epoch", .type = FIELD_EPOCH, AT(epoch_ms)},
    {.name = "note",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     AT(note),
     .presence_offset = offsetof(struct sample, has_note)},
    {.name = "list", .type = FIELD_STRINGS, AT(list)},
    {.name = "children", .type = FIELD_OBJECTS, AT(children), .object = &child_fields},
};
static const struct fields sample_fields = FIELDS(sample_rows, struct sample, "Sample");

static const struct fields form_fields = {
    .title = "Form", .rows = sample_rows, .count = 9, .size = sizeof(struct sample)};

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct str write(struct arena *arena, const struct sample *sample)
{
    struct strbuf out;
    strbuf_init(&out, arena, 256, 1u << 20);
    fields_write_json(&sample_fields, sample, &out);
    return strbuf_str(&out);
}

static void check_faults(const struct fault *fault)
{
    for (size_t i = 0; i < fault->error_count && i < FIELD_ERRORS_MAX; i++) {
        const struct field_error *error = &fault->errors[i];
        if (!is_utf8(str_from(error->pointer)) || !is_utf8(str_from(error->detail)))
            panic("a fault is no text");
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static bool has_begun;
    if (!has_begun) json_init();
    has_begun = true;
    struct arena *arena = arena_create(64u << 20);
    struct task task;
    task_init(&task, arena, STR("fuzz"), 1000);
    const struct str input = {(const char *)data, size};
    struct sample sample;
    if (is_ok(fields_read_json(&sample_fields, &task, input, &sample))) {
        const struct str once = write(arena, &sample);
        struct sample again;
        if (!is_ok(fields_read_json(&sample_fields, &task, once, &again))) panic("the own text is refused");
        if (!str_equal(once, write(arena, &again))) panic("the text changes");
    }
    check_faults(&task.fault);
    fault_clear(&task.fault);
    (void)!is_ok(fields_read_form(&form_fields, &task, input, &sample));
    check_faults(&task.fault);
    arena_destroy(arena);
    return 0;
}
