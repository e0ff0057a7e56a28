# SPDX-License-Identifier: MIT
"""What the house rules allow, as data. An entry is added with its reason, or the code is changed instead."""

# Which modules' public headers a module may include, beside its own. main and command know all.
RULES_BASE = {"base", "model", "json", "loop", "crypto", "store", "cache", "mail", "fetch", "domain"}
LAYERS = {
    "base": set(),
    "model": {"base"},
    "json": {"base"},
    "config": {"base"},
    "loop": {"base"},
    "cache": {"base", "loop"},
    "mail": {"base", "loop"},
    "fetch": {"base", "loop"},
    "crypto": {"base", "json", "loop"},
    "store": {"base", "loop", "model"},
    "migrate": {"base", "loop", "model", "store"},
    "domain": RULES_BASE - {"domain"},
    "transfer": RULES_BASE,
    "http": {"base", "json", "loop"},
    "api": RULES_BASE | {"http", "transfer"},
    "jobs": RULES_BASE | {"http"},
    "command": RULES_BASE | {"transfer", "http", "api", "jobs", "config", "migrate"},
    "main": RULES_BASE | {"transfer", "http", "api", "jobs", "config", "migrate", "command"},
}

# Headers of other projects, by pattern, and the folders they may be included in: one home each.
HOMES = {
    r"microhttpd\.h": ("src/http/",),
    r"jansson\.h": ("src/json/",),
    r"(libpq-fe|libpq/.*|postgres_ext)\.h": ("src/store/postgres/",),
    r"sqlite3\.h": ("src/store/sqlite/",),
    r"hiredis/.*": ("src/cache/redis/",),
    r"openssl/.*": ("src/crypto/",),
    r"(argon2|crypt)\.h": ("src/crypto/",),
    r"liboath/.*": ("src/crypto/",),
    r"sodium(/.*|\.h)": ("src/base/", "src/crypto/"),
    r"ini\.h": ("src/config/",),
    r"curl/.*": ("src/mail/", "src/fetch/"),
    r"(idn2|uni(str|norm|case|conv|ctype|types|name|width)|zxcvbn|qrencode)\.h": ("src/domain/",),
    r"criterion/.*": ("tests/",),
    r"valgrind/.*": ("src/loop/",),
    r"sanitizer/.*": ("src/loop/", "src/base/", "src/crypto/", "tests/"),
}

# Comparisons of bytes and C strings, counted per file. What might be a secret is compared by secret_equal, a text by
# str_equal.
COMPARISONS = {
    "src/crypto/breached_file.c": (1, "the order of digests in a public list"),
    "src/base/id.c": (1, "ids are no secrets"),
    "src/base/str.c": (1, "str_equal itself"),
    "src/cache/memory/memory.c": (1, "the names are keyed hashes, met only by luck"),
    "src/cache/redis/connection.c": (2, "fixed replies of the server"),
    "src/cache/redis/redis.c": (1, "the names are keyed hashes, met only by luck"),
    "src/command/command_line.c": (6, "words of the operator's command line"),
    "src/command/commands.c": (2, "words of the operator's command line"),
    "src/command/healthcheck_command.c": (1, "the status line of an HTTP answer"),
    "src/command/import_command.c": (2, "words of the operator's command line"),
    "src/command/migrate_command_main.c": (1, "words of the operator's command line"),
    "src/config/settings_collect.c": (1, "names of environment variables"),
    "src/config/settings_reference.c": (1, "names of sections, all literals"),
    "src/api/idempotency.c": (1, "names of header fields, all literals"),
    "src/fetch/address.c": (1, "network addresses"),
    "src/http/openapi.c": (3, "titles and paths of the route table"),
    "src/http/problem.c": (1, "public problem codes"),
    "src/http/proxy.c": (2, "network addresses"),
    "src/http/router.c": (2, "paths and names of the route table"),
    "src/main.c": (3, "words of the operator's command line"),
    "src/migrate/revision_set.c": (1, "the order of revisions"),
    "src/store/postgres/conninfo.c": (2, "names of connection options and libpq's message about them"),
    "src/store/postgres/pipeline.c": (1, "fixed command tags of the server"),
    "src/store/postgres/sqlstate.c": (2, "SQLSTATE codes and a function name of the server"),
}

