// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "import_internal.h"

#define TIME_BYTES_MAX 40u

static const struct import_format *const FORMATS[] = {&import_format_auth,     &import_format_gotrue,
                                                      &import_format_keycloak, &import_format_kratos,
                                                      &import_format_firebase, &import_format_auth0};

const struct import_format *import_format_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(FORMATS); i++)
        if (str_equal(name, str_from(FORMATS[i]->name))) return FORMATS[i];
    return NULL;
}

const char *import_format_name(const struct import_format *format)
{
    return format->name;
}

enum framing import_format_framing(const struct import_format *format)
{
    const bool is_document = format == &import_format_keycloak || format == &import_format_firebase;
    return is_document ? FRAMING_ARRAY : FRAMING_LINES;
}

const char *import_options_problem(const struct import_options *options)
{
    if (options->format != &import_format_firebase) return NULL;
    const bool is_whole = options->firebase.signer_key.len > 0 && options->firebase.rounds > 0 &&
                          options->firebase.memory_cost > 0;
    return is_whole ? NULL
                    : "firebase hashes need --firebase-signer-key-file, --firebase-rounds and "
                      "--firebase-memory-cost (Authentication, Users, Password hash parameters)";
}

struct str import_external_id(struct task *task, const char *system, struct str name)
{
    return is_empty(name) ? STR_NONE : str_printf(task->arena, "%s:%.*s", system, STR_ARGS(name));
}

struct id import_id(struct str name)
{
    struct id id = {{0}};
    (void)id_parse(name, &id);
    return id;
}

/* To the alphabet with + and /, without padding. */
static struct str standard(struct task *task, struct str text)
{
    char *copy = arena_alloc(task->arena, text.len + 4);
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '\n' || c == '\r') continue;
        copy[length++] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (length > 0 && copy[length - 1] == '=') length--;
    return (struct str){copy, length};
}

result import_bytes(struct task *task, const char *pointer, struct str text, struct str *ret_bytes)
{
    const struct str bare = standard(task, text);
    const size_t lack = (4 - bare.len % 4) % 4;
    const struct str padded = str_printf(task->arena, "%.*s%.*s", STR_ARGS(bare), (int)lack, "===");
    if (lack < 3 && base64_parse(task->arena, padded, ret_bytes)) return RESULT_OK;
    fault_add_field(&task->fault, pointer, "malformed", "must be base64");
    return RESULT(VALIDATION_FAILED);
}

result import_base64(struct task *task, const char *pointer, struct str text, struct str *ret_text)
{
    struct str bytes;
    TRY(import_bytes(task, pointer, text, &bytes));
    *ret_text = standard(task, base64_print(task->arena, bytes.ptr, bytes.len));
    return RESULT_OK;
}

static int base32_digit(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

result import_base32(struct task *task, const char *pointer, struct str text, struct secret *ret_bytes)
{
    unsigned char *bytes = arena_alloc(task->arena, text.len + 1);
    size_t count = 0;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(" -=", text.ptr[i])) continue;
        const int digit = base32_digit(text.ptr[i]);
        if (digit < 0) {
            fault_add_field(&task->fault, pointer, "malformed", "must be base32");
            return RESULT(VALIDATION_FAILED);
        }
        held = (held << 5 | (unsigned)digit) & 0xfffu;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        bytes[count++] = (unsigned char)(held >> bits);
    }
    *ret_bytes = secret_copy(task->arena, (const char *)bytes, count);
    return RESULT_OK;
}

int64_t import_time_ms(struct task *task, struct str text)
{
    int64_t at_ms = 0;
    if (text.len < 11 || text.len > TIME_BYTES_MAX) return 0;
    char *copy = arena_alloc(task->arena, text.len + 4);
    memcpy(copy, text.ptr, text.len);
    if (copy[10] == ' ') copy[10] = 'T';
    struct str form = {copy, text.len};
    /* PostgreSQL leaves the minutes of a zone out. */
    const bool has_short_zone = text.len >= 20 && strchr("+-", copy[text.len - 3]) != NULL;
    if (has_short_zone) {
        memcpy(copy + text.len, ":00", 3);
        form.len += 3;
    }
    return time_parse(form, &at_ms) ? at_ms : 0;
}

result import_inner(const struct fields *fields, struct task *task, const char *pointer, struct str text,
                    void *ret_value)
{
    if (is_ok(fields_read_json(fields, task, text, ret_value))) return RESULT_OK;
    fault_clear(&task->fault);
    fault_add_field(&task->fault, pointer, "malformed",
                    "must be the text of a JSON object as the system writes it");
    return RESULT(VALIDATION_FAILED);
}
