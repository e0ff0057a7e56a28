// SPDX-License-Identifier: MIT
#include "postgres_catalog_internal.h"

/* $1: the oid of the schema. Columns: table, name, key, then the facets of the kind. Whatever can be printed for
 * people ("pretty") is, since only that form leaves out the schema of what the search_path finds. */

#define CLASS_KEY(oid) "'c.' || " oid "::text || '.0'"

#define NOT_OF_EXTENSION(class, oid)                                                                      \
    "NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.deptype = 'e' AND e.classid = '" class "'::regclass"   \
                                                                                          " AND e.objid " \
                                                                                          "= " oid ") "

#define OURS "c.relname NOT LIKE 'schema\\_version%' AND " NOT_OF_EXTENSION("pg_class", "c.oid")

static const char tables[] = "SELECT '', quote_ident(c.relname), " CLASS_KEY(
    "c.oid") ", obj_description(c.oid, 'pg_class'), "
             "CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE '' END, pg_get_partkeydef(c.oid), "
             "CASE WHEN c.relispartition THEN i.inhparent::regclass::text END, pg_get_expr(c.relpartbound, "
             "c.oid), "
             "CASE WHEN c.relrowsecurity THEN 'ENABLE' ELSE '' END, "
             "CASE WHEN c.relforcerowsecurity THEN 'FORCE' ELSE '' END, array_to_string(c.reloptions, ', ') "
             "FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition "
             "WHERE c.relnamespace = CAST($1 AS oid) AND c.relkind IN ('r', 'p') AND " OURS
             "ORDER BY c.relname";

/* The columns of a partition are its parent's. */
static const char columns[] =
    "SELECT quote_ident(c.relname), quote_ident(a.attname), 'c.' || c.oid::text || '.' || a.attnum, "
    "col_description(c.oid, a.attnum), format_type(a.atttypid, a.atttypmod), "
    "CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE '' END, "
    "CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, "
    "CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END, "
    "CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END, "
    "CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END "
    "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation "
    "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE c.relnamespace = CAST($1 AS oid) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND " OURS
    "ORDER BY c.relname, a.attnum";

static const char constraints[] =
    "SELECT quote_ident(c.relname), quote_ident(k.conname), 'k.' || k.oid::text || '.0', "
    "obj_description(k.oid, 'pg_constraint'), regexp_replace(pg_get_constraintdef(k.oid, true), "
    "' NOT VALID$', ''), CASE WHEN k.convalidated THEN '' ELSE 'NOT VALID' END, k.contype::text, "
    "CASE WHEN k.contype IN ('p', 'u') THEN substr(replace(pg_get_indexdef(k.conindid, 0, true), "
    "' ON ONLY ', ' ON '), length('CREATE UNIQUE INDEX ' || quote_ident(x.relname) || ' ') + 1) END, "
    "CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END "
    "|| CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END "
    "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class x ON x.oid = k.conindid "
    "WHERE c.relnamespace = CAST($1 AS oid) AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conislocal "
    "AND k.conparentid = 0 AND " OURS "ORDER BY c.relname, k.conname";

static const char indexes[] = "SELECT quote_ident(c.relname), quote_ident(x.relname), " CLASS_KEY(
    "x.oid") ", "
             "obj_description(x.oid, 'pg_class'), CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, "
             "substr(replace(pg_get_indexdef(x.oid, 0, true), ' ON ONLY ', ' ON '), length('CREATE ' || "
             "CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(x.relname) || ' "
             "') + 1), "
             "CASE WHEN i.indisvalid THEN '' ELSE 'INVALID' END "
             "FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid "
             "WHERE c.relnamespace = CAST($1 AS oid) AND NOT x.relispartition AND NOT EXISTS "
             "(SELECT 1 FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')) "
             "AND " OURS "ORDER BY x.relname";

static const char enums[] =
    "SELECT '', quote_ident(t.typname), 't.' || t.oid::text || '.0', obj_description(t.oid, 'pg_type'), "
    "(SELECT string_agg(quote_literal(v.enumlabel), E'\\n' ORDER BY v.enumsortorder) FROM pg_enum v "
    "WHERE v.enumtypid = t.oid) "
    "FROM pg_type t WHERE t.typnamespace = CAST($1 AS oid) AND t.typtype = 'e' AND " NOT_OF_EXTENSION(
        "pg_type", "t.oid") "ORDER BY t.typname";

static const char types[] =
    "SELECT '', quote_ident(t.typname), 't.' || t.oid::text || '.0', obj_description(t.oid, 'pg_type'), "
    "CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, CASE t.typtype WHEN 'd' THEN "
    "format_type(t.typbasetype, t.typtypmod) || COALESCE(' DEFAULT ' || t.typdefault, '') "
    "|| CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END || COALESCE((SELECT string_agg(' CONSTRAINT ' "
    "|| quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid, true), '' ORDER BY k.conname) "
    "FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '') "
    "ELSE '(' || (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), "
    "', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped) "
    "|| ')' END FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid "
    "WHERE t.typnamespace = CAST($1 AS oid) AND (t.typtype = 'd' OR c.relkind = 'c') AND " NOT_OF_EXTENSION(
        "pg_type", "t.oid") "ORDER BY t.typname";

