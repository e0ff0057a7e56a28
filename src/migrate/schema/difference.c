// SPDX-License-Identifier: MIT
#include "schema_internal.h"

#include "auth/base/strbuf.h"

#define TEXT_VALUE_MAX 60u /* longer definitions are not repeated in a line */
#define TEXT_BYTES_MAX ((size_t)64 * 1024)

/* The changes being collected; there is room for all there can be. */
struct collector {
    struct arena *arena;
    const struct schema_catalog *from;
    const struct schema_catalog *to;
    struct schema_change *changes;
    size_t count;
};

static unsigned differing_facets(const struct schema_object *from, const struct schema_object *to)
{
    unsigned facets = 0;
    for (unsigned i = 0; i < SCHEMA_FACETS; i++) {
        if (!schema_facet_name(to->kind, i) || str_equal(from->facets[i], to->facets[i])) continue;
        facets |= 1u << i;
    }
    /* On another table. */
    if (!str_equal(from->table, to->table)) facets |= 1u << INDEX_DEFINITION;
    return facets;
}

static void collect(struct collector *collector, struct schema_change change)
{
    collector->changes[collector->count++] = change;
}

static void collect_renames(struct collector *collector, const struct schema_renames *renames)
{
    for (size_t i = 0; i < renames->count; i++) {
        const struct schema_rename *rename = &renames->items[i];
        if (!rename->is_used) continue;
        collect(collector, (struct schema_change){.action = SCHEMA_DO_RENAME, .rename = rename});
    }
}

static bool is_part_of_table(enum schema_kind kind)
{
    return kind == SCHEMA_COLUMN || kind == SCHEMA_CONSTRAINT;
}

static void collect_wanted(struct collector *collector)
{
    const struct schema_object **objects = schema_by_rank(collector->arena, collector->to);
    for (size_t i = 0; i < collector->to->count; i++) {
        const struct schema_object *to = objects[i];
        const struct schema_object *from = schema_find(collector->from, to->kind, to->table, to->name);
        if (!from) {
            /* The line about the new table says it all. */
            const bool is_implied = is_part_of_table(to->kind) && !is_table_in(collector->from, to->table);
            collect(collector,
                    (struct schema_change){.action = SCHEMA_DO_ADD, .to = to, .is_implied = is_implied});
            continue;
        }
        const unsigned facets = differing_facets(from, to);
        if (facets == 0) continue;
        collect(collector,
                (struct schema_change){.action = SCHEMA_DO_CHANGE, .from = from, .to = to, .facets = facets});
    }
}

static void collect_unwanted(struct collector *collector)
{
    const struct schema_object **objects = schema_by_rank(collector->arena, collector->from);
    for (size_t i = collector->from->count; i-- > 0;) {
        const struct schema_object *from = objects[i];
        if (schema_find(collector->to, from->kind, from->table, from->name)) continue;
        const bool is_implied = !is_empty(from->table) && is_table_in(collector->from, from->table) &&
                                !is_table_in(collector->to, from->table);
        collect(collector,
                (struct schema_change){.action = SCHEMA_DO_DROP, .from = from, .is_implied = is_implied});
    }
}

void schema_compare(struct arena *arena, const struct schema_catalog *from, const struct schema_catalog *to,
                    const struct schema_renames *renames, struct schema_difference *ret_difference)
{
    struct collector collector = {
        .arena = arena,
        .from = from,
        .to = to,
        .changes = arena_alloc_array(arena, from->count + to->count + renames->count + 1,
                                     sizeof(struct schema_change)),
    };
    collect_renames(&collector, renames);
    collect_wanted(&collector);
    collect_unwanted(&collector);
    *ret_difference = (struct schema_difference){
        .from = from,
        .to = to,
        .renames = renames,
        .changes = collector.changes,
        .count = collector.count,
    };
}

/* --- lines for people --- */

static bool is_short(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\n') return false;
    }
    return value.len <= TEXT_VALUE_MAX;
}

static struct str shown(struct str value)
{
    return is_empty(value) ? STR("none") : value;
}

static void add_facet(struct strbuf *out, const struct schema_change *change, unsigned facet)
{
    const struct str from = change->from->facets[facet];
    const struct str to = change->to->facets[facet];
    strbuf_add(out, str_from(schema_facet_name(change->to->kind, facet)));
    if (!is_short(from) || !is_short(to)) return;
    strbuf_printf(out, " %.*s -> %.*s", STR_ARGS(shown(from)), STR_ARGS(shown(to)));
}

