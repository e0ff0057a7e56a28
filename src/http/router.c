// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "auth/http/route.h"

#define ROUTER_ARENA_BYTES ((size_t)1024 * 1024)
#define ALLOW_FIRST_BYTES  32u
#define ALLOW_BYTES_MAX    128u

/* One path with its methods. */
struct path_node {
    struct str path;
    size_t parameter_count;
    const struct route *by_method[HTTP_METHOD_COUNT];
    struct str allow;
};

/* Paths without parameters, in order, are searched first; the few with parameters are tried one after the
 * other. */
struct router {
    struct arena *arena;
    const struct route *rows;
    struct path_node *nodes;
    size_t node_count;
    size_t plain_count; /* the first ones, sorted */
};

static int compare_text(struct str a, struct str b)
{
    const size_t shorter = a.len < b.len ? a.len : b.len;
    const int order = memcmp(a.ptr, b.ptr, shorter);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_nodes(const void *a_, const void *b_)
{
    const struct path_node *a = a_;
    const struct path_node *b = b_;
    const bool a_is_plain = a->parameter_count == 0;
    const bool b_is_plain = b->parameter_count == 0;
    if (a_is_plain != b_is_plain) return a_is_plain ? -1 : 1;
    return compare_text(a->path, b->path);
}

/* "{name}" as a whole segment. */
static bool is_parameter(struct str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static bool is_path_valid(struct str path, size_t *ret_parameters)
{
    if (path.len < 2 || path.ptr[0] != '/') return false;
    struct str rest = str_from_offset(path, 1);
    size_t parameters = 0;
    bool has_more = true;
    while (has_more) {
        const struct str segment = str_split(&rest, '/');
        has_more = segment.ptr + segment.len < path.ptr + path.len;
        if (is_empty(segment)) return false;
        if (is_parameter(segment))
            parameters++;
        else if (memchr(segment.ptr, '{', segment.len) || memchr(segment.ptr, '%', segment.len))
            return false;
    }
    *ret_parameters = parameters;
    return parameters <= ROUTE_PARAMETERS_MAX;
}

static result check_words(const struct route *row, struct fault *fault)
{
    if (!row->id || !row->path || !row->handler || !row->summary)
        FAIL(fault, INTERNAL, "a route misses its id, path, handler or summary (%s)",
             row->id ? row->id : "unnamed");
    if (row->access <= ACCESS_UNSET || row->access >= ACCESS_COUNT)
        FAIL(fault, INTERNAL, "route %s does not say who may call it", row->id);
    if (row->method >= HTTP_METHOD_COUNT || row->method == HTTP_HEAD)
        FAIL(fault, INTERNAL, "route %s has no method of its own", row->id);
    if (row->success < 200 || row->success > 399)
        FAIL(fault, INTERNAL, "route %s has no success status", row->id);
    return RESULT_OK;
}

static result check_row(const struct route *row, struct fault *fault)
{
    TRY(check_words(row, fault));
    if ((row->body_kind == BODY_NONE) != (row->body == NULL))
        FAIL(fault, INTERNAL, "route %s has a body without its kind, or a kind without its fields", row->id);
    if (row->body_kind != BODY_NONE && (row->method == HTTP_GET || row->method == HTTP_OPTIONS))
        FAIL(fault, INTERNAL, "route %s has a body with a method that takes none", row->id);
    if ((row->scope || row->needs_fresh) && row->access != ACCESS_BEARER)
        FAIL(fault, INTERNAL, "route %s asks for a scope or a fresh sign-in without a bearer", row->id);
    if (row->is_versioned && !row->scope)
        FAIL(fault, INTERNAL, "route %s has versions without a scope", row->id);
    if (row->limit && (!row->limit->name || row->limit->requests <= 0 || row->limit->window_ms <= 0))
        FAIL(fault, INTERNAL, "route %s has a rate limit without numbers", row->id);
    return RESULT_OK;
}

static bool is_same_shape(struct str a, struct str b)
{
    while (a.len > 0 && b.len > 0) {
        const struct str left = str_split(&a, '/');
        const struct str right = str_split(&b, '/');
        if (!str_equal(left, right) && !(is_parameter(left) && is_parameter(right))) return false;
    }
    return a.len == b.len;
}

static result find_or_add_node(struct router *router, const struct route *row, struct fault *fault,
                               struct path_node **ret_node)
{
    const struct str path = str_from(row->path);
    size_t parameters = 0;
    if (!is_path_valid(path, &parameters))
        FAIL(fault, INTERNAL, "route %s has a path that cannot match", row->id);
    for (size_t i = 0; i < router->node_count; i++) {
        struct path_node *node = &router->nodes[i];
        if (!is_same_shape(node->path, path)) continue;
        if (!str_equal(node->path, path))
            FAIL(fault, INTERNAL, "route %s names the parameters of its path unlike others", row->id);
        *ret_node = node;
        return RESULT_OK;
    }
    struct path_node *node = &router->nodes[router->node_count++];
    node->path = path;
    node->parameter_count = parameters;
    *ret_node = node;
    return RESULT_OK;
}

static result add_row(struct router *router, size_t index, struct fault *fault)
{
    const struct route *row = &router->rows[index];
    TRY(check_row(row, fault));
    for (size_t i = 0; i < index; i++)
        if (strcmp(router->rows[i].id, row->id) == 0)
            FAIL(fault, INTERNAL, "two routes are called %s", row->id);
    struct path_node *node = NULL;
    TRY(find_or_add_node(router, row, fault, &node));
    if (node->by_method[row->method])
        FAIL(fault, INTERNAL, "routes %s and %s are the same", node->by_method[row->method]->id, row->id);
    node->by_method[row->method] = row;
    return RESULT_OK;
}

/* HEAD is what GET is, without the content (RFC 9110 §9.3.2). */
static void finish_node(struct router *router, struct path_node *node)
{
    struct strbuf allow;
    node->by_method[HTTP_HEAD] = node->by_method[HTTP_GET];
    strbuf_init(&allow, router->arena, ALLOW_FIRST_BYTES, ALLOW_BYTES_MAX);
    for (int method = 0; method < (int)HTTP_METHOD_COUNT; method++) {
        if (!node->by_method[method]) continue;
        if (allow.len > 0) strbuf_add(&allow, STR(", "));
        strbuf_add(&allow, str_from(http_method_name((enum http_method)method)));
    }
    node->allow = strbuf_str(&allow);
}

static result router_fill(struct router *router, size_t count, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) TRY(add_row(router, i, fault));
    if (router->node_count > 0)
        qsort(router->nodes, router->node_count, sizeof(*router->nodes), compare_nodes);
    for (size_t i = 0; i < router->node_count; i++) {
        finish_node(router, &router->nodes[i]);
        if (router->nodes[i].parameter_count == 0) router->plain_count = i + 1;
    }
    return RESULT_OK;
}

result router_create(const struct route *rows, size_t count, struct task *task, struct router **ret_router)
{
    struct arena *arena = arena_create(ROUTER_ARENA_BYTES);
    struct router *router = arena_alloc(arena, sizeof(*router));
    router->arena = arena;
    router->rows = rows;
    router->nodes = arena_alloc_array(arena, count + 1, sizeof(*router->nodes));
    const result filled = router_fill(router, count, &task->fault);
    if (!is_ok(filled)) {
        arena_destroy(arena);
        return filled;
    }
    *ret_router = router;
    return RESULT_OK;
}

void router_destroy(struct router *router)
{
    if (router) arena_destroy(router->arena);
}

/* What proxies and servers have been known to read differently (security tests: "%2f", "..;/", "//"). */
static bool is_path_plain(struct str path)
{
    for (size_t i = 0; i < path.len; i++) {
        const char c = path.ptr[i];
        const char next = i + 1 < path.len ? path.ptr[i + 1] : '\0';
        if (c == '%' || c == ';' || c == '\\') return false;
        if ((c == '/' && next == '/') || (c == '.' && next == '.')) return false;
    }
    return true;
}

static const struct path_node *find_plain(const struct router *router, struct str path)
{
    size_t low = 0;
    size_t high = router->plain_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_text(path, router->nodes[middle].path);
        if (order == 0) return &router->nodes[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool match_segments(struct str pattern, struct str path, struct str values[ROUTE_PARAMETERS_MAX])
{
    size_t parameters = 0;
    while (pattern.len > 0 && path.len > 0) {
        const struct str wanted = str_split(&pattern, '/');
        const struct str given = str_split(&path, '/');
        if (!is_parameter(wanted)) {
            if (!str_equal(wanted, given)) return false;
            continue;
        }
        if (is_empty(given)) return false;
        values[parameters++] = given;
    }
    return pattern.len == 0 && path.len == 0;
}

static const struct path_node *find_node(const struct router *router, struct request *request)
{
    const struct path_node *plain = find_plain(router, request->path);
    if (plain) return plain;
    /* A slash at the end is one segment more, though splitting does not show it. */
    if (request->path.len == 0 || request->path.ptr[request->path.len - 1] == '/') return NULL;
    for (size_t i = router->plain_count; i < router->node_count; i++) {
        struct str values[ROUTE_PARAMETERS_MAX] = {STR_NONE, STR_NONE, STR_NONE};
        if (!match_segments(router->nodes[i].path, request->path, values)) continue;
        memcpy(request->path_values, values, sizeof(values));
        return &router->nodes[i];
    }
    return NULL;
}

result router_match(const struct router *router, struct request *request, struct str *ret_allow)
{
    if (!is_path_plain(request->path)) return RESULT(NOT_FOUND);
    const struct path_node *node = find_node(router, request);
    if (!node) return RESULT(NOT_FOUND);
    const struct route *route = node->by_method[request->method];
    if (!route) {
        *ret_allow = node->allow;
        return RESULT(METHOD_NOT_ALLOWED);
    }
    request->route = route;
    return RESULT_OK;
}
