// SPDX-License-Identifier: MIT
#include "schema_internal.h"

#include <string.h>

#define OBJECTS_FIRST 256u

static const struct {
    const char *name;
    const char *facets[SCHEMA_FACETS];
} kinds[] = {
    [SCHEMA_ENUM] = {"enum", {"comment", "values"}},
    [SCHEMA_TYPE] = {"type", {"comment", "kind", "definition"}},
    [SCHEMA_SEQUENCE] = {"sequence", {"comment", "options", "owner"}},
    [SCHEMA_FUNCTION] = {"function", {"comment", "kind", "result", "arguments", "attributes", "body"}},
    [SCHEMA_TABLE] = {"table",
                      {"comment", "persistence", "partition key", "partition of", "bound", "row security",
                       "forced row security", "options"}},
    [SCHEMA_COLUMN] = {"column",
                       {"comment", "type", "not null", "default", "identity", "generated", "collation"}},
    [SCHEMA_CONSTRAINT] = {"constraint", {"comment", "definition", "validity"}},
    [SCHEMA_INDEX] = {"index", {"comment", "unique", "definition", "validity"}},
    [SCHEMA_VIEW] = {"view", {"comment", "kind", "definition", "options"}},
    [SCHEMA_TRIGGER] = {"trigger", {"comment", "definition", "enabled"}},
    [SCHEMA_POLICY] = {"policy", {"comment", "definition"}},
};

const char *schema_kind_name(enum schema_kind kind)
{
    return kinds[kind].name;
}

const char *schema_facet_name(enum schema_kind kind, unsigned facet)
{
    return kinds[kind].facets[facet];
}

struct str schema_object_text(struct arena *arena, const struct schema_object *object)
{
    if (is_empty(object->table)) return object->name;
    return str_printf(arena, "%.*s.%.*s", STR_ARGS(object->table), STR_ARGS(object->name));
}

struct schema_object *schema_add(struct arena *arena, struct schema_catalog *catalog, enum schema_kind kind)
{
    if (catalog->count == catalog->capacity) {
        const size_t capacity = catalog->capacity > 0 ? 2 * catalog->capacity : OBJECTS_FIRST;
        struct schema_object *items = arena_alloc_array(arena, capacity, sizeof(*items));
        if (catalog->count > 0) memcpy(items, catalog->items, catalog->count * sizeof(*items));
        catalog->items = items;
        catalog->capacity = capacity;
    }
    struct schema_object *object = &catalog->items[catalog->count++];
    object->kind = kind;
    for (size_t i = 0; i < SCHEMA_FACETS; i++) object->facets[i] = STR("");
    return object;
}

const struct schema_object *schema_find(const struct schema_catalog *catalog, enum schema_kind kind,
                                        struct str table, struct str name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        const struct schema_object *object = &catalog->items[i];
        if (object->kind != kind || !str_equal(object->name, name)) continue;
        /* The name of an index is one in the schema: moved to another table it is the same one, changed. */
        if (kind == SCHEMA_INDEX || str_equal(object->table, table)) return object;
    }
    return NULL;
}

bool is_table_in(const struct schema_catalog *catalog, struct str table)
{
    return schema_find(catalog, SCHEMA_TABLE, STR_NONE, table) != NULL;
}

/* --- order --- */

/* A column is made with its table. */
static size_t unit_of(const struct schema_catalog *catalog, size_t index)
{
    const struct schema_object *object = &catalog->items[index];
    if (object->kind != SCHEMA_COLUMN) return index;
    const struct schema_object *table = schema_find(catalog, SCHEMA_TABLE, STR_NONE, object->table);
    return table ? (size_t)(table - catalog->items) : index;
}

struct order {
    struct schema_catalog *catalog;
    const size_t *units;
    bool *is_placed;
    size_t next;
};

static bool is_ready(const struct order *order, size_t index)
{
    const struct schema_catalog *catalog = order->catalog;
    for (size_t i = 0; i < catalog->dependency_count; i++) {
        const struct schema_dependency *edge = &catalog->dependencies[i];
        if (order->units[edge->object] != index) continue;
        const size_t needs = order->units[edge->needs];
        if (needs != index && !order->is_placed[needs]) return false;
    }
    return true;
}

static void place(struct order *order, size_t index)
{
    order->is_placed[index] = true;
    order->catalog->items[index].rank = order->next++;
}

/* One pass over the kinds in their order; true if anything could be placed. */
static bool place_ready(struct order *order)
{
    bool is_any = false;
    for (enum schema_kind kind = 0; kind < SCHEMA_KIND_COUNT; kind++) {
        for (size_t i = 0; i < order->catalog->count; i++) {
            if (order->catalog->items[i].kind != kind || order->is_placed[i]) continue;
            if (order->units[i] != i || !is_ready(order, i)) continue;
            place(order, i);
            is_any = true;
        }
    }
    return is_any;
}

void schema_rank(struct arena *arena, struct schema_catalog *catalog)
{
    size_t *units = arena_alloc_array(arena, catalog->count + 1, sizeof(*units));
    for (size_t i = 0; i < catalog->count; i++) units[i] = unit_of(catalog, i);
    struct order order = {
        .catalog = catalog,
        .units = units,
        .is_placed = arena_alloc_array(arena, catalog->count + 1, sizeof(bool)),
    };
    while (place_ready(&order)) continue;
    /* What is left depends on itself in a circle: the order of the kinds is as good as any. */
    for (size_t i = 0; i < catalog->count; i++) {
        if (!order.is_placed[i] && units[i] == i) place(&order, i);
    }
    for (size_t i = 0; i < catalog->count; i++) {
        if (units[i] != i) catalog->items[i].rank = catalog->items[units[i]].rank;
    }
}

static int by_rank(const void *left, const void *right)
{
    const struct schema_object *a = *(const struct schema_object *const *)left;
    const struct schema_object *b = *(const struct schema_object *const *)right;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    /* A table and its columns, as they were read. */
    return a < b ? -1 : a > b;
}

const struct schema_object **schema_by_rank(struct arena *arena, const struct schema_catalog *catalog)
{
    const struct schema_object **objects = arena_alloc_array(arena, catalog->count + 1, sizeof(*objects));
    for (size_t i = 0; i < catalog->count; i++) objects[i] = &catalog->items[i];
    qsort(objects, catalog->count, sizeof(*objects), by_rank);
    return objects;
}