# Folders and files that may take memory from the C library: owners of what outlives a request. All else uses an arena.
ALLOCATORS = {
    "src/base/arena.c": "the arena itself",
    "src/base/log.c": "the batch of a loop's lines",
    "src/api/readiness.c": "one for the process",
    "src/cache/": "connections and entries live as long as the cache",
    "src/command/": "once, at start",
    "src/crypto/breached_file.c": "a map of a file, as long as the process",
    "src/crypto/digest.c": "one context for each thread",
    "src/crypto/hash_arena.c": "the memory of hash threads",
    "src/crypto/password_hasher.c": "the pool of hash threads",
    "src/crypto/password_crypt.c": "32 KiB of scratch for libcrypt, more than a stack may hold",
    "src/crypto/signing_key.c": "keys live as long as the ring",
    "src/domain/keyring.c": "rings are shared by loops and counted",
    "src/domain/background.c": "one for each loop, as long as its service",
    "src/domain/mailer.c": "one for the process",
    "src/fetch/fetch.c": "one for the process",
    "src/http/": "servers, connections and prebuilt responses",
    "src/json/fields_init.c": "once, at start",
    "src/loop/": "loops, fibers and their threads",
    "src/mail/smtp.c": "one for the process",
    "src/mail/smtp_session.c": "a connection, as long as it is kept",
    "src/mail/templates.c": "one set for the process",
    "src/migrate/ticker.c": "the thread that shows the time outlives a step",
    "src/store/": "connections live as long as the store",
}

# Functions nobody calls, by pattern: (pattern, where it is allowed and why, what to use instead).
BANNED = [
    (r"\bPQescape\w*\(", {}, "bind a parameter"),
    (r"\balloca\(", {"include/auth/base/banned.h": "bans it"}, "arena_alloc"),
    (r"\b(?:u|nano)?sleep\(", {"src/migrate/migrator.c": "the migration's own thread",
                                "src/loop/loop.c": "a loop that no longer runs"}, "fiber_sleep"),
    (r"\b(?:secure_)?getenv\(", {"src/config/": "reads settings", "src/main.c": "before settings"}, "a row of settings.def"),
    (r"\bsetenv\(|\bputenv\(", {}, "nothing: the environment is shared by threads"),
    (r"\bsystem\(|\bpopen\(", {}, "nothing: no shell is started"),
    (r"\bsignal\(", {}, "signals_block and the loop"),
    (r"\bsigaction\(", {"src/loop/signals.c": "ignores some, handles none",
                        "src/command/password_prompt.c": "puts the echo of a terminal back, by calls that may be made there"},
     "signals_block and the loop"),
]

# SQL in a repository is a statement of src/store/sql; a repository that spells it, builds it.
SQL_IN_REPOSITORY = r'"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|ORDER BY|WHERE)\b'

LINES_MAX = 500
# Tables are as long as what they list.
LONG_BY_NATURE = (r"\.def$", r"/routes\.c$", r"^docs/openapi\.json$", r"^tests/golden/", r"/corpus/", r"\.lock$")
SIZED = (".c", ".h", ".py", ".sh", ".cmake", ".js", ".conf", ".template")

# Words that belong to a workshop, a machine or a crutch, not to the product. Split so that this file has none of them.
WORDS = [
    ("\\b" + "TO" + "DO\\b", "do it, or leave it out"),
    ("\\b" + "FIX" + "ME\\b", "mend it"),
    ("\\b" + "XX" + "X\\b", "say what is meant"),
    ("\\bHA" + "CK\\b", "do it right"),
    ("/wo" + "rk/", "a path of one machine"),
    ("/tmp/ba" + "sh", "a path of one machine"),
    ("/ro" + "ot/\\.", "a path of one machine"),
    ("snapshot\\.deb" + "ian|deb\\.deb" + "ian", "a package host"),
    ("registry\\." + "npmjs|pypi\\." + "org|gh" + "cr\\.io|quay\\." + "io|docker\\.io/", "a registry host"),
    ("(?i)\\b(?:cla" + "ude|anthro" + "pic|chat" + "gpt|copi" + "lot)\\b", "how it was written"),
]
WORDS_EXEMPT = (r"/corpus/",)
