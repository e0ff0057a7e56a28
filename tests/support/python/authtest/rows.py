# SPDX-License-Identifier: MIT
"""A row in every table of a schema nobody told us about: values are tried against the table's own constraints.

One statement for each table: candidates of each column are joined, the CHECKs of the table choose among them.
"""
import json
import re

SQLITE_TYPES = {"TEXT": "text", "BLOB": "bytea", "INTEGER": "bigint", "INT": "bigint", "BIGINT": "bigint", "REAL": "float8",
                "BOOLEAN": "bigint", "UUID": "text", "NUMERIC": "bigint", "ANY": "text", "": "text"}

# Everything about the tables of the schema in one document.
POSTGRES_TABLES = """
SELECT coalesce(json_agg(json_build_object(
    'name', c.relname,
    'columns', (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL),
                    'is_null', NOT a.attnotnull, 'labels',
                    (SELECT coalesce(json_agg(enumlabel ORDER BY enumsortorder), '[]') FROM pg_enum
                     WHERE enumtypid = a.atttypid)) ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = '' AND a.attidentity <> 'a'),
    'checks', (SELECT coalesce(json_agg(pg_get_expr(conbin, conrelid)), '[]') FROM pg_constraint
               WHERE conrelid = c.oid AND contype = 'c'),
    'keys', (SELECT coalesce(json_agg(json_build_object('table', p.relname,
                 'pairs', (SELECT json_agg(json_build_array(a.attname, b.attname))
                           FROM unnest(k.conkey, k.confkey) AS u(mine, theirs)
                           JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.mine
                           JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.theirs))), '[]')
             FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid WHERE k.conrelid = c.oid AND k.contype = 'f')
    ) ORDER BY c.relname), '[]')
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'schema\\_version%'
"""


def tables_of(site):
    if site.postgres:
        return {table["name"]: table for table in json.loads(site.sql(POSTGRES_TABLES))}
    names = site.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name "
                     "NOT LIKE 'schema\\_version%' ESCAPE '\\' ORDER BY name").split()
    return {name: sqlite_table(site, name) for name in names}


def sqlite_table(site, name):
    columns = []
    for line in site.sql(f'SELECT name, type, "notnull" OR pk, hidden FROM pragma_table_xinfo(\'{name}\')').splitlines():
        column, declared, is_needed, hidden = line.split("|")
        if hidden == "0":
            kind = SQLITE_TYPES.get(declared.upper().split("(")[0].strip(), "text")
            columns.append({"name": column, "type": kind, "is_null": is_needed == "0", "labels": []})
    keys = {}
    for line in site.sql(f'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(\'{name}\')').splitlines():
        number, table, mine, theirs = line.split("|")
        keys.setdefault(number, {"table": table, "pairs": []})["pairs"].append([mine, theirs or primary_key(site, table)])
    text = site.sql(f"SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '{name}'")
    return {"name": name, "columns": columns, "checks": checks_of(text), "keys": list(keys.values())}


def primary_key(site, table):
    return site.sql(f"SELECT name FROM pragma_table_xinfo('{table}') WHERE pk = 1")


