// SPDX-License-Identifier: MIT
#include "postgres_script_internal.h"

#define SQL_BYTES_MAX ((size_t)1024 * 1024)
#define IS_SET(text)  (!is_empty(text))

/* A change in one of its two directions. */
struct alteration {
    struct strbuf out;
    const struct schema_object *from;
    const struct schema_object *to;
    unsigned facets;
};

static void begin(struct alteration *alteration, struct arena *arena, const struct schema_change *change,
                  bool is_back)
{
    *alteration = (struct alteration){
        .from = is_back ? change->to : change->from,
        .to = is_back ? change->from : change->to,
        .facets = change->facets,
    };
    strbuf_init(&alteration->out, arena, 256, SQL_BYTES_MAX);
}

static bool is_differing(const struct alteration *alteration, unsigned facet)
{
    return (alteration->facets & (1u << facet)) != 0;
}

static void add(struct alteration *alteration, struct str sql)
{
    if (alteration->out.len > 0) strbuf_add(&alteration->out, STR(";\n"));
    strbuf_add(&alteration->out, sql);
}

static struct str finish(struct alteration *alteration)
{
    if (is_differing(alteration, FACET_COMMENT))
        add(alteration, pg_comment(alteration->out.arena, alteration->to));
    return alteration->out.len > 0 ? strbuf_str(&alteration->out) : STR("");
}

/* --- columns --- */

static void alter(struct alteration *alteration, struct str what)
{
    add(alteration,
        str_printf(alteration->out.arena, "ALTER TABLE %.*s ALTER COLUMN %.*s %.*s",
                   STR_ARGS(alteration->to->table), STR_ARGS(alteration->to->name), STR_ARGS(what)));
}

static void alter_type(struct alteration *alteration)
{
    const struct schema_object *to = alteration->to;
    const struct str type = to->facets[COLUMN_TYPE];
    const struct str collation = to->facets[COLUMN_COLLATION];
    struct arena *arena = alteration->out.arena;
    alter(alteration, str_printf(arena, "TYPE %.*s%s%.*s USING %.*s::%.*s", STR_ARGS(type),
                                 IS_SET(collation) ? " COLLATE " : "", STR_ARGS(collation),
                                 STR_ARGS(to->name), STR_ARGS(type)));
}

static void alter_identity(struct alteration *alteration)
{
    const struct str from = alteration->from->facets[COLUMN_IDENTITY];
    const struct str to = alteration->to->facets[COLUMN_IDENTITY];
    struct arena *arena = alteration->out.arena;
    if (is_empty(to)) {
        alter(alteration, STR("DROP IDENTITY"));
        return;
    }
    if (IS_SET(from)) {
        alter(alteration, str_printf(arena, "SET GENERATED %.*s", STR_ARGS(to)));
        return;
    }
    alter(alteration, str_printf(arena, "ADD GENERATED %.*s AS IDENTITY", STR_ARGS(to)));
    /* The sequence begins at 1, which rows may have already. */
    add(alteration,
        str_printf(arena,
                   "SELECT setval(pg_get_serial_sequence(%.*s, %.*s), GREATEST(max(%.*s), 1)) FROM %.*s",
                   STR_ARGS(pg_literal(arena, alteration->to->table)),
                   STR_ARGS(pg_literal(arena, alteration->to->name)), STR_ARGS(alteration->to->name),
                   STR_ARGS(alteration->to->table)));
}

/* No ALTER makes an expression of a column; it is made anew. */
static struct str remake(struct alteration *alteration)
{
    struct arena *arena = alteration->out.arena;
    add(alteration, pg_drop(arena, alteration->from));
    add(alteration, pg_create(arena, NULL, alteration->to));
    return strbuf_str(&alteration->out);
}

static void alter_default(struct alteration *alteration)
{
    const struct str value = alteration->to->facets[COLUMN_DEFAULT];
    if (is_empty(value)) {
        alter(alteration, STR("DROP DEFAULT"));
        return;
    }
    alter(alteration, str_printf(alteration->out.arena, "SET DEFAULT %.*s", STR_ARGS(value)));
}

static void alter_identity_to(struct alteration *alteration, bool is_identity)
{
    if (!is_differing(alteration, COLUMN_IDENTITY)) return;
    if (IS_SET(alteration->to->facets[COLUMN_IDENTITY]) == is_identity) alter_identity(alteration);
}

/* `is_back`: the way forward proves NOT NULL first, in files of its own. */
static void alter_not_null(struct alteration *alteration, bool is_back)
{
    if (!is_differing(alteration, COLUMN_NOT_NULL)) return;
    if (is_empty(alteration->to->facets[COLUMN_NOT_NULL])) {
        alter(alteration, STR("DROP NOT NULL"));
        return;
    }
    if (is_back) alter(alteration, STR("SET NOT NULL"));
}

