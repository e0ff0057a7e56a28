// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "transition.h"

#define USERS_COLUMNS                                                                \
    "id INTEGER PRIMARY KEY, email TEXT NOT NULL, locale VARCHAR(10) DEFAULT 'en', " \
    "score NUMERIC(8, 2) CONSTRAINT positive CHECK (score > 0), note TEXT, serial INTEGER"
#define USERS "CREATE TABLE users (" USERS_COLUMNS ", UNIQUE (serial));\n"
#define POSTS                                                                                            \
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), title " \
    "TEXT);\n"
#define LIKES                                                                                         \
    "CREATE TABLE likes (post_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (post_id)) " \
    "WITHOUT ROWID;\n"
#define INDEXES                                                                                           \
    "CREATE INDEX users_email ON users (email);\nCREATE INDEX users_open ON users (email) WHERE note IS " \
    "NULL;\n"
#define VIEWS                                                                                           \
    "CREATE VIEW user_names AS SELECT id, email FROM users;\n"                                          \
    "CREATE VIEW user_short AS SELECT id FROM user_names;\n"                                            \
    "CREATE TRIGGER users_touch AFTER UPDATE ON users BEGIN UPDATE users SET note = 'x' WHERE id = 0; " \
    "END;\n"                                                                                            \
    "CREATE TRIGGER posts_touch AFTER INSERT ON posts BEGIN UPDATE users SET note = 'y' WHERE id = 0; " \
    "END;\n"
#define BASE USERS POSTS LIKES INDEXES VIEWS

#define ROWS                                                                                    \
    "INSERT INTO users (id, email, score, note, serial) VALUES (1, 'a@example', 1.5, 'x', 1), " \
    "(2, 'b@example', 2, 'y', 2); INSERT INTO posts (id, user_id, title) VALUES (1, 1, 't'); "  \
    "INSERT INTO likes VALUES (1, 2);"