/* The sequence of an identity column is the column's business. */
static const char sequences[] = "SELECT '', quote_ident(c.relname), " CLASS_KEY(
    "c.oid") ", obj_description(c.oid, 'pg_class'), "
             "'AS ' || format_type(s.seqtypid, NULL) || ' INCREMENT BY ' || s.seqincrement || ' MINVALUE ' "
             "|| s.seqmin "
             "|| ' MAXVALUE ' || s.seqmax || ' START WITH ' || s.seqstart || ' CACHE ' || s.seqcache "
             "|| CASE WHEN s.seqcycle THEN ' CYCLE' ELSE ' NO CYCLE' END, "
             "COALESCE((SELECT d.refobjid::regclass::text || '.' || quote_ident(a.attname) FROM pg_depend d "
             "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.deptype = "
             "'a' "
             "AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = "
             "'pg_class'::regclass), 'NONE') "
             "FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = CAST($1 AS "
             "oid) "
             "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.deptype = 'i' AND d.classid = "
             "'pg_class'::regclass "
             "AND d.objid = c.oid) AND " OURS "ORDER BY c.relname";

static const char views[] = "SELECT '', quote_ident(c.relname), " CLASS_KEY(
    "c.oid") ", obj_description(c.oid, 'pg_class'), "
             "CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, rtrim(pg_get_viewdef(c.oid, "
             "true), ';'), "
             "array_to_string(c.reloptions, ', ') FROM pg_class c WHERE c.relnamespace = CAST($1 AS oid) "
             "AND c.relkind IN ('v', 'm') AND " OURS "ORDER BY c.relname";

/* PostgreSQL's own pg_get_functiondef names the schema, so the statement is put together here. */
#define FUNCTION_ATTRIBUTES_SQL                                                                            \
    "'LANGUAGE ' || quote_ident(l.lanname) || CASE p.provolatile WHEN 'i' THEN ' IMMUTABLE' "              \
    "WHEN 's' THEN ' STABLE' ELSE '' END || CASE WHEN p.proleakproof THEN ' LEAKPROOF' ELSE '' END "       \
    "|| CASE WHEN p.proisstrict THEN ' STRICT' ELSE '' END || CASE WHEN p.prosecdef THEN "                 \
    "' SECURITY DEFINER' ELSE '' END || CASE p.proparallel WHEN 's' THEN ' PARALLEL SAFE' "                \
    "WHEN 'r' THEN ' PARALLEL RESTRICTED' ELSE '' END || CASE WHEN p.prokind = 'f' AND p.procost <> "      \
    "CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END THEN ' COST ' || p.procost ELSE '' END " \
    "|| CASE WHEN p.proretset AND p.prorows <> 1000 THEN ' ROWS ' || p.prorows ELSE '' END "               \
    "|| COALESCE((SELECT string_agg(' SET ' || split_part(g, '=', 1) || ' TO ' || CASE WHEN "              \
    "lower(split_part(g, '=', 1)) IN ('search_path', 'datestyle', 'temp_tablespaces') "                    \
    "THEN substr(g, strpos(g, '=') + 1) ELSE quote_literal(substr(g, strpos(g, '=') + 1)) END, '' "        \
    "ORDER BY g) FROM unnest(p.proconfig) g), '')"

#define FUNCTION_BODY_SQL                                                                             \
    "COALESCE(pg_get_function_sqlbody(p.oid), 'AS ' || CASE WHEN strpos(p.prosrc, '$function$') = 0 " \
    "THEN '$function$' || p.prosrc || '$function$' ELSE quote_literal(p.prosrc) END)"

static const char functions[] =
    "SELECT '', quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')', "
    "'p.' || p.oid::text || '.0', obj_description(p.oid, 'pg_proc'), "
    "CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, pg_get_function_result(p.oid), "
    "pg_get_function_arguments(p.oid), " FUNCTION_ATTRIBUTES_SQL ", " FUNCTION_BODY_SQL ", "
    "'CREATE OR REPLACE ' || CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END "
    "|| quote_ident(p.proname) || '(' || pg_get_function_arguments(p.oid) || ')' "
    "|| COALESCE(E'\\nRETURNS ' || pg_get_function_result(p.oid), '') || E'\\n' || " FUNCTION_ATTRIBUTES_SQL
    " || E'\\n' || " FUNCTION_BODY_SQL
    " FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = CAST($1 AS oid) "
    "AND p.prokind IN ('f', 'p') AND " NOT_OF_EXTENSION("pg_proc", "p.oid") "ORDER BY 2";

