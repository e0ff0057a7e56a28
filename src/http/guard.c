// SPDX-License-Identifier: MIT
#include "guard_internal.h"

#include <assert.h>

#include "auth/base/encoding.h"

#define CONTENT_LENGTH_DIGITS_MAX 7u

/* Fields whose repetition lets two readers of one message disagree (RFC 9110 §5.3: a sender must not repeat a
 * field that is not defined as a list). */
static const struct str singletons[] = {
    STR_INIT("Authorization"),  STR_INIT("Content-Encoding"),
    STR_INIT("Content-Length"), STR_INIT("Content-Type"),
    STR_INIT("Cookie"),         STR_INIT("DPoP"),
    STR_INIT("Expect"),         STR_INIT("Host"),
    STR_INIT("Origin"),         STR_INIT("Referer"),
    STR_INIT("Upgrade"),        STR_INIT("X-Forwarded-Proto"),
    STR_INIT("X-Real-IP"),
};

/* Where the next part must begin: after this one and the two zeros that stand for CR LF. */
static uintptr_t after_line(const char *last_part, size_t len)
{
    return (uintptr_t)last_part + len + 2;
}

/* field-line = field-name ":" OWS field-value OWS (RFC 9112 §5); the colon was made a zero. */
static bool is_field_laid_out(const struct header_field *field, uintptr_t expected)
{
    if ((uintptr_t)field->name.ptr != expected) return false;
    const uintptr_t after_colon = expected + field->name.len + 1;
    const uintptr_t value = (uintptr_t)field->value.ptr;
    if (value < after_colon || value - after_colon > HTTP_HEADER_BYTES_MAX) return false;
    for (const char *c = field->name.ptr + field->name.len + 1; c < field->value.ptr; c++)
        if (*c != ' ' && *c != '\t') return false;
    return true;
}

bool is_laid_out(const struct request_head *head)
{
    /* request-line = method SP request-target SP HTTP-version (RFC 9112 §3), one space each. */
    if ((uintptr_t)head->target_place != (uintptr_t)head->method + strlen(head->method) + 1) return false;
    if ((uintptr_t)head->version != (uintptr_t)head->target_place + head->target.len + 1) return false;

    uintptr_t expected = after_line(head->version, strlen(head->version));
    for (size_t i = 0; i < head->field_count && i < REQUEST_FIELDS_MAX; i++) {
        const struct header_field *field = &head->fields[i];
        if (!is_field_laid_out(field, expected)) return false;
        expected = after_line(field->value.ptr, field->value.len);
    }
    if (head->field_count > REQUEST_FIELDS_MAX) return true; /* refused for their number */
    return expected + 2 == (uintptr_t)head->method + head->bytes;
}

/* tchar of RFC 9110 §5.6.2. */
static bool is_token_character(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c == '-' || (c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL);
}

bool is_field_name(struct str name)
{
    if (is_empty(name)) return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_token_character(name.ptr[i])) return false;
    return true;
}

/* RFC 9110 §5.5: "field values containing CR, LF, or NUL characters are invalid and dangerous"; other control
 * characters but the tab are invalid as well. */
