# SPDX-License-Identifier: MIT
"""Each rule finds a bad sample and leaves a good one alone."""
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house_data
import house_rules as rules

ROOT = pathlib.Path(__file__).resolve().parents[2]

BAD = [
    (rules.layers, "src/http/x.c", '#include "auth/domain/login.h"\n'),
    (rules.layers, "include/auth/base/x.h", '#include "auth/loop/loop.h"\n'),
    (rules.layers, "src/crypto/x.c", '#include "auth/store/db.h"\n'),
    (rules.layers, "src/novelty/x.c", ""),
    (rules.private_headers, "src/domain/x.c", '#include "../store/driver_internal.h"\n'),
    (rules.private_headers, "src/domain/x.c", '#include "x.h"\n'),
    (rules.private_headers, "include/auth/store/x.h", '#include "driver_internal.h"\n'),
    (rules.homes, "src/api/x.c", "#include <jansson.h>\n"),
    (rules.homes, "src/store/store.c", "#include <libpq-fe.h>\n"),
    (rules.homes, "src/store/postgres/x.c", "#include <sqlite3.h>\n"),
    (rules.homes, "src/domain/x.c", "#  include <openssl/evp.h>\n"),
    (rules.homes, "src/http/x.c", "#include <sodium.h>\n"),
    (rules.size, "src/api/x.c", "int a;\n" * 501),
    # Security incident 28: what is secret is compared in constant time.
    (rules.comparisons, "src/crypto/x.c", "if (memcmp(a, b, 32) == 0) return;\n"),
    (rules.comparisons, "src/base/id.c", "memcmp(a, b, 1); strcmp(c, d);\n"),
    (rules.comparisons, "src/base/id.c", "/* memcmp(a, b, 1) */\n"),
    (rules.allocations, "src/domain/login.c", "char *copy = strdup(text);\n"),
    # Security incident 46: nothing is escaped into a statement.
    (rules.banned, "src/store/postgres/x.c", "PQescapeLiteral(connection, text, 3);\n"),
    # Security incident 58: a handler of signals runs amid anything.
    (rules.banned, "src/loop/x.c", "signal(SIGTERM, stop);\n"),
    (rules.banned, "src/loop/x.c", "sigaction(SIGTERM, &action, NULL);\n"),
    (rules.banned, "src/base/x.c", "void *p = alloca(9);\n"),
    (rules.banned, "src/http/server.c", "usleep(10);\n"),
    (rules.banned, "src/domain/x.c", 'getenv("HOME");\n'),
    (rules.sql, "src/store/session_repo.c", 'strbuf_add(&sql, "SELECT id FROM sessions");\n'),
    (rules.sql, "src/store/session_repo.c", 'str_printf(arena, " WHERE id = %s", id);\n'),
    (rules.words, "src/base/x.c", "/* TO" + "DO: finish */\n"),
    (rules.words, "docs/x.md", "cd /wo" + "rk/main\n"),
    (rules.words, "nginx.Dockerfile", "FROM gh" + "cr.io/x/y\n"),
    (rules.licence, "src/base/x.c", "/* x */\n// SPDX-License-Identifier: MIT\n"),
    (rules.licence, "include/auth/base/x.h", "#ifndef X\n#endif\n"),
    (rules.licence, "scripts/x", "#!/bin/sh\necho\n"),
    (rules.whitespace, "src/base/x.c", "int a; \n"),
    (rules.whitespace, "src/base/x.c", "int a;"),
]

GOOD = [
    (rules.layers, "src/api/x.c", '#include "auth/domain/login.h"\n'),
    (rules.layers, "src/http/x.c", '/* #include "auth/domain/login.h" */\n'),
    (rules.private_headers, "src/store/postgres/x.c", '#include "../driver_internal.h"\n'),
    (rules.homes, "src/json/x.c", "#include <jansson.h>\n"),
    (rules.homes, "src/http/x.c", "#include <unistd.h>\n"),
    (rules.size, "src/api/x.c", "int a;\n" * 500),
    (rules.size, "src/api/routes.c", "int a;\n" * 900),
    (rules.comparisons, "src/base/id.c", "memcmp(a, b, 1);\n"),
    (rules.comparisons, "src/crypto/x.c", "// not memcmp(a, b)\n"),
    (rules.allocations, "src/base/arena.c", "malloc(1);\n"),
    (rules.banned, "src/config/settings_collect.c", 'getenv("HOME");\n'),
    (rules.banned, "src/loop/x.c", "fiber_sleep(10);\n"),
    (rules.sql, "src/store/session_repo.c", "db_run(db, &statement_session_by_id);\n"),
    (rules.words, "src/base/x.c", "int to_do_list;\n"),
    (rules.licence, "src/base/x.c", "// SPDX-License-Identifier: MIT\n"),
    (rules.licence, "include/auth/base/x.h", "/* x.h */\n// SPDX-License-Identifier: MIT\n"),
    (rules.whitespace, "src/base/x.c", "int a;\n"),
]


