// SPDX-License-Identifier: MIT
#include "auth/http/openapi.h"

#include <ctype.h>

#include "auth/json/writer.h"
#include "openapi_internal.h"

#define COMPACT_FIRST_BYTES ((size_t)64 * 1024)
#define COMPACT_BYTES_MAX   ((size_t)4 * 1024 * 1024)
#define SCHEMA_FIRST_BYTES  1024u
#define SCHEMAS_MAX         256u
#define HTTP_CREATED        201
#define TEXT_FIRST_BYTES    256u
#define TEXT_BYTES_MAX      ((size_t)64 * 1024)

static const struct str problem_schema = STR_INIT(
    "{\"type\":\"object\",\"title\":\"Problem\",\"description\":\"RFC 9457; code is the contract, the rest "
    "is for "
    "people.\",\"properties\":{\"type\":{\"type\":\"string\",\"format\":\"uri\"},\"title\":{\"type\":"
    "\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},\"instance\":{\"type\":\"string\","
    "\"format\":"
    "\"uri\"},\"code\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"properties\":{\"pointer\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},\"detail\":{\"type\":"
    "\"string\"}"
    "},\"required\":[\"pointer\",\"code\",\"detail\"]}}},\"required\":[\"type\",\"title\",\"status\","
    "\"detail\","
    "\"instance\",\"code\"]}");

static const struct str oauth_error_schema = STR_INIT(
    "{\"type\":\"object\",\"title\":\"OAuth error\",\"description\":\"RFC 6749 section 5.2.\",\"properties\":"
    "{\"error\":{\"type\":\"string\"},\"error_description\":{\"type\":\"string\"}},\"required\":[\"error\"]"
    "}");

static const struct str security_schemes = STR_INIT(
    "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\",\"description\":\"An "
    "access token "
    "(RFC 6750, RFC 9068).\"},\"client\":{\"type\":\"http\",\"scheme\":\"basic\",\"description\":\"The OAuth "
    "client's "
    "id and secret (RFC 6749 section 2.3.1).\"}}");

struct printer {
    struct json_writer json;
    struct arena *arena;
    const struct route *rows;
    size_t count;
    const struct fields *schemas[SCHEMAS_MAX];
    size_t schema_count;
};

static void write_member(struct json_writer *json, const char *name, struct str value)
{
    json_key(json, name);
    json_string(json, value);
}

/* Component names are of [A-Za-z0-9._-] (OpenAPI 3.1 §4.8.7). */
static struct str component_name(struct arena *arena, const char *title)
{
    struct strbuf name;
    strbuf_init(&name, arena, strlen(title), strlen(title));
    for (const char *c = title; *c; c++) strbuf_add_char(&name, isalnum((unsigned char)*c) ? *c : '_');
    return strbuf_str(&name);
}

static struct str schema_text(struct arena *arena, const struct fields *fields)
{
    struct strbuf out;
    strbuf_init(&out, arena, SCHEMA_FIRST_BYTES, TEXT_BYTES_MAX);
    fields_write_schema(fields, &out);
    return strbuf_str(&out);
}

static result note_schema(struct printer *printer, const struct fields *fields)
{
    if (!fields) return RESULT_OK;
    for (size_t i = 0; i < printer->schema_count; i++) {
        const struct fields *known = printer->schemas[i];
        if (known == fields) return RESULT_OK;
        if (strcmp(known->title, fields->title) != 0) continue;
        /* One name for two shapes would describe one of them wrongly. */
        const bool is_same =
            str_equal(schema_text(printer->arena, known), schema_text(printer->arena, fields));
        return is_same ? RESULT_OK : RESULT(INTERNAL);
    }
    REQUIRE(printer->schema_count < SCHEMAS_MAX, INTERNAL);
    printer->schemas[printer->schema_count++] = fields;
    return RESULT_OK;
}

static bool is_public(const struct route *row)
{
    return row->access != ACCESS_OPERATIONS;
}

static result collect_schemas(struct printer *printer)
{
    for (size_t i = 0; i < printer->count; i++) {
        if (!is_public(&printer->rows[i])) continue;
        TRY(note_schema(printer, printer->rows[i].body));
        TRY(note_schema(printer, printer->rows[i].reply));
    }
    return RESULT_OK;
}

static void write_reference(struct printer *printer, struct str name)
{
    json_begin_object(&printer->json);
    write_member(&printer->json, "$ref",
                 str_printf(printer->arena, "#/components/schemas/%.*s", STR_ARGS(name)));
    json_end_object(&printer->json);
}

