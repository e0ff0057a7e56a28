// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../../src/http/guard_internal.h"

#define BODY_MAX 65536u

/* A head as libmicrohttpd leaves it in its buffer: zeros for the spaces, colons and line ends it consumed. */
struct parsed {
    char buffer[2048];
    struct header_field fields[8];
    struct request_head head;
};

/* `text` is written with '|' for each zero; the fields are found by hand as the library finds them. */
static void parse(struct parsed *parsed, const char *text)
{
    const size_t len = strlen(text);
    *parsed = (struct parsed){0};
    for (size_t i = 0; i < len; i++) parsed->buffer[i] = text[i] == '|' ? '\0' : text[i];
    char *at = parsed->buffer;
    parsed->head.method = at;
    at += strlen(at) + 1;
    parsed->head.target_place = at;
    parsed->head.target = str_from(at);
    at += strlen(at) + 1;
    parsed->head.version = at;
    parsed->head.fields = parsed->fields;
    parsed->head.bytes = len;
}

/* Notes a field whose name and value begin at these places of the text. */
static void add_field(struct parsed *parsed, const char *name, const char *value)
{
    struct header_field *field = &parsed->fields[parsed->head.field_count++];
    field->name = str_from(memmem(parsed->buffer, parsed->head.bytes, name, strlen(name)));
    field->value = str_from(memmem(parsed->buffer, parsed->head.bytes, value, strlen(value)));
}

Test(guard, a_head_with_two_bytes_at_every_line_end_is_laid_out)
{
    struct parsed parsed;
    parse(&parsed, "GET|/a|HTTP/1.1||Host| h||X-A|\t b||||");
    add_field(&parsed, "Host", "h");
    add_field(&parsed, "X-A", "b");
    cr_expect(is_laid_out(&parsed.head));
    parsed.head.bytes++;
    cr_expect_not(is_laid_out(&parsed.head), "a byte too many at the end");
}

Test(guard, a_head_with_one_byte_at_a_line_end_is_not)
{
    static const char *const texts[] = {
        "GET|/a|HTTP/1.1|Host| h||X-A| b||||", /* request line */
        "GET|/a|HTTP/1.1||Host| h|X-A| b||||", /* first field */
        "GET|/a|HTTP/1.1||Host| h||X-A| b|||", /* last field, or the empty line */
        "GET||/a|HTTP/1.1||Host| h||X-A| b||||",   "GET|/a||HTTP/1.1||Host| h||X-A| b||||",
        "GET|/a|HTTP/1.1||||Host| h||X-A| b||||",  /* an unreported line */
        "GET|/a|HTTP/1.1||Host|zh||X-A| b||||",    /* bytes between name and value */
        "GET|/a|HTTP/1.1||Host| h|c||X-A| b||||",  /* NUL in a value */
        "GET|/a|HTTP/1.1||: v||Host| h||X-A| b||", /* a field the library did not report */
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct parsed parsed;
        parse(&parsed, texts[i]);
        if (texts[i][4] == '|') parsed.head.target_place = parsed.buffer + 5; /* the library skips spaces */
        if (texts[i][6] == '|' && texts[i][7] == '|') parsed.head.version = parsed.buffer + 8;
        parsed.head.target = str_from(parsed.head.target_place);
        add_field(&parsed, "Host", "h");
        add_field(&parsed, "X-A", "b");
        cr_expect_not(is_laid_out(&parsed.head), "%s", texts[i]);
    }
}

static enum status check(const char *method, const char *target, const char *version,
                         const struct header_field *fields, size_t count, size_t *ret_length)
{
    struct fault fault;
    enum http_method parsed = HTTP_GET;
    const struct request_head head = {.method = method,
                                      .target = str_from(target),
                                      .version = version,
                                      .fields = fields,
                                      .field_count = count};
    fault_clear(&fault);
    return guard_head(&head, BODY_MAX, &fault, &parsed, ret_length).code;
}

#define HOST                                 \
    {                                        \
        STR_INIT("Host"), STR_INIT("a.test") \
    }

