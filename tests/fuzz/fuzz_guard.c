// SPDX-License-Identifier: MIT
#include <string.h>

#include "../../src/http/guard_internal.h"
#include "../../src/http/proxy_internal.h"
#include "../../src/http/trace_internal.h"
#include "auth/base/log.h"

/* Bytes → a head, cut the way libmicrohttpd 0.9.75 cuts one; what the guard lets through must keep the rules that
 * everything behind it relies on. */
#define BYTES_MAX 4096u
#define BODY_MAX  65536u

struct cut {
    char bytes[BYTES_MAX + 4];
    struct header_field fields[REQUEST_FIELDS_MAX];
    struct request_head head;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line at `at` without its end, which becomes zeros; NULL when there is none. */
static char *next_line(struct cut *cut, size_t size, size_t *at)
{
    char *line = cut->bytes + *at;
    char *end = memchr(line, '\n', size - *at);
    if (!end) return NULL;
    *at = (size_t)(end - cut->bytes) + 1;
    *end = '\0';
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    return line;
}

static bool cut_request_line(struct cut *cut, char *line)
{
    char *target = strchr(line, ' ');
    char *version = strrchr(line, ' ');
    if (!target || target == version) return false;
    *target++ = '\0';
    *version++ = '\0';
    cut->head.method = line;
    cut->head.target_place = target;
    cut->head.target = str_from(target);
    cut->head.version = version;
    return true;
}

static bool cut_field(struct cut *cut, char *line)
{
    char *value = strchr(line, ':');
    if (!value) return false;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (cut->head.field_count < REQUEST_FIELDS_MAX)
        cut->fields[cut->head.field_count] = (struct header_field){str_from(line), str_from(value)};
    cut->head.field_count++;
    return true;
}

static bool cut_head(struct cut *cut, size_t size)
{
    size_t at = 0;
    char *line = next_line(cut, size, &at);
    if (!line || !cut_request_line(cut, line)) return false;
    cut->head.fields = cut->fields;
    for (line = next_line(cut, size, &at); line && line[0] != '\0'; line = next_line(cut, size, &at))
        if (!cut_field(cut, line)) return false;
    cut->head.bytes = at;
    return line != NULL;
}

static void require(bool condition, const char *rule)
{
    if (!condition) panic("the guard let through: %s", rule);
}

static void check_passed(const struct cut *cut, size_t content_length)
{
    size_t lengths = 0;
    require(content_length <= BODY_MAX, "a long body");
    require(cut->head.target.ptr[0] == '/', "a target that is not a path");
    for (size_t i = 0; i < cut->head.field_count; i++) {
        const struct header_field *field = &cut->fields[i];
        require(!str_equal_nocase(field->name, STR("transfer-encoding")), "a transfer coding");
        require(!memchr(field->value.ptr, '\n', field->value.len), "a line feed");
        require(!memchr(field->value.ptr, '\r', field->value.len), "a carriage return");
        require(field->name.len > 0 && !memchr(field->name.ptr, ' ', field->name.len), "a name with a space");
        lengths += str_equal_nocase(field->name, STR("content-length"));
    }
    require(lengths <= 1, "two lengths");
}

static void try_values(struct str text)
{
    struct client_address address;
    const struct str trace = traceparent_trace_id(text);
    require(trace.len == 0 || trace.len == 32, "a trace of another length");
    if (address_parse(text, &address)) {
        char printed[ADDRESS_TEXT_SIZE];
        struct client_address again;
        require(address_parse(address_print(&address, printed), &again), "an address that does not print");
        require(memcmp(again.bytes, address.bytes, sizeof(again.bytes)) == 0, "an address that changes");
    }
    if (is_request_id(text)) require(is_field_value(text) && text.len <= HTTP_REQUEST_ID_MAX, "an id");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cut cut;
    struct fault fault;
    enum http_method method = HTTP_GET;
    size_t content_length = 0;
    if (size > BYTES_MAX) return 0;
    try_values((struct str){(const char *)data, size});
    memset(&cut, 0, sizeof(cut));
    if (size > 0) memcpy(cut.bytes, data, size);
    if (!cut_head(&cut, size) || !is_laid_out(&cut.head)) return 0;
    fault_clear(&fault);
    if (is_ok(guard_head(&cut.head, BODY_MAX, &fault, &method, &content_length)))
        check_passed(&cut, content_length);
    return 0;
}
