// SPDX-License-Identifier: MIT
#include "trace_internal.h"

#include "auth/http/request.h"

#define VERSION_DIGITS    2u
#define TRACE_ID_DIGITS   32u
#define PARENT_ID_DIGITS  16u
#define TRACE_ID_OFFSET   (VERSION_DIGITS + 1u)
#define PARENT_ID_OFFSET  (TRACE_ID_OFFSET + TRACE_ID_DIGITS + 1u)
#define FLAGS_OFFSET      (PARENT_ID_OFFSET + PARENT_ID_DIGITS + 1u)
#define TRACEPARENT_BYTES (FLAGS_OFFSET + 2u)

bool is_request_id(struct str text)
{
    if (text.len == 0 || text.len > HTTP_REQUEST_ID_MAX) return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

/* HEXDIGLC: lower case alone. */
static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

static bool is_all_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '0') return false;
    return true;
}

struct str traceparent_trace_id(struct str field)
{
    if (field.len < TRACEPARENT_BYTES) return STR_NONE;
    const struct str version = {field.ptr, VERSION_DIGITS};
    const struct str trace_id = {field.ptr + TRACE_ID_OFFSET, TRACE_ID_DIGITS};
    const struct str parent_id = {field.ptr + PARENT_ID_OFFSET, PARENT_ID_DIGITS};
    const struct str flags = {field.ptr + FLAGS_OFFSET, 2};
    const bool has_hyphens = field.ptr[TRACE_ID_OFFSET - 1] == '-' &&
                             field.ptr[PARENT_ID_OFFSET - 1] == '-' && field.ptr[FLAGS_OFFSET - 1] == '-';
    if (!has_hyphens || !is_hex(version) || !is_hex(trace_id) || !is_hex(parent_id) || !is_hex(flags))
        return STR_NONE;
    /* "Version ff is invalid"; "all bytes as zero … is considered an invalid value" for both ids. */
    if (str_equal(version, STR("ff")) || is_all_zero(trace_id) || is_all_zero(parent_id)) return STR_NONE;
    /* Later versions may append fields after a hyphen; version 00 ends here. */
    if (field.len == TRACEPARENT_BYTES) return trace_id;
    if (str_equal(version, STR("00")) || field.ptr[TRACEPARENT_BYTES] != '-') return STR_NONE;
    return trace_id;
}