Test(guard, lengths_that_are_not_plain_digits_within_the_limit_are_refused)
{
    static const struct {
        const char *value;
        enum status expected;
    } rows[] = {
        {"", STATUS_BAD_REQUEST},
        {"+1", STATUS_BAD_REQUEST},
        {"-1", STATUS_BAD_REQUEST},
        {"01", STATUS_BAD_REQUEST},
        {"0x1", STATUS_BAD_REQUEST},
        {"1 ", STATUS_BAD_REQUEST},
        {"1,1", STATUS_BAD_REQUEST},
        {"1\v", STATUS_BAD_REQUEST},
        {"65537", STATUS_TOO_LARGE},
        {"9999999", STATUS_TOO_LARGE},
        {"10000000", STATUS_TOO_LARGE},
        {"18446744073709551615", STATUS_TOO_LARGE},
        {"0", STATUS_OK},
        {"65536", STATUS_OK},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct header_field fields[] = {HOST, {STR("content-length"), str_from(rows[i].value)}};
        size_t length = 0;
        cr_expect_eq(check("POST", "/", "HTTP/1.1", fields, 2, &length), rows[i].expected, "%s",
                     rows[i].value);
    }
}

Test(guard, any_transfer_coding_is_refused)
{
    static const char *const names[] = {"Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct header_field fields[] = {HOST, {str_from(names[i]), STR("")}};
        size_t length = 0;
        cr_expect_eq(check("POST", "/", "HTTP/1.1", fields, 2, &length), STATUS_BAD_REQUEST);
    }
}

/* Security incident 52. */
Test(guard, fields_that_must_be_alone_are_refused_twice)
{
    static const char *const names[] = {"Host",      "Content-Length", "Authorization",
                                        "X-Real-IP", "Cookie",         "DPoP"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct header_field fields[] = {
            HOST, {str_from(names[i]), STR("1")}, {str_from(names[i]), STR("1")}};
        size_t length = 0;
        cr_expect_eq(check("POST", "/", "HTTP/1.1", fields, 3, &length), STATUS_BAD_REQUEST, "%s", names[i]);
    }
}

Test(guard, only_the_two_versions_and_the_listed_methods_pass)
{
    const struct header_field fields[] = {HOST};
    size_t length = 0;
    cr_expect_eq(check("GET", "/", "HTTP/1.2", fields, 1, &length), STATUS_BAD_REQUEST);
    cr_expect_eq(check("GET", "/", "", fields, 1, &length), STATUS_BAD_REQUEST);
    cr_expect_eq(check("TRACE", "/", "HTTP/1.1", fields, 1, &length), STATUS_METHOD_NOT_ALLOWED);
    cr_expect_eq(check("get", "/", "HTTP/1.1", fields, 1, &length), STATUS_METHOD_NOT_ALLOWED);
    cr_expect_eq(check("GET", "/", "HTTP/1.1", fields, 0, &length), STATUS_BAD_REQUEST);
    cr_expect_eq(check("GET", "/", "HTTP/1.0", fields, 0, &length), STATUS_OK);
    cr_expect_eq(check("PATCH", "/", "HTTP/1.1", fields, 1, &length), STATUS_OK);
}

Test(guard, targets_other_than_origin_form_are_refused)
{
    static const char *const targets[] = {"", "*", "a", "http://a/", "/a b", "/a#b", "/\x80", "/\t", "/\x7f"};
    const struct header_field fields[] = {HOST};
    size_t length = 0;
    for (size_t i = 0; i < ARRAY_COUNT(targets); i++)
        cr_expect_eq(check("GET", targets[i], "HTTP/1.1", fields, 1, &length), STATUS_BAD_REQUEST, "%s",
                     targets[i]);
}

Test(guard, names_are_tokens_and_values_have_no_controls)
{
    cr_expect_not(is_field_name(STR("")));
    cr_expect_not(is_field_name(STR("a b")));
    cr_expect_not(is_field_name(STR("a:")));
    cr_expect_not(is_field_name(STR("a\0b")));
    cr_expect_not(is_field_name(STR("\xc3\xa9")));
    cr_expect(is_field_name(STR("X-A!#$%&'*+.^_`|~9")));
    cr_expect_not(is_field_value(STR("a\0")));
    cr_expect_not(is_field_value(STR("a\r")));
    cr_expect_not(is_field_value(STR("a\nb")));
    cr_expect_not(is_field_value(STR("\x7f")));
    cr_expect(is_field_value(STR("a\tb \xc3\xa9")));
}