bool is_field_value(struct str value)
{
    for (size_t i = printable_prefix(value, false); i < value.len; i++) {
        const unsigned char c = (unsigned char)value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

/* origin-form alone (RFC 9112 §3.2.1), printable ASCII, no fragment. */
static bool is_origin_form(struct str target)
{
    if (is_empty(target) || target.ptr[0] != '/') return false;
    for (size_t i = 0; i < target.len; i++) {
        const unsigned char c = (unsigned char)target.ptr[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') return false;
    }
    return true;
}

/* Lengths first: nearly all names differ in theirs, and each is held against each singleton. */
static bool is_named(const struct header_field *field, struct str name)
{
    return field->name.len == name.len && str_equal_nocase(field->name, name);
}

static size_t count_fields(const struct request_head *head, struct str name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->field_count; i++)
        if (is_named(&head->fields[i], name)) count++;
    return count;
}

static struct str find_field(const struct request_head *head, struct str name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (is_named(&head->fields[i], name)) return head->fields[i].value;
    return STR_NONE;
}

static result guard_fields(const struct request_head *head, struct fault *fault)
{
    if (head->field_count > REQUEST_FIELDS_MAX)
        FAIL(fault, HEADERS_TOO_LARGE, "%zu header fields", head->field_count);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct header_field *field = &head->fields[i];
        if (field->name.len + field->value.len > HTTP_HEADER_BYTES_MAX)
            FAIL(fault, HEADERS_TOO_LARGE, "a header field of %zu bytes", field->name.len + field->value.len);
        if (!is_field_name(field->name)) FAIL(fault, BAD_REQUEST, "header field %zu has no valid name", i);
        if (!is_field_value(field->value))
            FAIL(fault, BAD_REQUEST, "header field %zu holds control characters", i);
    }
    for (size_t i = 0; i < ARRAY_COUNT(singletons); i++)
        if (count_fields(head, singletons[i]) > 1) FAIL(fault, BAD_REQUEST, "repeated %s", singletons[i].ptr);
    return RESULT_OK;
}

/* Content-Length = 1*DIGIT (RFC 9110 §8.6); here without leading zeros, which some readers take for octal. */
static result content_length(struct str value, size_t body_bytes_max, struct fault *fault, size_t *ret_length)
{
    if (is_empty(value)) FAIL(fault, BAD_REQUEST, "empty Content-Length");
    assert(value.ptr != NULL);
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < '0' || value.ptr[i] > '9') FAIL(fault, BAD_REQUEST, "Content-Length is no number");
    if (value.ptr[0] == '0' && value.len > 1) FAIL(fault, BAD_REQUEST, "Content-Length with leading zeros");
    if (value.len > CONTENT_LENGTH_DIGITS_MAX) FAIL(fault, TOO_LARGE, "Content-Length of many digits");
    int64_t length = 0;
    if (!str_to_int64(value, &length)) FAIL(fault, BAD_REQUEST, "Content-Length is no number");
    if ((size_t)length > body_bytes_max) FAIL(fault, TOO_LARGE, "a body of %zu bytes", (size_t)length);
    *ret_length = (size_t)length;
    return RESULT_OK;
}

static result guard_framing(const struct request_head *head, size_t body_bytes_max, struct fault *fault,
                            size_t *ret_content_length)
{
    /* RFC 9112 §6.1: a Transfer-Encoding beside a Content-Length "ought to be handled as an error". The proxy
     * in front sends lengths only, so any transfer coding is one. */
    if (count_fields(head, STR("Transfer-Encoding")) > 0) FAIL(fault, BAD_REQUEST, "Transfer-Encoding");
    if (count_fields(head, STR("Content-Length")) == 0) {
        *ret_content_length = 0;
        return RESULT_OK;
    }
    return content_length(find_field(head, STR("Content-Length")), body_bytes_max, fault, ret_content_length);
}

result guard_head(const struct request_head *head, size_t body_bytes_max, struct fault *fault,
                  enum http_method *ret_method, size_t *ret_content_length)
{
    const struct str target = head->target;
    const struct str version = str_from(head->version);
    const bool is_1_1 = str_equal(version, STR("HTTP/1.1"));
    if (!is_1_1 && !str_equal(version, STR("HTTP/1.0"))) FAIL(fault, BAD_REQUEST, "unknown HTTP version");
    if (target.len > HTTP_TARGET_BYTES_MAX) FAIL(fault, URI_TOO_LONG, "a target of %zu bytes", target.len);
    if (!is_origin_form(target)) FAIL(fault, BAD_REQUEST, "the target is not in origin form");
    TRY(guard_fields(head, fault));
    /* RFC 9112 §3.2: 400 to "any HTTP/1.1 request message that lacks a Host header field and to any request
     * message that contains more than one". */
    if (is_1_1 && count_fields(head, STR("Host")) != 1) FAIL(fault, BAD_REQUEST, "no Host");
    size_t length = 0;
    TRY(guard_framing(head, body_bytes_max, fault, &length));
    enum http_method method = HTTP_GET;
    if (!http_method_parse(str_from(head->method), &method))
        FAIL(fault, METHOD_NOT_ALLOWED, "a method that is not on the list");
    *ret_method = method;
    *ret_content_length = length;
    return RESULT_OK;
}