static void begin_content(struct printer *printer, struct str media_type)
{
    json_key(&printer->json, "content");
    json_begin_object(&printer->json);
    json_key(&printer->json, media_type.ptr);
    json_begin_object(&printer->json);
    json_key(&printer->json, "schema");
}

static void end_content(struct printer *printer)
{
    json_end_object(&printer->json);
    json_end_object(&printer->json);
}

static void write_security(struct printer *printer, const struct route *row)
{
    struct json_writer *json = &printer->json;
    json_key(json, "security");
    json_begin_array(json);
    if (row->access == ACCESS_BEARER) {
        json_begin_object(json);
        json_key(json, "bearer");
        json_begin_array(json);
        if (row->scope) json_string(json, str_from(row->scope));
        json_end_array(json);
        json_end_object(json);
    }
    /* A public client only names itself: the empty requirement. */
    if (row->access == ACCESS_CLIENT) json_raw(json, STR("{\"client\":[]},{}"));
    json_end_array(json);
}

/* The text of the member's own schema within the schema of an object that has this member alone. */
static struct str member_schema(struct arena *arena, const struct fields *fields, const struct field *row)
{
    const struct fields alone = {.title = fields->title, .rows = row, .count = 1, .size = fields->size};
    const struct str whole = schema_text(arena, &alone);
    const struct str key = str_printf(arena, "\"%s\":{", row->name);
    const char *start = memmem(whole.ptr, whole.len, key.ptr, key.len);
    if (!start) return STR("{}");
    const char *brace = start + key.len - 1;
    size_t depth = 0;
    bool is_in_string = false;
    for (const char *c = brace; c < whole.ptr + whole.len; c++) {
        if (*c == '"') is_in_string = !is_in_string;
        if (is_in_string && *c == '\\') c++;
        if (is_in_string) continue;
        if (*c == '{') depth++;
        if (*c == '}' && --depth == 0) return (struct str){brace, (size_t)(c - brace) + 1};
    }
    return STR("{}");
}

static void write_parameter(struct printer *printer, struct str name, const char *place, bool is_required,
                            struct str schema)
{
    struct json_writer *json = &printer->json;
    json_begin_object(json);
    write_member(json, "name", name);
    write_member(json, "in", str_from(place));
    json_key(json, "required");
    json_bool(json, is_required);
    json_key(json, "schema");
    json_raw(json, schema);
    json_end_object(json);
}

static void write_path_parameters(struct printer *printer, const struct route *row)
{
    struct str rest = str_from(row->path);
    while (rest.len > 0) {
        const struct str segment = str_split(&rest, '/');
        if (segment.len < 3 || segment.ptr[0] != '{') continue;
        const struct str name = {segment.ptr + 1, segment.len - 2};
        write_parameter(printer, name, "path", true, STR("{\"type\":\"string\"}"));
    }
}

static bool takes_if_match(const struct route *row)
{
    return row->is_versioned && row->method != HTTP_GET && row->method != HTTP_POST;
}

static bool has_header_parameters(const struct route *row)
{
    return takes_if_match(row) || takes_idempotency_key(row);
}

static void write_header_parameters(struct printer *printer, const struct route *row)
{
    if (takes_if_match(row))
        write_parameter(
            printer, STR("If-Match"), "header", false,
            STR("{\"type\":\"string\",\"description\":\"The ETag that was read: another version is "
                "not changed\"}"));
    if (takes_idempotency_key(row))
        write_parameter(
            printer, STR("Idempotency-Key"), "header", false,
            STR("{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,\"description\":\"Sent again "
                "with the same key within a day, the request is answered again and not done "
                "again\"}"));
}

static void write_parameters(struct printer *printer, const struct route *row)
{
    if (!row->query && !strchr(row->path, '{') && !has_header_parameters(row)) return;
    json_key(&printer->json, "parameters");
    json_begin_array(&printer->json);
    write_path_parameters(printer, row);
    for (size_t i = 0; row->query && i < row->query->count; i++) {
        const struct field *field = &row->query->rows[i];
        write_parameter(printer, str_from(field->name), "query", (field->flags & FIELD_REQUIRED) != 0,
                        member_schema(printer->arena, row->query, field));
    }
    write_header_parameters(printer, row);
    json_end_array(&printer->json);
}

static struct str body_type(enum body_kind kind)
{
    if (kind == BODY_FORM) return STR("application/x-www-form-urlencoded");
    return kind == BODY_LINES ? STR("application/x-ndjson") : STR("application/json");
}

