// SPDX-License-Identifier: MIT
#include "auth/domain/personal_data.h"

#include <string.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "auth/domain/audit.h"
#include "auth/json/writer.h"
#include "auth/store/personal_repo.h"

#define FIRST_BYTES      4096u
#define LIST_BYTES_MAX   (256u * 1024u) /* of one kind of data; beyond it the document says so */
#define DOCUMENT_MAX     (3u * 1024u * 1024u)
#define PAGE_ROWS        200
#define PAGE_ARENA_BYTES (2u * 1024u * 1024u)

struct document {
    struct strbuf text;
    struct json_writer writer;
    const char *truncated[16];
    size_t truncated_count;
};

/* The column's name without what tells its form. */
static void write_key(struct document *document, struct task *task, struct str name, struct str suffix)
{
    json_key(&document->writer, str_copy(task->arena, (struct str){name.ptr, name.len - suffix.len}).ptr);
}

static bool ends_with(struct str text, struct str end)
{
    return text.len >= end.len && str_equal(str_from_offset(text, text.len - end.len), end);
}

static void write_time(struct json_writer *writer, int64_t time_ms)
{
    char text[RFC3339_SIZE];
    time_print(time_ms, text);
    json_string(writer, str_from(text));
}

static void write_id(struct json_writer *writer, struct id id)
{
    char text[ID_TEXT_SIZE];
    id_print(id, text);
    json_string(writer, str_from(text));
}

static void write_value(struct json_writer *writer, const struct db_rows *rows, size_t row, unsigned column,
                        bool is_time, bool is_json)
{
    if (row_is_null(rows, row, column)) {
        json_null(writer);
        return;
    }
    switch (rows->statement->columns[column].type) {
    case DB_INT:
        if (is_time)
            write_time(writer, row_int(rows, row, column));
        else
            json_int64(writer, row_int(rows, row, column));
        return;
    case DB_BOOL:
        json_bool(writer, row_bool(rows, row, column));
        return;
    case DB_UUID:
        write_id(writer, row_id(rows, row, column));
        return;
    case DB_TEXT:
        if (is_json)
            json_raw(writer, row_text(rows, row, column));
        else
            json_string(writer, row_text(rows, row, column));
        return;
    case DB_NULL:
    case DB_BYTES:
        break;
    }
    panic("bytes are no part of a person's own data");
}

static void write_row(struct document *document, struct task *task, const struct db_rows *rows, size_t row)
{
    json_begin_object(&document->writer);
    for (unsigned i = 0; i < rows->statement->column_count; i++) {
        const struct str name = str_from(rows->statement->columns[i].name);
        const bool is_time = ends_with(name, STR("_ms"));
        const bool is_json = ends_with(name, STR("_json"));
        write_key(document, task, name, is_time ? STR("_ms") : is_json ? STR("_json") : STR(""));
        write_value(&document->writer, rows, row, i, is_time, is_json);
    }
    json_end_object(&document->writer);
}

/* How far a section has been read. */
struct place {
    struct personal_page page;
    size_t begin; /* of the list in the document */
};

static result write_page(struct service *service, struct task *task, struct document *document,
                         struct personal_page *page, bool *ret_is_last)
{
    struct db_rows rows;
    TRY(personal_page_read(service->db, task, page, &rows));
    for (size_t i = 0; i < rows.count; i++) write_row(document, task, &rows, i);
    *ret_is_last = !page->section->is_paged || rows.count < PAGE_ROWS;
    if (!*ret_is_last) page->before = row_id(&rows, rows.count - 1, 0);
    return RESULT_OK;
}

static bool is_full(const struct document *document, const struct place *place)
{
    return document->text.len - place->begin > LIST_BYTES_MAX;
}

/* Each page in an arena of its own: what is kept of it is its text. */
static result write_section(struct service *service, struct task *task, struct document *document,
                            const struct personal_section *section, struct id account_id)
{
    struct arena *const kept = task->arena;
    struct place place = {.page = {.section = section, .account_id = account_id, .count = PAGE_ROWS},
                          .begin = document->text.len};
    bool is_last = false;
    memset(&place.page.before, 0xff, sizeof place.page.before);
    json_key(&document->writer, section->name);
    json_begin_array(&document->writer);
    while (!is_last && !is_full(document, &place)) {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
        task->arena = arena;
        const result written = write_page(service, task, document, &place.page, &is_last);
        task->arena = kept;
        TRY(written);
    }
    json_end_array(&document->writer);
    if (!is_last) document->truncated[document->truncated_count++] = section->name;
    return RESULT_OK;
}

static result write_document(struct service *service, struct task *task, struct document *document,
                             struct id account_id)
{
    struct db_rows account;
    TRY(personal_account_read(service->db, task, account_id, &account));
    /* Before the events are read: it is one of them. */
    TRY(audit_note(service, service->db, task,
                   &(struct audit_event){.type = AUDIT_ACCOUNT_EXPORTED, .account_id = account_id}));
    json_begin_object(&document->writer);
    json_key(&document->writer, "generated_at");
    write_time(&document->writer, task->now_ms);
    json_key(&document->writer, "data");
    json_begin_object(&document->writer);
    json_key(&document->writer, "account");
    write_row(document, task, &account, 0);
    for (size_t i = 0; i < personal_section_count; i++)
        TRY(write_section(service, task, document, &personal_sections[i], account_id));
    json_end_object(&document->writer);
    json_key(&document->writer, "truncated");
    json_begin_array(&document->writer);
    for (size_t i = 0; i < document->truncated_count; i++)
        json_string(&document->writer, str_from(document->truncated[i]));
    json_end_array(&document->writer);
    json_end_object(&document->writer);
    return RESULT_OK;
}

result personal_data_export(struct service *service, struct task *task, struct id account_id,
                            struct str *ret_json)
{
    struct document document = {.writer = {.out = &document.text}};
    strbuf_init(&document.text, task->arena, FIRST_BYTES, DOCUMENT_MAX);
    TRY(write_document(service, task, &document, account_id));
    if (!is_ok(strbuf_finish(&document.text, ret_json)))
        FAIL(&task->fault, INTERNAL, "what is kept of one person is too much for a document");
    return RESULT_OK;
}