/* In BASE, `old` is replaced by `new`; an empty `old` adds at the end. */
static const struct change {
    const char *name;
    const char *old;
    const char *new;
    const char *forth;
    const char *back;
} changes[] = {
    {"table", "", "CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT UNIQUE);", "add table tags",
     "drop table tags"},
    {"column", "note TEXT,", "note TEXT, nick TEXT,", "add column users.nick text", "drop column users.nick"},
    {"column with default and not null", "note TEXT,", "note TEXT, level INTEGER NOT NULL DEFAULT 0,",
     "add column users.level integer not null", "drop column users.level"},
    {"column with check", "note TEXT,", "note TEXT, level INTEGER DEFAULT 1 CHECK (level > 0),",
     "add column users.level integer", "drop column users.level"},
    {"column with foreign key", "title TEXT", "title TEXT, editor INTEGER REFERENCES users (id)",
     "add column posts.editor integer", "drop column posts.editor"},
    {"unique column", "note TEXT,", "note TEXT, nick TEXT UNIQUE,", "add column users.nick text",
     "drop column users.nick"},
    {"generated column", "note TEXT,",
     "note TEXT, upper_email TEXT GENERATED ALWAYS AS (upper(email)) STORED,",
     "add column users.upper_email text", "drop column users.upper_email"},
    {"generated expression", "note TEXT,", "note TEXT AS (lower(email)) VIRTUAL,",
     "change column users.note: generated", "change column users.note: generated"},
    {"not null", "title TEXT", "title TEXT NOT NULL", "change column posts.title: not null none -> not null",
     "not null not null -> none"},
    {"type", "title TEXT", "title BLOB", "change column posts.title: type text -> blob", "type blob -> text"},
    {"varchar length", "VARCHAR(10)", "VARCHAR(20)", "type varchar (10) -> varchar (20)", "-> varchar (10)"},
    {"numeric scale", "NUMERIC(8, 2)", "NUMERIC(8, 4)", "type numeric (8, 2) -> numeric (8, 4)", "(8, 2)"},
    {"default", "DEFAULT 'en'", "DEFAULT 'de'", "change column users.locale: default 'en' -> 'de'",
     "default 'de' -> 'en'"},
    {"index", "", "CREATE INDEX posts_title ON posts (title);", "add index posts.posts_title",
     "drop index posts.posts_title"},
    {"unique index", "CREATE INDEX users_email", "CREATE UNIQUE INDEX users_email",
     "change index users.users_email: unique", "change index users.users_email: unique"},
    {"partial predicate", "WHERE note IS NULL", "WHERE note IS NOT NULL",
     "change index users.users_open: definition", "change index users.users_open: definition"},
    {"functional index", "", "CREATE INDEX users_lower ON users (lower(email));",
     "add index users.users_lower", "drop index users.users_lower"},
    {"unique constraint", "UNIQUE (serial)", "UNIQUE (serial), CONSTRAINT email_unique UNIQUE (email)",
     "add constraint users.email_unique unique (email)", "drop constraint users.email_unique"},
    {"foreign key", "user_id INTEGER NOT NULL, PRIMARY KEY",
     "user_id INTEGER NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id), PRIMARY KEY",
     "add constraint likes.foreign key (user_id) references users (id)",
     "drop constraint likes.foreign key (user_id) references users (id)"},
    {"foreign key on delete", "REFERENCES users (id), title",
     "REFERENCES users (id) ON DELETE SET NULL, title", "on delete set null",
     "drop constraint posts.foreign key"},
    {"foreign key deferrable", "REFERENCES users (id), title",
     "REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED, title", "deferrable initially deferred",
     "drop constraint posts.foreign key"},
    {"check", "note TEXT,", "note TEXT CHECK (note <> ''),", "add constraint users.check (note <> '')",
     "drop constraint users.check (note <> '')"},
    {"check expression", "score > 0)", "score > 0.5)",
     "change constraint users.positive: definition check (score > 0) -> check (score > 0.5)",
     "check (score > 0.5) -> check (score > 0)"},
    {"primary key dropped", "id INTEGER PRIMARY KEY, user_id", "id INTEGER, user_id",
     "drop constraint posts.primary key (id)", "add constraint posts.primary key (id)"},
    {"primary key columns", "PRIMARY KEY (post_id)", "PRIMARY KEY (post_id, user_id)",
     "add constraint likes.primary key (post_id, user_id)", "add constraint likes.primary key (post_id)"},
    {"collation", "email TEXT NOT NULL", "email TEXT COLLATE NOCASE NOT NULL",
     "change column users.email: collation none -> nocase", "collation nocase -> none"},
    {"strict", "title TEXT);", "title TEXT) STRICT;", "change table posts: options none -> strict",
     "options strict -> none"},
    {"autoincrement", "id INTEGER PRIMARY KEY, user_id", "id INTEGER PRIMARY KEY AUTOINCREMENT, user_id",
     "autoincrement", "add constraint posts.primary key (id)"},
    {"view", "", "CREATE VIEW titles AS SELECT title FROM posts;", "add view titles", "drop view titles"},
    {"view definition", "SELECT id FROM user_names", "SELECT id, email FROM user_names",
     "change view user_short: definition", "change view user_short: definition"},
    {"view on a rebuilt table", "SELECT id, email FROM users;\n", "SELECT id, email, serial FROM users;\n",
     "change view user_names: definition", "change view user_names: definition"},
    {"trigger", "", "CREATE TRIGGER likes_touch AFTER DELETE ON likes BEGIN DELETE FROM posts WHERE 0; END;",
     "add trigger likes.likes_touch", "drop trigger likes.likes_touch"},
    {"trigger definition", "note = 'x'", "note = 'z'", "change trigger users.users_touch: definition",
     "change trigger users.users_touch: definition"},
    {"quoted names", "",
     "CREATE TABLE \"Odd Table\" (\"select\" TEXT PRIMARY KEY, \"Sp ace\" TEXT CHECK (\"Sp ace\" <> ''));",
     "add table \"Odd Table\"", "drop table \"Odd Table\""},
};

static void replace(const struct change *change, char *ret_text, size_t size)
{
    static const char base[] = BASE;
    const char *found = *change->old ? strstr(base, change->old) : &base[sizeof base - 1];
    cr_assert(found, "%s", change->name);
    snprintf(ret_text, size, "%.*s%s%s", (int)(found - base), base, change->new, found + strlen(change->old));
}

static void run_changes(bool is_back)
{
    struct site site;
    site_open(&site, DB_SQLITE);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char other[8192];
        char name[96];
        replace(&changes[i], other, sizeof other);
        snprintf(name, sizeof name, "%s, %s", changes[i].name, is_back ? "back" : "forth");
        /* A table that has a generated column in place of a plain one takes no value for it. */
        const bool has_rows = !is_back || !strstr(changes[i].new, "VIRTUAL");
        const struct transition transition = {
            .name = name,
            .from = is_back ? other : BASE,
            .to = is_back ? BASE : other,
            .rows = has_rows ? ROWS : NULL,
            .expect = is_back ? changes[i].back : changes[i].forth,
        };
        transition_run(&site, &transition);
        if (has_rows) {
            cr_expect(site_ask(&site,
                               "SELECT (SELECT count(*) FROM users) * 100 + (SELECT count(*) FROM posts) "
                               "* 10 + (SELECT count(*) FROM likes)") == 211,
                      "%s: rows are lost", name);
        }
    }
    site_close(&site);
}

Test(schema_sqlite, every_declared_change_is_named_and_generated_and_keeps_the_rows, .timeout = 600)
{
    run_changes(false);
}

Test(schema_sqlite, everything_the_database_has_otherwise_is_named_and_undone, .timeout = 600)
{
    run_changes(true);
}