static void write_body(struct printer *printer, const struct route *row)
{
    if (row->body_kind == BODY_NONE) return;
    struct json_writer *json = &printer->json;
    json_key(json, "requestBody");
    json_begin_object(json);
    json_key(json, "required");
    json_bool(json, !row->is_body_optional);
    begin_content(printer, body_type(row->body_kind));
    write_reference(printer, component_name(printer->arena, row->body->title));
    end_content(printer);
    json_end_object(json);
}

static void write_response_header(struct json_writer *json, const char *name, const char *description)
{
    json_key(json, name);
    json_begin_object(json);
    write_member(json, "description", str_from(description));
    json_key(json, "schema");
    json_raw(json, STR("{\"type\":\"string\"}"));
    json_end_object(json);
}

static void write_response_headers(struct json_writer *json, const struct route *row)
{
    const bool has_version = row->is_versioned && row->reply;
    const bool has_place = row->success == HTTP_CREATED && row->scope;
    if (!has_version && !has_place) return;
    json_key(json, "headers");
    json_begin_object(json);
    if (has_version) write_response_header(json, "ETag", "The version, for If-Match");
    if (has_place) write_response_header(json, "Location", "Where it is");
    json_end_object(json);
}

static void write_success(struct printer *printer, const struct route *row)
{
    struct json_writer *json = &printer->json;
    json_key(json, str_printf(printer->arena, "%d", row->success).ptr);
    json_begin_object(json);
    write_member(json, "description", str_from(row->reply ? row->reply->title : row->summary));
    write_response_headers(json, row);
    if (row->reply || row->reply_type) {
        begin_content(printer, row->reply_type ? str_from(row->reply_type) : STR("application/json"));
        if (row->reply)
            write_reference(printer, component_name(printer->arena, row->reply->title));
        else
            json_raw(json, STR("{\"type\":\"string\"}"));
        end_content(printer);
    }
    json_end_object(json);
}

/* What the row itself implies, and what it lists. */
static void collect_errors(const struct route *row, bool errors[STATUS_COUNT])
{
    memset(errors, 0, STATUS_COUNT * sizeof(errors[0]));
    for (const enum status *code = row->errors; code && *code != STATUS_OK; code++) errors[*code] = true;
    errors[STATUS_INVALID_TOKEN] |= row->access == ACCESS_BEARER;
    errors[STATUS_INVALID_CLIENT] |= row->access == ACCESS_CLIENT;
    errors[STATUS_INSUFFICIENT_SCOPE] |= row->scope != NULL;
    errors[STATUS_STEP_UP_REQUIRED] |=
        row->needs_fresh || row->needs_acr != ACR_NEEDED_ANY || row->needs_fresh_with;
    errors[STATUS_RATE_LIMITED] |= row->limit != NULL;
    errors[STATUS_TOO_LARGE] |= row->body_kind != BODY_NONE;
    errors[STATUS_UNSUPPORTED_MEDIA] |= row->body_kind != BODY_NONE;
    errors[STATUS_MALFORMED_JSON] |= row->body_kind == BODY_JSON;
    errors[STATUS_VALIDATION_FAILED] |= row->body_kind == BODY_JSON;
    errors[STATUS_INVALID_REQUEST] |= row->body_kind == BODY_FORM;
    errors[STATUS_VALIDATION_FAILED] |= row->query != NULL;
    errors[STATUS_PRECONDITION_FAILED] |= takes_if_match(row);
    errors[STATUS_IDEMPOTENCY_KEY_REUSED] |= takes_idempotency_key(row);
    errors[STATUS_REQUEST_IN_PROGRESS] |= takes_idempotency_key(row);
}

static struct str error_description(struct printer *printer, const bool errors[STATUS_COUNT], int status)
{
    struct strbuf text;
    strbuf_init(&text, printer->arena, TEXT_FIRST_BYTES, TEXT_BYTES_MAX);
    for (int code = 1; code < (int)STATUS_COUNT; code++) {
        if (!errors[code] || status_http((enum status)code) != status) continue;
        if (text.len > 0) strbuf_add_char(&text, ' ');
        strbuf_printf(&text, "%s: %s", status_code((enum status)code), status_sentence((enum status)code));
    }
    return strbuf_str(&text);
}

