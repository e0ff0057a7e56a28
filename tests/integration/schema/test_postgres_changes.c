// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "transition.h"

/* A bit of everything, so that a change has neighbours. */
#define BASE                                                                                             \
    "CREATE TYPE mood AS ENUM ('sad', 'glad');\n"                                                        \
    "CREATE SEQUENCE ticket;\n"                                                                          \
    "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, locale varchar(10) DEFAULT 'en',\n" \
    "  score numeric(8, 2), feeling mood DEFAULT 'sad', note text, serial bigint NOT NULL,\n"            \
    "  CONSTRAINT users_score_positive CHECK (score > 0), CONSTRAINT users_serial UNIQUE (serial));\n"   \
    "CREATE INDEX users_email ON users (email);\n"                                                       \
    "CREATE INDEX users_open ON users (email) WHERE note IS NULL;\n"                                     \
    "CREATE TABLE posts (id bigint, user_id bigint NOT NULL, title text, at date,\n"                     \
    "  CONSTRAINT posts_pkey PRIMARY KEY (id),\n"                                                        \
    "  CONSTRAINT posts_user_fk FOREIGN KEY (user_id) REFERENCES users (id));\n"                         \
    "CREATE TABLE likes (post_id bigint NOT NULL, user_id bigint NOT NULL,\n"                            \
    "  CONSTRAINT likes_pkey PRIMARY KEY (post_id));\n"                                                  \
    "CREATE VIEW user_names AS SELECT id, email, score FROM users;\n"                                    \
    "CREATE VIEW user_short AS SELECT id, score FROM user_names;\n"                                      \
    "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';\n"       \
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"             \
    "CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();\n"         \
    "ALTER TABLE posts ENABLE ROW LEVEL SECURITY;\n"                                                     \
    "CREATE POLICY own_posts ON posts USING (user_id = 1);\n"                                            \
    "CREATE TABLE logs (at date NOT NULL, line text) PARTITION BY RANGE (at);\n"                         \
    "CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"       \
    "COMMENT ON TABLE users IS 'People';\n"                                                              \
    "COMMENT ON COLUMN users.email IS 'As typed; it''s theirs';\n"

#define ROWS                                                                                    \
    "INSERT INTO users (id, email, score, note, serial) VALUES (1, 'a@example', 1.5, 'x', 1), " \
    "(2, 'b@example', 2, 'y', 2); INSERT INTO posts VALUES (1, 1, 't', '2026-01-05'); "         \
    "INSERT INTO likes VALUES (1, 2); INSERT INTO logs VALUES ('2026-02-01', 'l');"

/* What leads from BASE to the other side, and what check says there and back again. Without `back`: of two keys over
 * the same columns PostgreSQL chooses the one a foreign key is bound to, so that the way back cannot be undone. */
