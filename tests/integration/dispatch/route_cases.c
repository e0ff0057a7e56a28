// SPDX-License-Identifier: MIT
#include "route_cases.h"

#include <string.h>

#include "auth/json/writer.h"

#define NOBODYS_ID "019a0000-0000-7000-8000-000000000000"

/* By the collection a parameter follows. */
static const char *value_of(struct str before, const struct route_names *names)
{
    const struct {
        struct str collection;
        const char *value;
    } rows[] = {
        {STR("users/"), names->user_id},          {STR("members/"), names->user_id},
        {STR("groups/"), names->group_id},        {STR("roles/"), names->role},
        {STR("clients/"), names->client_id},      {STR("webhooks/"), names->webhook_id},
        {STR("deliveries/"), names->delivery_id},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const size_t length = rows[i].collection.len;
        if (before.len >= length &&
            str_equal(str_from_offset(before, before.len - length), rows[i].collection))
            return rows[i].value;
    }
    return NOBODYS_ID;
}

static const char *path_of(struct arena *arena, const struct route *route, const struct route_names *names)
{
    struct strbuf path;
    struct str rest = str_from(route->path);
    strbuf_init(&path, arena, 128, 512);
    while (!is_empty(rest)) {
        strbuf_add(&path, str_split(&rest, '{'));
        if (is_empty(rest)) break;
        (void)str_split(&rest, '}');
        strbuf_add(&path, str_from(value_of(strbuf_str(&path), names)));
    }
    return strbuf_str(&path).ptr;
}

static struct str body_of(struct arena *arena, const struct route *route)
{
    struct strbuf body;
    struct json_writer json = {.out = &body};
    if (route->body_kind != BODY_JSON) return STR_NONE;
    strbuf_init(&body, arena, 256, 4096);
    json_begin_object(&json);
    for (size_t i = 0; i < route->body->count; i++) {
        const struct field *row = &route->body->rows[i];
        if (!(row->flags & FIELD_REQUIRED) || !row->example) continue;
        json_key(&json, row->name);
        json_raw(&json, str_from(row->example));
    }
    json_end_object(&json);
    return strbuf_str(&body);
}

struct route_case route_case_make(struct arena *arena, const struct route *route,
                                  const struct route_names *names)
{
    return (struct route_case){
        .what = route->id,
        .call = {.method = route->method,
                 .path = path_of(arena, route, names),
                 .authorization = route->access == ACCESS_BEARER ? names->bearer : NULL,
                 .content_type = route->body_kind == BODY_JSON ? "application/json" : NULL,
                 .body = body_of(arena, route)},
    };
}