static void write_error(struct printer *printer, const struct route *row, int status, struct str description)
{
    const bool is_protocol = row->surface == SURFACE_PROTOCOL;
    json_key(&printer->json, str_printf(printer->arena, "%d", status).ptr);
    json_begin_object(&printer->json);
    write_member(&printer->json, "description", description);
    begin_content(printer, is_protocol ? STR("application/json") : STR("application/problem+json"));
    write_reference(printer, is_protocol ? STR("OAuth_error") : STR("Problem"));
    end_content(printer);
    json_end_object(&printer->json);
}

static void write_responses(struct printer *printer, const struct route *row)
{
    bool errors[STATUS_COUNT];
    json_key(&printer->json, "responses");
    json_begin_object(&printer->json);
    write_success(printer, row);
    collect_errors(row, errors);
    for (int status = 400; status < 600; status++) {
        const struct str description = error_description(printer, errors, status);
        if (!is_empty(description)) write_error(printer, row, status, description);
    }
    json_end_object(&printer->json);
}

static void write_operation(struct printer *printer, const struct route *row)
{
    struct json_writer *json = &printer->json;
    const struct str method = str_from(http_method_name(row->method));
    json_key(json, str_lower_ascii(printer->arena, method).ptr);
    json_begin_object(json);
    write_member(json, "operationId", str_from(row->id));
    write_member(json, "summary", str_from(row->summary));
    if (row->source) write_member(json, "x-source", str_from(row->source));
    write_security(printer, row);
    write_parameters(printer, row);
    write_body(printer, row);
    write_responses(printer, row);
    json_end_object(json);
}

static bool is_path_printed(const struct printer *printer, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_public(&printer->rows[i]) && strcmp(printer->rows[i].path, printer->rows[index].path) == 0)
            return true;
    return false;
}

static void write_path(struct printer *printer, size_t first)
{
    json_key(&printer->json, printer->rows[first].path);
    json_begin_object(&printer->json);
    for (size_t i = first; i < printer->count; i++) {
        const struct route *row = &printer->rows[i];
        if (is_public(row) && strcmp(row->path, printer->rows[first].path) == 0)
            write_operation(printer, row);
    }
    json_end_object(&printer->json);
}

static void write_paths(struct printer *printer)
{
    json_key(&printer->json, "paths");
    json_begin_object(&printer->json);
    for (size_t i = 0; i < printer->count; i++)
        if (is_public(&printer->rows[i]) && !is_path_printed(printer, i)) write_path(printer, i);
    json_end_object(&printer->json);
}

static void write_components(struct printer *printer)
{
    struct json_writer *json = &printer->json;
    json_key(json, "components");
    json_begin_object(json);
    json_key(json, "securitySchemes");
    json_raw(json, security_schemes);
    json_key(json, "schemas");
    json_begin_object(json);
    json_key(json, "Problem");
    json_raw(json, problem_schema);
    json_key(json, "OAuth_error");
    json_raw(json, oauth_error_schema);
    for (size_t i = 0; i < printer->schema_count; i++) {
        json_key(json, component_name(printer->arena, printer->schemas[i]->title).ptr);
        json_raw(json, schema_text(printer->arena, printer->schemas[i]));
    }
    json_end_object(json);
    json_end_object(json);
}

static void write_info(struct printer *printer, const struct openapi_info *info)
{
    struct json_writer *json = &printer->json;
    write_member(json, "openapi", STR("3.1.0"));
    json_key(json, "info");
    json_begin_object(json);
    write_member(json, "title", str_from(info->title));
    write_member(json, "version", str_from(info->version));
    write_member(json, "description", str_from(info->description));
    json_end_object(json);
    json_key(json, "servers");
    json_begin_array(json);
    json_begin_object(json);
    write_member(json, "url", info->server_url);
    json_end_object(json);
    json_end_array(json);
}

result openapi_print(const struct route *rows, size_t count, const struct openapi_info *info,
                     struct strbuf *out)
{
    struct strbuf compact;
    strbuf_init(&compact, out->arena, COMPACT_FIRST_BYTES, COMPACT_BYTES_MAX);
    struct printer *printer = arena_alloc(out->arena, sizeof(*printer));
    *printer = (struct printer){.json = {.out = &compact}, .arena = out->arena, .rows = rows, .count = count};
    TRY(collect_schemas(printer));
    json_begin_object(&printer->json);
    write_info(printer, info);
    write_paths(printer);
    write_components(printer);
    json_end_object(&printer->json);
    struct str text;
    TRY(strbuf_finish(&compact, &text));
    json_lay_out(text, out);
    return out->overflowed ? RESULT(TOO_LARGE) : RESULT_OK;
}
