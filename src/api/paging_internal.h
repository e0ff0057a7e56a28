/* paging_internal.h — lists in pages: ?limit=1..200&after=<cursor> → {"data":[...],"next":<cursor>|null}.
 * Shape:   a page begins after the key of a row, by keyset: rows that come or go meanwhile neither repeat nor hide others.
 *          A cursor is that key, authenticated and bound to the path of its list: no other text reaches a statement.
 * Use:     the structure of the route's query has a `struct page_query page`, its table begins with PAGE_QUERY_ROWS, the
 *          reply is a `struct page_reply` by PAGE_REPLY_ROWS. The rule is asked for page_rows_wanted rows, one more than are
 *          told.
 * Errors:  VALIDATION_FAILED naming the parameter.
 * Source:  OWASP ASVS 1.2.4 (what comes from outside is bound or refused).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_PAGING_INTERNAL_H
#define AUTH_API_PAGING_INTERNAL_H

#include "api_internal.h"

#define PAGE_LIMIT_DEFAULT 50
#define PAGE_LIMIT_MAX     200
#define PAGE_KEY_BYTES_MAX 256u
#define PAGE_CURSOR_MAX    400

struct page_query {
    int64_t limit;
    struct str after;
};

/* The rows of a query table whose structure has a member `page`. */
#define PAGE_QUERY_ROWS(structure)                                                                     \
    {.name = "limit",                                                                                  \
     .type = FIELD_INTEGER,                                                                            \
     .offset = offsetof(structure, page.limit),                                                        \
     .min = 1,                                                                                         \
     .max = PAGE_LIMIT_MAX,                                                                            \
     .description = "Most items of a page; 50 when left out"},                                         \
    {                                                                                                  \
        .name = "after", .type = FIELD_STRING, .offset = offsetof(structure, page.after), .min = 1,    \
        .max = PAGE_CURSOR_MAX, .description = "The next of the page before; left out: the first page" \
    }

/* For lists without filters. */
struct page_only_query {
    struct page_query page;
};
extern const struct fields page_only_query_fields;

struct page_reply {
    struct object_list data;
    struct str next;
};

/* The rows of a list's reply: what the items are, and how they are ordered. */
#define PAGE_REPLY_ROWS(item_fields, words)                                             \
    {.name = "data",                                                                    \
     .type = FIELD_OBJECTS,                                                             \
     .flags = FIELD_REQUIRED,                                                           \
     .offset = offsetof(struct page_reply, data),                                       \
     .object = (item_fields),                                                           \
     .description = (words)},                                                           \
    {                                                                                   \
        .name = "next", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
        .offset = offsetof(struct page_reply, next),                                    \
        .description = "The cursor of the next page, for after; null on the last"       \
    }

/* How many rows to ask for. */
int64_t page_rows_wanted(const struct page_query *page);
/* The key the page begins after; empty on the first. */
NODISCARD result page_after(struct request *request, const struct page_query *page, struct str *ret_key);
/* The same for lists whose key is an id; nil on the first. */
NODISCARD result page_after_id(struct request *request, const struct page_query *page, struct id *ret_id);
/* How many of the rows found are told. */
size_t page_count(const struct page_query *page, size_t found);
/* The cursor after a row. */
struct str page_cursor(struct request *request, struct str key);
struct str page_cursor_id(struct request *request, struct id id);

#endif