static const struct change {
    const char *name;
    const char *sql;
    const char *forth;
    const char *back;
} changes[] = {
    {"table",
     "CREATE TABLE tags (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, user_id bigint REFERENCES users "
     "(id));",
     "add table tags", "drop table tags"},
    {"tables that refer to each other",
     "CREATE TABLE a (id bigint PRIMARY KEY, b bigint); CREATE TABLE b (id bigint PRIMARY KEY, a bigint "
     "REFERENCES a (id));"
     "ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id);",
     "add table a", "drop table a"},
    {"column", "ALTER TABLE users ADD COLUMN nick text;", "add column users.nick text",
     "drop column users.nick"},
    {"column with default and not null", "ALTER TABLE users ADD COLUMN level integer NOT NULL DEFAULT 0;",
     "add column users.level integer not null", "drop column users.level"},
    {"generated column",
     "ALTER TABLE users ADD COLUMN upper_email text GENERATED ALWAYS AS (upper(email)) STORED;",
     "add column users.upper_email text", "drop column users.upper_email"},
    {"not null", "ALTER TABLE users ALTER COLUMN note SET NOT NULL;",
     "change column users.note: not null none -> NOT NULL", "not null NOT NULL -> none"},
    {"type",
     "DROP VIEW user_short; DROP VIEW user_names; ALTER TABLE users ALTER COLUMN score TYPE double precision;"
     "CREATE VIEW user_names AS SELECT id, email, score FROM users;"
     "CREATE VIEW user_short AS SELECT id, score FROM user_names;",
     "change column users.score: type numeric(8,2) -> double precision",
     "type double precision -> numeric(8,2)"},
    {"varchar length", "ALTER TABLE users ALTER COLUMN locale TYPE varchar(20);",
     "type character varying(10) -> character varying(20)", "-> character varying(10)"},
    {"numeric scale",
     "DROP VIEW user_short; DROP VIEW user_names; ALTER TABLE users ALTER COLUMN score TYPE numeric(8, 4);"
     "CREATE VIEW user_names AS SELECT id, email, score FROM users;"
     "CREATE VIEW user_short AS SELECT id, score FROM user_names;",
     "type numeric(8,2) -> numeric(8,4)", "type numeric(8,4) -> numeric(8,2)"},
    {"default", "ALTER TABLE users ALTER COLUMN locale SET DEFAULT 'de';",
     "change column users.locale: default", "change column users.locale: default"},
    {"default dropped", "ALTER TABLE users ALTER COLUMN locale DROP DEFAULT;", "default", "default"},
    {"index", "CREATE INDEX posts_title ON posts (title);", "add index posts.posts_title",
     "drop index posts.posts_title"},
    {"unique index", "DROP INDEX users_email; CREATE UNIQUE INDEX users_email ON users (email);",
     "change index users.users_email: unique", "change index users.users_email: unique"},
    {"partial predicate",
     "DROP INDEX users_open; CREATE INDEX users_open ON users (email) WHERE note IS NOT NULL;",
     "change index users.users_open: definition", "change index users.users_open: definition"},
    {"index method", "DROP INDEX users_email; CREATE INDEX users_email ON users USING hash (email);",
     "change index users.users_email: definition", "USING hash (email) -> ON users USING btree (email)"},
    {"functional index", "CREATE INDEX users_lower ON users (lower(email));", "add index users.users_lower",
     "drop index users.users_lower"},
    {"unique constraint", "ALTER TABLE users ADD CONSTRAINT users_email_unique UNIQUE (email);",
     "add constraint users.users_email_unique UNIQUE (email)", "drop constraint users.users_email_unique"},
    {"unique constraint changed",
     "ALTER TABLE users DROP CONSTRAINT users_serial; ALTER TABLE users ADD CONSTRAINT users_serial "
     "UNIQUE (serial, email);",
     "change constraint users.users_serial: definition", "users.users_serial"},
    {"foreign key",
     "ALTER TABLE likes ADD CONSTRAINT likes_user_fk FOREIGN KEY (user_id) REFERENCES users (id);",
     "add constraint likes.likes_user_fk", "drop constraint likes.likes_user_fk"},
    {"foreign key to a new key",
     "ALTER TABLE users ADD CONSTRAINT users_both UNIQUE (id, serial);"
     "ALTER TABLE users ADD COLUMN other bigint; ALTER TABLE users ADD COLUMN other_serial bigint;"
     "ALTER TABLE users ADD CONSTRAINT users_other FOREIGN KEY (other, other_serial) REFERENCES users (id, "
     "serial);",
     "add constraint users.users_other", "drop constraint users.users_other"},
    {"foreign key on delete",
     "ALTER TABLE posts DROP CONSTRAINT posts_user_fk; ALTER TABLE posts ADD CONSTRAINT posts_user_fk "
     "FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;",
     "change constraint posts.posts_user_fk: definition",
     "change constraint posts.posts_user_fk: definition"},
    {"foreign key deferrable",
     "ALTER TABLE posts DROP CONSTRAINT posts_user_fk; ALTER TABLE posts ADD CONSTRAINT posts_user_fk "
     "FOREIGN KEY (user_id) REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED;",
     "change constraint posts.posts_user_fk: definition",
     "change constraint posts.posts_user_fk: definition"},
    {"check", "ALTER TABLE users ADD CONSTRAINT users_email_long CHECK (length(email) > 2);",
     "add constraint users.users_email_long", "drop constraint users.users_email_long"},
    {"check expression",
     "ALTER TABLE users DROP CONSTRAINT users_score_positive; ALTER TABLE users ADD CONSTRAINT "
     "users_score_positive CHECK (score > 0.5);",
     "change constraint users.users_score_positive: definition",
     "change constraint users.users_score_positive: definition"},
    {"not valid",
     "ALTER TABLE users DROP CONSTRAINT users_score_positive; ALTER TABLE users ADD CONSTRAINT "
     "users_score_positive "
     "CHECK (score > 0) NOT VALID;",
     "validity none -> NOT VALID", "validity NOT VALID -> none"},
    {"primary key dropped", "ALTER TABLE likes DROP CONSTRAINT likes_pkey;",
     "drop constraint likes.likes_pkey", "add constraint likes.likes_pkey PRIMARY KEY (post_id)"},
    {"primary key columns",
     "ALTER TABLE likes DROP CONSTRAINT likes_pkey; ALTER TABLE likes ADD CONSTRAINT likes_pkey "
     "PRIMARY KEY (post_id, user_id);",
     "PRIMARY KEY (post_id) -> PRIMARY KEY (post_id, user_id)",
     "change constraint likes.likes_pkey: definition"},
    {"primary key that is referred to",
     "ALTER TABLE posts DROP CONSTRAINT posts_user_fk; ALTER TABLE users DROP CONSTRAINT users_pkey; "
     "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (serial); ALTER TABLE users ADD CONSTRAINT "
     "users_id UNIQUE (id); "
     "ALTER TABLE posts ADD CONSTRAINT posts_user_fk FOREIGN KEY (user_id) REFERENCES users (id);",
     "change constraint users.users_pkey: definition", NULL},
    {"exclude", "ALTER TABLE users ADD CONSTRAINT users_no_twins EXCLUDE USING btree (email WITH =);",
     "add constraint users.users_no_twins", "drop constraint users.users_no_twins"},
    {"enum value",
     "ALTER TYPE mood ADD VALUE 'calm' BEFORE 'glad'; ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';",
     "change enum mood: values", "change enum mood: values"},
    {"enum",
     "CREATE TYPE size AS ENUM ('s', 'm'); CREATE TABLE shirts (id bigint PRIMARY KEY, size size DEFAULT "
     "'s');",
     "add enum size", "drop enum size"},
    {"domain",
     "CREATE DOMAIN short AS text CHECK (length(VALUE) < 10); ALTER TABLE posts ADD COLUMN teaser short;",
     "add type short", "drop type short"},
    {"table comment", "COMMENT ON TABLE users IS 'Folk';", "change table users: comment People -> Folk",
     "comment Folk -> People"},
    {"column comment", "COMMENT ON COLUMN users.note IS 'Private';",
     "change column users.note: comment none -> Private", "comment Private -> none"},
    {"comment dropped", "COMMENT ON TABLE users IS NULL;", "comment People -> none",
     "comment none -> People"},
    {"view", "CREATE VIEW titles AS SELECT title FROM posts;", "add view titles", "drop view titles"},
    {"view definition",
     "DROP VIEW user_short; CREATE VIEW user_short AS SELECT id, score * 2 AS score FROM user_names;",
     "change view user_short: definition", "change view user_short: definition"},
    {"view under a view",
     "DROP VIEW user_short; DROP VIEW user_names; CREATE VIEW user_names AS SELECT email, id, score FROM "
     "users WHERE id > 0;"
     "CREATE VIEW user_short AS SELECT id, score FROM user_names;",
     "change view user_names: definition", "change view user_names: definition"},
    {"materialized view",
     "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM users; CREATE UNIQUE INDEX totals_n ON "
     "totals (n);",
     "add view totals", "drop view totals"},
    {"function",
     "CREATE FUNCTION thrice(n integer, times integer DEFAULT 3) RETURNS integer LANGUAGE sql AS 'SELECT n * "
     "times';",
     "add function thrice(n integer, times integer)", "drop function thrice(n integer, times integer)"},
    {"function body",
     "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n + n';",
     "change function twice(n integer)", "change function twice(n integer)"},
    {"function volatility",
     "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql STABLE SET search_path TO "
     "public, pg_temp AS 'SELECT n * 2';",
     "attributes", "attributes"},
    {"function result",
     "DROP FUNCTION twice(integer); CREATE FUNCTION twice(n integer) RETURNS bigint LANGUAGE sql IMMUTABLE "
     "AS 'SELECT n * 2::bigint';",
     "result integer -> bigint", "result bigint -> integer"},
    {"trigger", "CREATE TRIGGER posts_touch AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION touch();",
     "add trigger posts.posts_touch", "drop trigger posts.posts_touch"},
    {"trigger definition",
     "DROP TRIGGER users_touch ON users; CREATE TRIGGER users_touch BEFORE UPDATE OF email ON users FOR EACH "
     "ROW EXECUTE FUNCTION touch();",
     "change trigger users.users_touch: definition", "change trigger users.users_touch: definition"},
    {"trigger disabled", "ALTER TABLE users DISABLE TRIGGER users_touch;", "enabled ENABLE -> DISABLE",
     "enabled DISABLE -> ENABLE"},
    {"sequence", "CREATE SEQUENCE invoice START 100 INCREMENT 5;", "add sequence invoice",
     "drop sequence invoice"},
    {"sequence options", "ALTER SEQUENCE ticket INCREMENT 7 CYCLE;", "change sequence ticket: options",
     "change sequence ticket: options"},
    {"serial", "CREATE TABLE counted (id serial PRIMARY KEY, name text);", "add table counted",
     "drop table counted"},
    {"row security",
     "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;",
     "change table users: row security none -> ENABLE", "row security ENABLE -> none"},
    {"policy", "CREATE POLICY all_posts ON posts AS RESTRICTIVE FOR SELECT TO PUBLIC USING (id > 0);",
     "add policy posts.all_posts", "drop policy posts.all_posts"},
    {"policy expression",
     "DROP POLICY own_posts ON posts; CREATE POLICY own_posts ON posts USING (user_id = 2) WITH CHECK "
     "(user_id > 0);",
     "change policy posts.own_posts: definition", "change policy posts.own_posts: definition"},
    {"partition",
     "CREATE TABLE logs_2027 PARTITION OF logs FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
     "add table logs_2027", "drop table logs_2027"},
    {"partition bound",
     "ALTER TABLE logs DETACH PARTITION logs_2026; ALTER TABLE logs ATTACH PARTITION logs_2026 FOR VALUES "
     "FROM ('2026-01-01') TO ('2028-01-01');",
     "change table logs_2026: bound", "change table logs_2026: bound"},
    {"collation", "ALTER TABLE posts ALTER COLUMN title TYPE text COLLATE \"C\";",
     "change column posts.title: collation none -> \"C\"", "collation \"C\" -> none"},
    {"unlogged", "ALTER TABLE likes SET UNLOGGED;", "change table likes: persistence none -> UNLOGGED",
     "persistence UNLOGGED -> none"},
    {"identity", "ALTER TABLE likes ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;",
     "add column likes.place bigint", "drop column likes.place"},
    {"identity of a column", "ALTER TABLE users ALTER COLUMN serial ADD GENERATED BY DEFAULT AS IDENTITY;",
     "identity none -> BY DEFAULT", "identity BY DEFAULT -> none"},
    {"storage option", "ALTER TABLE users SET (fillfactor = 70);", "options none -> fillfactor=70",
     "options fillfactor=70 -> none"},
    {"quoted names",
     "CREATE TABLE \"Odd Table\" (\"select\" text PRIMARY KEY, \"Sp ace\" text CHECK (\"Sp ace\" <> ''));",
     "add table \"Odd Table\"", "drop table \"Odd Table\""},
};

static void run_change(const struct site *site, const struct change *change, bool is_back)
{
    char other[8192];
    char name[96];
    snprintf(other, sizeof other, "%s%s\n", BASE, change->sql);
    snprintf(name, sizeof name, "%s, %s", change->name, is_back ? "back" : "forth");
    const struct transition transition = {
        .name = name,
        .from = is_back ? other : BASE,
        .to = is_back ? BASE : other,
        .rows = ROWS,
        .expect = is_back ? change->back : change->forth,
    };
    transition_run(site, &transition);
}

static void run_changes(bool is_back)
{
    struct site site;
    site_open(&site, DB_POSTGRES);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (!is_back || changes[i].back) run_change(&site, &changes[i], is_back);
    }
    site_close(&site);
}

Test(schema_postgres, every_declared_change_is_named_and_generated, .timeout = 600)
{
    run_changes(false);
}

Test(schema_postgres, everything_the_database_has_otherwise_is_named_and_undone, .timeout = 600)
{
    run_changes(true);
}