/* A default of the old type cannot always be cast: it is away while the type changes. */
static void alter_type_and_default(struct alteration *alteration)
{
    const bool is_type_new =
        is_differing(alteration, COLUMN_TYPE) || is_differing(alteration, COLUMN_COLLATION);
    if (!is_type_new) {
        if (is_differing(alteration, COLUMN_DEFAULT)) alter_default(alteration);
        return;
    }
    if (IS_SET(alteration->from->facets[COLUMN_DEFAULT])) alter(alteration, STR("DROP DEFAULT"));
    alter_type(alteration);
    if (IS_SET(alteration->to->facets[COLUMN_DEFAULT])) alter_default(alteration);
}

/* NOT NULL stands before an identity is added, and after one is dropped. */
struct str pg_alter_column(struct arena *arena, const struct schema_change *change, bool is_back)
{
    struct alteration alteration;
    begin(&alteration, arena, change, is_back);
    const bool is_generated = IS_SET(alteration.to->facets[COLUMN_GENERATED]);
    if (is_differing(&alteration, COLUMN_GENERATED) && is_generated) return remake(&alteration);
    if (is_differing(&alteration, COLUMN_GENERATED)) alter(&alteration, STR("DROP EXPRESSION"));
    alter_identity_to(&alteration, false);
    alter_type_and_default(&alteration);
    alter_not_null(&alteration, is_back);
    alter_identity_to(&alteration, true);
    return finish(&alteration);
}

/* --- tables --- */

static void alter_table(struct alteration *alteration, struct str what)
{
    add(alteration, str_printf(alteration->out.arena, "ALTER TABLE %.*s %.*s", STR_ARGS(alteration->to->name),
                               STR_ARGS(what)));
}

static void alter_parent(struct alteration *alteration)
{
    const struct schema_object *from = alteration->from;
    const struct schema_object *to = alteration->to;
    struct arena *arena = alteration->out.arena;
    if (IS_SET(from->facets[TABLE_PARENT])) {
        add(alteration, str_printf(arena, "ALTER TABLE %.*s DETACH PARTITION %.*s",
                                   STR_ARGS(from->facets[TABLE_PARENT]), STR_ARGS(to->name)));
    }
    if (IS_SET(to->facets[TABLE_PARENT])) {
        add(alteration, str_printf(arena, "ALTER TABLE %.*s ATTACH PARTITION %.*s %.*s",
                                   STR_ARGS(to->facets[TABLE_PARENT]), STR_ARGS(to->name),
                                   STR_ARGS(to->facets[TABLE_BOUND])));
    }
}

/* "fillfactor=70, …" → "fillfactor, …" */
static struct str option_names(struct arena *arena, struct str options)
{
    struct str names = STR("");
    while (options.len > 0) {
        struct str option = str_trim(str_split(&options, ','));
        const struct str name = str_split(&option, '=');
        names = str_printf(arena, "%.*s%s%.*s", STR_ARGS(names), is_empty(names) ? "" : ", ", STR_ARGS(name));
    }
    return names;
}

static void alter_options(struct alteration *alteration)
{
    struct arena *arena = alteration->out.arena;
    const struct str from = alteration->from->facets[TABLE_OPTIONS];
    const struct str to = alteration->to->facets[TABLE_OPTIONS];
    if (IS_SET(from))
        alter_table(alteration, str_printf(arena, "RESET (%.*s)", STR_ARGS(option_names(arena, from))));
    if (IS_SET(to)) alter_table(alteration, str_printf(arena, "SET (%.*s)", STR_ARGS(to)));
}

struct str pg_alter_table(struct arena *arena, const struct schema_change *change, bool is_back)
{
    struct alteration alteration;
    begin(&alteration, arena, change, is_back);
    const struct schema_object *to = alteration.to;
    if (is_differing(&alteration, TABLE_PERSISTENCE))
        alter_table(&alteration,
                    IS_SET(to->facets[TABLE_PERSISTENCE]) ? STR("SET UNLOGGED") : STR("SET LOGGED"));
    if (is_differing(&alteration, TABLE_PARENT) || is_differing(&alteration, TABLE_BOUND))
        alter_parent(&alteration);
    if (is_differing(&alteration, TABLE_ROW_SECURITY)) add(&alteration, pg_row_security(arena, to));
    if (is_differing(&alteration, TABLE_FORCED)) add(&alteration, pg_forced(arena, to));
    if (is_differing(&alteration, TABLE_OPTIONS)) alter_options(&alteration);
    return finish(&alteration);
}

/* --- sequences --- */

struct str pg_alter_sequence(struct arena *arena, const struct schema_change *change, bool is_back)
{
    struct alteration alteration;
    begin(&alteration, arena, change, is_back);
    const struct schema_object *to = alteration.to;
    if (is_differing(&alteration, SEQUENCE_OPTIONS)) {
        add(&alteration, str_printf(arena, "ALTER SEQUENCE %.*s %.*s", STR_ARGS(to->name),
                                    STR_ARGS(to->facets[SEQUENCE_OPTIONS])));
    }
    if (is_differing(&alteration, SEQUENCE_OWNER)) {
        add(&alteration, str_printf(arena, "ALTER SEQUENCE %.*s OWNED BY %.*s", STR_ARGS(to->name),
                                    STR_ARGS(to->facets[SEQUENCE_OWNER])));
    }
    return finish(&alteration);
}
