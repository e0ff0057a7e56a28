# SPDX-License-Identifier: MIT
"""The rules of the house that no compiler checks. Prints file:line: what is wrong; exits 1 if anything is.

    tests/lint/house_rules.py [<root>]

Each rule takes a file's path and text and yields (line, message). test_house_rules.py holds every rule to a bad sample.
"""
import pathlib
import re
import subprocess
import sys

import house_data as data

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMPARISON = re.compile(r"\b(?:memcmp|strcmp|strncmp|strcasecmp|strncasecmp|wcscmp)\(")
ALLOCATION = re.compile(r"\b(?:malloc|calloc|realloc|reallocarray|strdup|strndup|v?asprintf|posix_memalign|aligned_alloc)\(")


def is_product_code(path):
    return path.startswith(("src/", "include/")) and path.endswith((".c", ".h", ".def"))


def is_c(path):
    return path.endswith((".c", ".h", ".def"))


def code_lines(text):
    """Line numbers and lines without comments; strings stay."""
    pattern = r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*'

    def blank(match):
        found = match.group(0)
        return found if found.startswith('"') else "\n" * found.count("\n")

    return enumerate(re.sub(pattern, blank, text, flags=re.S).split("\n"), 1)


def module_of(path):
    """src/store/postgres/x.c and include/auth/store/x.h belong to store; src/main.c to main."""
    parts = path.split("/")
    if parts[0] == "include":
        return parts[2] if len(parts) > 3 else ""
    return parts[1] if len(parts) > 2 else "main"


def includes(text):
    for number, line in code_lines(text):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def layers(path, text):
    if not is_product_code(path):
        return
    module = module_of(path)
    allowed = data.LAYERS.get(module)
    if allowed is None:
        yield 1, f"module {module} has no row in LAYERS (tests/lint/house_data.py)"
        return
    for number, _, header in includes(text):
        match = re.fullmatch(r"auth/([a-z]+)/.+", header)
        if match and match.group(1) != module and match.group(1) not in allowed:
            yield number, f"{module} may not include {match.group(1)}"


def private_headers(path, text):
    """What is not below include/ is named from where it stands, ends in _internal.h and stays in its module."""
    if not is_product_code(path):
        return
    for number, mark, header in includes(text):
        if mark == "<" or header.startswith("auth/"):
            continue
        target = pathlib.PurePosixPath(normal(f"{path.rsplit('/', 1)[0]}/{header}"))
        is_internal = target.name.endswith("_internal.h")
        if path.startswith("include/"):
            yield number, f"a public header includes the private {header}"
        elif not is_internal or module_of(str(target)) != module_of(path):
            yield number, f"{header} is not a private header of this module"


def normal(path):
    parts = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ""):
            parts.append(part)
    return "/".join(parts)


def homes(path, text):
    if not is_product_code(path):
        return
    for number, _, header in includes(text):
        for pattern, folders in data.HOMES.items():
            if re.fullmatch(pattern, header) and not path.startswith(folders):
                yield number, f"{header} is at home in {', '.join(folders)} only"


def size(path, text):
    if not path.endswith(data.SIZED) or any(re.search(pattern, path) for pattern in data.LONG_BY_NATURE):
        return
    count = text.count("\n")
    if count > data.LINES_MAX:
        yield data.LINES_MAX, f"{count} lines, at most {data.LINES_MAX}"


def comparisons(path, text):
    if not is_product_code(path):
        return
    found = [number for number, line in code_lines(text) for _ in COMPARISON.finditer(line)]
    allowed = data.COMPARISONS.get(path, (0, ""))[0]
    if len(found) > allowed:
        yield found[-1], f"{len(found)} comparisons by memcmp or strcmp, {allowed} listed: use secret_equal or str_equal"
    elif len(found) < allowed:
        yield 1, f"{len(found)} comparisons by memcmp or strcmp, {allowed} listed: shorten COMPARISONS in house_data.py"


def allocations(path, text):
    if not is_product_code(path) or path.startswith(tuple(data.ALLOCATORS)):
        return
    for number, line in code_lines(text):
        if ALLOCATION.search(line):
            yield number, "memory from the C library: use the task's arena"


def banned(path, text):
    if not is_product_code(path):
        return
    for number, line in code_lines(text):
        for pattern, allowed, instead in data.BANNED:
            if re.search(pattern, line) and not path.startswith(tuple(allowed)):
                yield number, f"banned: {pattern}; use {instead}"


def sql(path, text):
    if not path.endswith("_repo.c"):
        return
    for number, line in code_lines(text):
        if re.search(data.SQL_IN_REPOSITORY, line):
            yield number, "SQL in a repository: name a statement in src/store/sql"


def words(path, text):
    if any(re.search(pattern, path) for pattern in data.WORDS_EXEMPT):
        return
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, reason in data.WORDS:
            match = re.search(pattern, line)
            if match:
                yield number, f"\"{match.group(0)}\": {reason}"


def licence(path, text):
    """The first line of a .c file, near the top of a header, a script, a Makefile."""
    is_script = text.startswith("#!")
    if not (path.endswith((".c", ".h", ".py", ".js")) or is_script or path == "Makefile") or path.endswith("/.gitkeep"):
        return
    top = text.split("\n")[: 1 if path.endswith(".c") else 40]
    if not any(re.search(r"SPDX-License-Identifier: MIT\s*(?:\*/)?$", line) for line in top):
        yield 1, "no SPDX-License-Identifier: MIT" + (" on the first line" if path.endswith(".c") else "")


def whitespace(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"[ \t]+$", line) and not path.endswith(".md"):
            yield number, "space at the end of the line"
        if "\r" in line:
            yield number, "carriage return"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"


RULES = [layers, private_headers, homes, size, comparisons, allocations, banned, sql, words, licence, whitespace]


def tracked_files(root):
    """What git knows or would take; inputs of fuzzers and vectors of others are data, not text of ours."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in names if "/corpus/" not in name and "/vectors/" not in name and (root / name).is_file()]


def problems_of(path, text):
    for rule in RULES:
        for number, message in rule(path, text):
            yield f"{path}:{number}: {message} [{rule.__name__}]"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = []
    names = tracked_files(root)
    for name in names:
        try:
            problems += problems_of(name, (root / name).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            problems.append(f"{name}:1: not UTF-8 text; test data belongs in a folder named corpus or vectors [words]")
    gone = sorted((set(data.COMPARISONS) | {name for name in data.ALLOCATORS if name.endswith(".c")}) - set(names))
    problems += [f"tests/lint/house_data.py:1: lists {name}, which is not there" for name in gone]
    print("\n".join(problems) if problems else f"{len(names)} files keep the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