static const char triggers[] =
    "SELECT quote_ident(c.relname), quote_ident(t.tgname), 'g.' || t.oid::text || '.0', "
    "obj_description(t.oid, 'pg_trigger'), pg_get_triggerdef(t.oid, true), "
    "CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' "
    "ELSE 'ENABLE' END FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE c.relnamespace = CAST($1 AS oid) AND NOT t.tgisinternal AND t.tgparentid = 0 AND " OURS
    "ORDER BY c.relname, t.tgname";

static const char policies[] =
    "SELECT quote_ident(c.relname), quote_ident(p.polname), 'y.' || p.oid::text || '.0', "
    "obj_description(p.oid, 'pg_policy'), CASE WHEN p.polpermissive THEN 'AS PERMISSIVE FOR ' ELSE "
    "'AS RESTRICTIVE FOR ' END || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' "
    "WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END || ' TO ' "
    "|| COALESCE((SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) FROM pg_roles r "
    "WHERE r.oid = ANY (p.polroles)), 'PUBLIC') "
    "|| COALESCE(' USING (' || pg_get_expr(p.polqual, p.polrelid, true) || ')', '') "
    "|| COALESCE(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')', '') "
    "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = CAST($1 AS oid) AND " OURS
    "ORDER BY c.relname, p.polname";

const struct postgres_query postgres_queries[] = {
    {SCHEMA_ENUM, enums},
    {SCHEMA_TYPE, types},
    {SCHEMA_SEQUENCE, sequences},
    {SCHEMA_FUNCTION, functions},
    {SCHEMA_TABLE, tables},
    {SCHEMA_COLUMN, columns},
    {SCHEMA_CONSTRAINT, constraints},
    {SCHEMA_INDEX, indexes},
    {SCHEMA_VIEW, views},
    {SCHEMA_TRIGGER, triggers},
    {SCHEMA_POLICY, policies},
};
const size_t postgres_query_count = sizeof(postgres_queries) / sizeof(postgres_queries[0]);

/* Pairs of keys. A rule stands for its view, a default for its column, the index of a constraint for the
 * constraint, a row type for its table, an array type for its element. That a sequence ends with the column that
 * owns it is no need of the sequence. */
const char postgres_dependencies_sql[] =
    "WITH d AS (SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid FROM pg_depend "
    "WHERE deptype IN ('n', 'a') AND objid >= 16384 AND refobjid >= 16384 AND NOT (deptype = 'a' "
    "AND classid = 'pg_class'::regclass AND objid IN (SELECT seqrelid FROM pg_sequence))), "
    "m AS (SELECT 'pg_class'::regclass AS class, c.oid, 'c.' || c.oid::text AS key FROM pg_class c "
    "WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', "
    "'x')) "
    "UNION ALL SELECT 'pg_class'::regclass, k.conindid, 'k.' || k.oid::text FROM pg_constraint k "
    "WHERE k.contype IN ('p', 'u', 'x') "
    "UNION ALL SELECT 'pg_constraint'::regclass, k.oid, 'k.' || k.oid::text FROM pg_constraint k "
    "UNION ALL SELECT 'pg_type'::regclass, t.oid, CASE WHEN e.typrelid > 0 AND r.relkind <> 'c' "
    "THEN 'c.' || e.typrelid::text ELSE 't.' || e.oid::text END FROM pg_type t "
    "JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typelem > 0 THEN t.typelem ELSE t.oid END "
    "LEFT JOIN pg_class r ON r.oid = e.typrelid "
    "UNION ALL SELECT 'pg_proc'::regclass, p.oid, 'p.' || p.oid::text FROM pg_proc p "
    "UNION ALL SELECT 'pg_trigger'::regclass, g.oid, 'g.' || g.oid::text FROM pg_trigger g "
    "UNION ALL SELECT 'pg_policy'::regclass, y.oid, 'y.' || y.oid::text FROM pg_policy y "
    "UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, 'c.' || w.ev_class::text FROM pg_rewrite w "
    "UNION ALL SELECT 'pg_attrdef'::regclass, a.oid, 'c.' || a.adrelid::text FROM pg_attrdef a) "
    "SELECT DISTINCT o.key || '.' || CASE WHEN d.classid = 'pg_attrdef'::regclass THEN "
    "(SELECT adnum::int FROM pg_attrdef WHERE oid = d.objid) WHEN o.key LIKE 'c.%' THEN d.objsubid ELSE 0 "
    "END, "
    "n.key || '.' || CASE WHEN n.key LIKE 'c.%' THEN d.refobjsubid ELSE 0 END "
    "FROM d JOIN m o ON o.class = d.classid AND o.oid = d.objid "
    "JOIN m n ON n.class = d.refclassid AND n.oid = d.refobjid WHERE o.key <> n.key OR d.classid = "
    "'pg_attrdef'::regclass";