@pytest.mark.parametrize("rule,path,text", BAD)
def test_a_bad_sample_is_found(rule, path, text):
    assert list(rule(path, text))


@pytest.mark.parametrize("rule,path,text", GOOD)
def test_a_good_sample_is_left_alone(rule, path, text):
    assert not list(rule(path, text))


def test_every_rule_has_a_bad_and_a_good_sample():
    assert {row[0] for row in BAD} == set(rules.RULES)
    assert {row[0] for row in GOOD} == set(rules.RULES)


def test_the_layers_have_no_circle():
    seen = []

    def visit(module, path):
        assert module not in path, f"circle: {path + [module]}"
        for below in house_data.LAYERS.get(module, ()):
            visit(below, path + [module])
        seen.append(module)

    for module in house_data.LAYERS:
        visit(module, [])
    assert set(house_data.LAYERS) <= set(seen)


def test_every_list_gives_its_reasons():
    reasons = [reason for _, reason in house_data.COMPARISONS.values()] + list(house_data.ALLOCATORS.values())
    reasons += [reason for _, allowed, _ in house_data.BANNED for reason in allowed.values()]
    assert all(len(reason) > 5 for reason in reasons)


LONG = "void f(int *a);\nvoid f(int *a)\n{\n" + "    a[0]++;\n" * 51 + "}\n"
DEEP = ("void f(int a);\nvoid f(int a)\n{\n    if (a > 1) {\n        while (a) {\n            if (a > 2) {\n"
        "                for (;;) {\n                    a--;\n                }\n            }\n        }\n    }\n}\n")
WIDE = "void f(int a, int b, int c, int d, int e, int g, int h);\nvoid f(int a, int b, int c, int d, int e, int g, int h)\n{\n    (void)(a + b + c + d + e + g + h);\n}\n"
NULL_USE = "int f(void);\nint f(void)\n{\n    int *p = 0;\n    return *p;\n}\n"
FLAT = "int f(int a);\nint f(int a)\n{\n    return a > 1 ? a : 1;\n}\n"


@pytest.mark.skipif(not shutil.which("clang-tidy"), reason="clang-tidy is not installed")
@pytest.mark.parametrize("text,finding", [
    (LONG, "readability-function-size"),
    (DEEP, "readability-function-size"),
    (WIDE, "readability-function-size"),
    (NULL_USE, "clang-analyzer-core.NullDereference"),
    (FLAT, None),
])
def test_clang_tidy_is_set_up_to_find_it(tmp_path, text, finding):
    (tmp_path / "sample.c").write_text(text)
    done = subprocess.run(["clang-tidy", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(tmp_path / "sample.c"),
                           "--", "-std=c17"], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == (finding is not None)
    assert finding is None or finding in done.stdout


@pytest.mark.skipif(not shutil.which("cppcheck"), reason="cppcheck is not installed")
@pytest.mark.parametrize("text,is_clean", [
    ("int f(void)\n{\n    int a[2] = {0};\n    return a[2];\n}\n", False),
    (FLAT, True),
])
def test_cppcheck_finds_it(tmp_path, text, is_clean):
    (tmp_path / "sample.c").write_text(text)
    done = subprocess.run(["cppcheck", "--quiet", "--error-exitcode=1", "--std=c11", str(tmp_path / "sample.c")],
                          capture_output=True, check=False)
    assert (done.returncode == 0) == is_clean


@pytest.mark.skipif(not shutil.which("clang-format"), reason="clang-format is not installed")
@pytest.mark.parametrize("text,is_clean", [("int  f( int a ){return a;}\n", False), (FLAT, True)])
def test_clang_format_is_set_up_to_find_it(tmp_path, text, is_clean):
    (tmp_path / "sample.c").write_text(text)
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", f"--style=file:{ROOT / '.clang-format'}",
                           str(tmp_path / "sample.c")], capture_output=True, check=False)
    assert (done.returncode == 0) == is_clean


@pytest.mark.skipif(not shutil.which("clang"), reason="clang is not installed")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("body", [
    "if (verify()) return 1;",  # a result is no boolean
    "verify();",  # and must be looked at
    "char text[4]; strcpy(text, \"abc\");",  # banned.h
])
def test_the_compilers_refuse_what_the_types_forbid(tmp_path, compiler, body):
    head = '#include "auth/base/result.h"\nresult verify(void) NODISCARD;\nint f(void);\nint f(void)\n{\n'
    (tmp_path / "sample.c").write_text(head + "    " + body + "\n    return 0;\n}\n")
    done = subprocess.run([compiler, "-std=c17", "-Wall", "-Werror", "-c", "-o", "/dev/null", f"-I{ROOT / 'include'}", "-include",
                           "auth/base/banned.h", str(tmp_path / "sample.c")], capture_output=True, check=False)
    assert done.returncode != 0
