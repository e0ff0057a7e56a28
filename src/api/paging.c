// SPDX-License-Identifier: MIT
#include "paging_internal.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"

#define TAG_BYTES 16u

static const struct field PAGE_ONLY_ROWS[] = {PAGE_QUERY_ROWS(struct page_only_query)};
const struct fields page_only_query_fields = FIELDS(PAGE_ONLY_ROWS, struct page_only_query, "PageQuery");

int64_t page_rows_wanted(const struct page_query *page)
{
    return (page->limit > 0 ? page->limit : PAGE_LIMIT_DEFAULT) + 1;
}

size_t page_count(const struct page_query *page, size_t found)
{
    const size_t told = (size_t)page_rows_wanted(page) - 1;
    return found < told ? found : told;
}

/* A cursor of one list says nothing to another: its path is part of what is authenticated. */
static void make_tag(const struct request *request, struct str key, unsigned char ret_tag[TAG_BYTES])
{
    const struct service *service = service_of(request);
    const struct str parts[] = {request->path, {"\0", 1}, key};
    unsigned char tag[SHA256_BYTES];
    hmac_sha256(&service->secrets->cursor_key, parts, ARRAY_COUNT(parts), tag);
    memcpy(ret_tag, tag, TAG_BYTES);
}

struct str page_cursor(struct request *request, struct str key)
{
    struct arena *arena = request->task.arena;
    unsigned char *bytes = arena_alloc(arena, TAG_BYTES + key.len);
    make_tag(request, key, bytes);
    memcpy(bytes + TAG_BYTES, key.ptr, key.len);
    return base64url_print(arena, bytes, TAG_BYTES + key.len);
}

struct str page_cursor_id(struct request *request, struct id id)
{
    return page_cursor(request, (struct str){(const char *)id.bytes, sizeof id.bytes});
}

static result refuse(struct request *request)
{
    fault_add_field(&request->task.fault, "after", "malformed", "is not a cursor of this list");
    FAIL(&request->task.fault, VALIDATION_FAILED, "cursor refused");
}

result page_after(struct request *request, const struct page_query *page, struct str *ret_key)
{
    *ret_key = STR("");
    if (is_empty(page->after)) return RESULT_OK;
    struct str bytes;
    unsigned char tag[TAG_BYTES];
    if (!base64url_parse(request->task.arena, page->after, &bytes) || bytes.len <= TAG_BYTES ||
        bytes.len > TAG_BYTES + PAGE_KEY_BYTES_MAX)
        return refuse(request);
    const struct str key = str_from_offset(bytes, TAG_BYTES);
    make_tag(request, key, tag);
    if (!bytes_equal(tag, bytes.ptr, TAG_BYTES)) return refuse(request);
    *ret_key = key;
    return RESULT_OK;
}

result page_after_id(struct request *request, const struct page_query *page, struct id *ret_id)
{
    struct str key;
    *ret_id = (struct id){{0}};
    TRY(page_after(request, page, &key));
    if (is_empty(key)) return RESULT_OK;
    if (key.len != sizeof ret_id->bytes) return refuse(request);
    memcpy(ret_id->bytes, key.ptr, key.len);
    return RESULT_OK;
}