def checks_of(sql):
    """The expressions behind CHECK, by counting brackets outside of strings."""
    sql = re.sub(r"--[^\n]*", "", sql)
    found = []
    for match in re.finditer(r"\bCHECK\s*\(", sql, re.I):
        depth, end, is_text = 1, match.end(), False
        while depth:
            mark = sql[end]
            is_text ^= mark == "'"
            depth += 0 if is_text else {"(": 1, ")": -1}.get(mark, 0)
            end += 1
        found.append(sql[match.end():end - 1])
    return found


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def candidates(column, texts):
    """SQL of what may stand in a column of which the given CHECKs speak; the first is taken if none of them does."""
    kind = column["type"]
    words = re.findall(r"'((?:[^']|'')*)'", " ".join(texts))
    numbers = sorted({int(number) for number in re.findall(r"(?<![\w'.])\d{1,15}(?![\w'.])", " ".join(texts))})
    lengths = [number for number in numbers if 0 < number <= 4096]
    if column["labels"]:
        return [quoted(label) for label in column["labels"]]
    if kind in ("bigint", "integer", "smallint", "double precision", "numeric", "float8"):
        return [str(number) for base in [1, 0, *numbers] for number in (base, base + 1, base - 1)]
    if kind == "bytea":
        return [(lambda digits: f"X'{digits}'")("61" * length) for length in [16, 32, 1, *lengths]]
    if kind == "boolean":
        return ["true", "false"]
    if kind == "uuid":
        return ["'01020304-0506-7708-890a-0b0c0d0e0f10'"]
    if kind.startswith("timestamp") or kind == "date":
        return ["'2026-01-05 10:00:00'"]
    if kind in ("json", "jsonb"):
        return ["'{}'", "'[]'"]
    if kind.endswith("[]"):
        return ["'{}'"]
    if kind in ("inet", "cidr"):
        return ["'192.0.2.1'"]
    return [quoted(word.replace("''", "'")) for word in words] + ["'a'", "''", "'a@example.org'", "'{}'"] + \
        [quoted("a" * length) for length in lengths]


def as_value(site, column, sql):
    if not site.postgres:
        return sql
    if sql.startswith("X'"):
        sql = "'\\x" + sql[2:]
    return f"CAST({sql} AS {column['type']})"


def source_of(site, table, column, parents):
    """A table of one column: what may stand there, NULL last."""
    name = column["name"]
    own = [check for check in table["checks"] if re.search(rf'(?<![\w]){re.escape(name)}(?![\w])', check)]
    values = parents.get(name) or [as_value(site, column, sql) for sql in dict.fromkeys(candidates(column, own))]
    if not own:
        values = values[:1]
    if column["is_null"] and (own or name in parents):
        values = values + [as_value(site, column, "NULL")]
    rows = " UNION ALL ".join(f'SELECT {place} AS place, {value} AS "{name}"' for place, value in enumerate(values))
    return f'(SELECT "{name}" FROM ({rows}) AS v ORDER BY place) AS "of_{name}"'


def insert(site, table):
    parents = {}
    for key in table["keys"]:
        for mine, theirs in key["pairs"]:
            if key["table"] != table["name"]:
                parents[mine] = [f'(SELECT "{theirs}" FROM "{key["table"]}" LIMIT 1)']
    own_keys = [mine for key in table["keys"] if key["table"] == table["name"] for mine, _ in key["pairs"]]
    columns = [column for column in table["columns"] if not (column["name"] in own_keys and column["is_null"])]
    names = ", ".join(f'"{column["name"]}"' for column in columns)
    sources = " CROSS JOIN ".join(source_of(site, table, column, parents) for column in columns)
    left_out = "".join(f' CROSS JOIN (SELECT NULL AS "{name}") AS "no_{name}"' for name in own_keys
                       if name not in {column["name"] for column in columns})
    where = " AND ".join(f"({check}) IS NOT FALSE" for check in table["checks"]) or "true"
    site.sql(f'INSERT INTO "{table["name"]}" ({names}) SELECT {names} FROM {sources}{left_out} WHERE {where} LIMIT 1')


def counts(site, names):
    if not names:
        return {}
    union = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in names)
    return {line.split("|")[0]: int(line.split("|")[1]) for line in site.sql(union).splitlines()}


def fill(site):
    """Puts a row into each table that has none; a table nothing can be put into fails."""
    tables = tables_of(site)
    found = counts(site, list(tables))
    waiting = [name for name, count in found.items() if count == 0]
    while waiting:
        ready = [name for name in waiting
                 if not any(key["table"] in waiting and key["table"] != name for key in tables[name]["keys"])] or waiting[:1]
        for name in ready:
            insert(site, tables[name])
        waiting = [name for name in waiting if name not in ready]
    found = counts(site, list(tables))
    empty = [name for name, count in found.items() if count == 0]
    assert not empty, f"no row fits the constraints of {', '.join(empty)}: candidates() in rows.py should know one"
    return found