static void add_enum_values(struct strbuf *out, const struct schema_change *change)
{
    struct str to = change->to->facets[ENUM_VALUES];
    const struct str from = str_printf(out->arena, "\n%.*s\n", STR_ARGS(change->from->facets[ENUM_VALUES]));
    const char *separator = "values";
    while (to.len > 0) {
        const struct str value = str_split(&to, '\n');
        const struct str line = str_printf(out->arena, "\n%.*s\n", STR_ARGS(value));
        if (strstr(from.ptr, line.ptr)) continue;
        strbuf_printf(out, "%s +%.*s", separator, STR_ARGS(value));
        separator = "";
    }
    if (*separator) strbuf_add(out, STR("values"));
}

static void add_changes(struct strbuf *out, const struct schema_change *change)
{
    const char *separator = ": ";
    for (unsigned i = 0; i < SCHEMA_FACETS; i++) {
        if (!is_changing(change, i)) continue;
        strbuf_add(out, str_from(separator));
        separator = ", ";
        if (change->to->kind == SCHEMA_ENUM && i == ENUM_VALUES) {
            add_enum_values(out, change);
            continue;
        }
        add_facet(out, change, i);
    }
}

static void add_added(struct strbuf *out, const struct schema_object *object)
{
    if (object->kind == SCHEMA_COLUMN) {
        strbuf_printf(out, " %.*s", STR_ARGS(object->facets[COLUMN_TYPE]));
        if (!is_empty(object->facets[COLUMN_NOT_NULL])) strbuf_add(out, STR(" not null"));
    }
    if (object->kind != SCHEMA_CONSTRAINT) return;
    const struct str definition = object->facets[CONSTRAINT_DEFINITION];
    if (is_short(definition) && !str_equal(object->name, definition))
        strbuf_printf(out, " %.*s", STR_ARGS(definition));
}

struct str schema_change_text(struct arena *arena, const struct schema_change *change)
{
    static const char *const verbs[] = {"add", "drop", "change", "rename"};
    struct strbuf out;
    strbuf_init(&out, arena, 256, TEXT_BYTES_MAX);
    if (change->action == SCHEMA_DO_RENAME) {
        const struct schema_rename *rename = change->rename;
        return str_printf(arena, "rename %s %.*s%s%.*s -> %.*s", schema_kind_name(rename->kind),
                          STR_ARGS(rename->table), is_empty(rename->table) ? "" : ".", STR_ARGS(rename->from),
                          STR_ARGS(rename->to));
    }
    const struct schema_object *object = change->to ? change->to : change->from;
    strbuf_printf(&out, "%s %s %.*s", verbs[change->action], schema_kind_name(object->kind),
                  STR_ARGS(schema_object_text(arena, object)));
    if (change->action == SCHEMA_DO_ADD) add_added(&out, object);
    if (change->from && change->to) add_changes(&out, change);
    return strbuf_str(&out);
}

/* --- what may have been a rename --- */

static bool is_alike(const struct schema_catalog *from_catalog, const struct schema_object *from,
                     const struct schema_catalog *to_catalog, const struct schema_object *to)
{
    if (from->kind != to->kind) return false;
    if (from->kind == SCHEMA_COLUMN) {
        return str_equal(from->table, to->table) &&
               str_equal(from->facets[COLUMN_TYPE], to->facets[COLUMN_TYPE]);
    }
    if (from->kind != SCHEMA_TABLE) return false;
    size_t columns = 0;
    for (size_t i = 0; i < from_catalog->count; i++) {
        const struct schema_object *column = &from_catalog->items[i];
        if (column->kind != SCHEMA_COLUMN || !str_equal(column->table, from->name)) continue;
        columns++;
        if (!schema_find(to_catalog, SCHEMA_COLUMN, to->name, column->name)) return false;
    }
    return columns > 0;
}

size_t schema_possible_renames(struct arena *arena, const struct schema_difference *difference,
                               struct str **ret_texts)
{
    size_t count = 0;
    struct str *texts = arena_alloc_array(arena, difference->count + 1, sizeof(*texts));
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *drop = &difference->changes[i];
        if (drop->action != SCHEMA_DO_DROP || drop->is_implied) continue;
        for (size_t j = 0; j < difference->count; j++) {
            const struct schema_change *add = &difference->changes[j];
            if (add->action != SCHEMA_DO_ADD || add->is_implied) continue;
            if (!is_alike(difference->from, drop->from, difference->to, add->to)) continue;
            texts[count++] = str_printf(
                arena, "possible rename: %s %.*s -> %.*s (declare it with -- @renamed from=%.*s)",
                schema_kind_name(drop->from->kind), STR_ARGS(schema_object_text(arena, drop->from)),
                STR_ARGS(schema_object_text(arena, add->to)), STR_ARGS(drop->from->name));
            break;
        }
    }
    *ret_texts = texts;
    return count;
}
