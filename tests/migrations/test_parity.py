# SPDX-License-Identifier: MIT
"""The same revisions and the same commands through Debian's alembic and through `auth migrate`.

What both print is compared line by line, wherever docs/migrations.md promises Alembic's words; where it lists a difference,
the difference itself is held here.
"""
import json
import os
import pathlib
import random
import re
import subprocess

import pytest
from authtest.migrations import ALEMBIC_FORKS

# Debian's package is for Debian's Python.
PYTHON = "/usr/bin/python3"
ENV = """
from alembic import context
from sqlalchemy import create_engine
connection = create_engine(context.config.get_main_option("sqlalchemy.url")).connect()
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
FILE = '''"""{message}

Revision ID: {revision}
Revises: {revises}
Create Date: 2026-01-{day:02d} 10:00:00

"""
revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
'''

LINEAR = [("aaaa1111", []), ("bbbb2222", ["aaaa1111"]), ("cccc3333", ["bbbb2222"]), ("dddd4444", ["cccc3333"])]
BRANCHED = [("aaaa1111", []), ("bbbb2222", ["aaaa1111"]), ("cccc3333", ["aaaa1111"]), ("dddd4444", ["cccc3333"])]
MERGED = [("aaaa1111", []), ("bbbb2222", ["aaaa1111"]), ("cccc3333", ["aaaa1111"]), ("dddd4444", ["bbbb2222", "cccc3333"]),
          ("eeee5555", ["dddd4444"])]


class Alembic:
    """A project with the same revisions, each doing nothing, on an SQLite file."""

    def __init__(self, home, graph, forks):
        self.home, self.forks = pathlib.Path(home), forks
        versions = self.home / "scripts" / "versions"
        versions.mkdir(parents=True)
        (self.home / "alembic.ini").write_text(
            "[alembic]\nscript_location = scripts\nsqlalchemy.url = sqlite:///test.db\n", encoding="ascii")
        (self.home / "scripts" / "env.py").write_text(ENV, encoding="ascii")
        (self.home / "scripts" / "script.py.mako").write_text("", encoding="ascii")
        for day, (revision, parents) in enumerate(graph, 1):
            down = None if not parents else parents[0] if len(parents) == 1 else tuple(parents)
            text = FILE.format(message=f"step {revision}", revision=revision, revises=", ".join(parents), day=day, down=down)
            (versions / f"{revision}.py").write_text(text, encoding="ascii")

    def ask(self, words):
        self.forks.stdin.write(json.dumps({"folder": str(self.home), "words": words.split()}) + "\n")
        self.forks.stdin.flush()
        return json.loads(self.forks.stdout.readline())

    def run(self, words):
        done = self.ask(words)
        return done["status"], done["out"]


class Pair:
    """Both, side by side."""

    def __init__(self, site, alembic, graph):
        self.site, self.alembic = site, alembic
        for revision, parents in graph:
            site.revisions.add(revision, ", ".join(parents), "SELECT 1;", "SELECT 1;")

    def both(self, words):
        status, theirs = self.alembic.run(words)
        ours = self.site.run(words)
        return (status, theirs), (ours.returncode, ours.stdout, ours.stderr)

    def same(self, words, is_ordered=True):
        """Both succeed and print the same; paths and the form of times are each one's own."""
        (status, theirs), (code, ours, errors) = self.both(words)
        assert (status, code) == (0, 0), (words, theirs, ours, errors)
        theirs, ours = common(theirs), common(ours)
        if is_ordered:
            assert ours == theirs, words
        assert sorted(ours.splitlines()) == sorted(theirs.splitlines()), words
        return ours

    def same_failure(self, words, text=None):
        """Both refuse in the same words: Alembic on standard output with 255, ours on standard error with 2."""
        (status, theirs), (code, _, errors) = self.both(words)
        assert (status, code) == (255, 2), (words, theirs, errors)
        theirs = theirs.split("FAILED: ", 1)[1].strip()
        ours = errors.split("FAILED: ", 1)[1].strip()
        assert ours == theirs, words
        if text:
            assert ours == text

    def same_steps(self, words):
        """Both take the same steps in the same order; what Alembic logs ours prints, with the time behind."""
        done = self.alembic.ask(words)
        ours = self.site.run(words + (" --yes" if words.startswith("downgrade") else ""))
        assert (done["status"], ours.returncode) == (0, 0), (words, done, ours.stderr)
        theirs = re.findall(r"Running \w+ .*", done["out"] + done["err"])
        mine = [line.split(" ... done")[0] for line in re.findall(r"Running \w+ .*", ours.stderr)]
        return theirs, mine


def common(text):
    text = re.sub(r"^Path: .*$", "Path:", text, flags=re.M)
    text = re.sub(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)Z?", r"\1 \2", text)
    text = re.sub(r"^(Applied|Checksum): .*\n", "", text, flags=re.M)
    text = re.sub(r"sqlite:///\S*:$", "sqlite:", text, flags=re.M)
    # Alembic keeps children in a set: their order differs from run to run.
    return re.sub(r"^(Branches into|Merges): (.*)$", lambda match: f"{match[1]}: {sorted(match[2].split(', '))}", text,
                  flags=re.M)


@pytest.fixture(scope="module", name="forks")
def fixture_forks():
    with subprocess.Popen([PYTHON, "-B", str(ALEMBIC_FORKS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forks:
        yield forks
        forks.stdin.close()


@pytest.fixture(name="pair")
def fixture_pair(new_site, tmp_path, forks):
    # Alembic logs its steps through the root logger, which its default configuration sends to standard error.
    def make(graph):
        pair = Pair(new_site("sqlite"), Alembic(tmp_path / "alembic", graph, forks), graph)
        with open(pair.alembic.home / "alembic.ini", "a", encoding="ascii") as ini:
            ini.write(LOGGING)
        env = pair.alembic.home / "scripts" / "env.py"
        env.write_text("import logging.config\n"
                       "logging.config.fileConfig('alembic.ini', disable_existing_loggers=False)\n" + ENV, encoding="ascii")
        return pair
    return make


LOGGING = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""


def test_a_linear_history_is_told_in_the_same_lines(pair):
    both = pair(LINEAR)
    for words in ("heads", "heads -v", "branches", "history", "history -v", "history -r bbbb2222:dddd4444",
                  "history -r :bbbb2222", "history -r cccc:", "show head", "show bbbb", "show aaaa1111"):
        both.same(words)


def test_a_linear_database_moves_in_the_same_steps(pair):
    both = pair(LINEAR)
    for words in ("upgrade +1", "upgrade bbbb", "upgrade bbbb+1", "upgrade head", "downgrade -1", "downgrade aaaa+1",
                  "downgrade base", "upgrade heads", "downgrade dddd-2", "upgrade +2"):
        theirs, ours = both.same_steps(words)
        assert theirs == ours and theirs, words
        if words != "downgrade base":
            both.same("current")
    both.same("current -v")
    for words in ("stamp bbbb", "stamp head", "stamp base", "stamp cccc"):
        theirs, ours = both.same_steps(words)
        assert theirs == ours and theirs, words
        both.same("show current")


def test_branches_are_told_in_the_same_lines(pair):
    both = pair(BRANCHED)
    for words in ("heads", "heads -v", "branches", "branches -v", "history", "history -v"):
        both.same(words, is_ordered=False)
    both.same("show aaaa")
    both.same("show heads", is_ordered=False)
    theirs, ours = both.same_steps("upgrade bbbb")
    assert theirs == ours
    theirs, ours = both.same_steps("upgrade heads")
    assert sorted(theirs) == sorted(ours)
    both.same("current", is_ordered=False)


def test_merges_are_told_in_the_same_lines(pair):
    both = pair(MERGED)
    for words in ("heads", "branches", "history", "history -v"):
        both.same(words, is_ordered=False)
    both.same("show dddd")
    theirs, ours = both.same_steps("upgrade head")
    assert sorted(theirs) == sorted(ours)
    assert theirs[-2:] == ours[-2:]
    theirs, ours = both.same_steps("downgrade -1")
    assert theirs == ours
    both.same("current")
    theirs, ours = both.same_steps("downgrade bbbb")
    assert theirs == ours
    both.same("current", is_ordered=False)
    theirs, ours = both.same_steps("downgrade base")
    assert sorted(theirs) == sorted(ours)


def test_what_both_refuse_they_refuse_in_the_same_words(pair):
    both = pair(LINEAR)
    for words in ("upgrade zzzz", "upgrade +9", "upgrade aaaa1111:bbbb2222", "downgrade -1", "downgrade +1", "show zzzz",
                  "stamp zzzz", "downgrade aaaa --sql", "history -r aaaa", "downgrade zzzz"):
        both.same_failure(words)


def test_many_heads_are_refused_in_the_same_words(pair):
    both = pair(BRANCHED)
    both.same_failure("upgrade head")
    both.same_failure("stamp head")


# --- the differences, as docs/migrations.md lists them ---


def test_an_older_target_is_refused_where_alembic_does_nothing(pair):
    both = pair(LINEAR)
    both.same_steps("upgrade head")
    assert both.alembic.run("upgrade aaaa")[0] == 0
    assert "use downgrade" in both.site.fails("upgrade aaaa", 2)
    assert both.alembic.run("downgrade head")[0] == 0
    assert "use upgrade" in both.site.fails("downgrade head", 2)


def test_an_unknown_revision_blocks_alembic_but_not_ours(pair):
    both = pair(LINEAR)
    both.same_steps("upgrade head")
    (both.alembic.home / "scripts" / "versions" / "dddd4444.py").unlink()
    next(both.site.revisions.path.glob("*dddd4444.sql")).unlink()
    for words in ("current", "upgrade head", "stamp cccc"):
        assert both.alembic.run(words)[0] == 255
    assert both.site.expect("current") == "dddd4444 (unknown)\n"
    assert both.site.run("stamp cccc").returncode == 0
    assert both.site.expect("current") == "cccc3333 (head)\n"


def test_one_step_back_from_a_merge_is_refused_by_alembic_only(pair):
    both = pair(MERGED)
    both.same_steps("upgrade dddd")
    status, said = both.alembic.run("downgrade -1")
    assert (status, said.strip()) == (255, "FAILED: Ambiguous walk")
    assert both.site.expect("downgrade -1").endswith("now at bbbb2222, cccc3333\n")


def test_an_empty_database_is_named(pair):
    both = pair(LINEAR)
    assert both.alembic.run("current") == (0, "")
    assert both.site.expect("current") == "<base>\n"


def random_graph(generator, size):
    """Every revision follows one earlier one, or joins two that do not follow from each other."""
    graph, behind = [], {}
    for number in range(size):
        revision = f"{number:02d}{generator.randrange(16 ** 6):06x}"
        pool = [name for name, _ in graph]
        parents = [generator.choice(pool[-4:])] if pool else []
        others = [name for name in pool if parents and name not in behind[parents[0]] and parents[0] not in behind[name]]
        if others and generator.random() < 0.4:
            parents.append(generator.choice(others))
        behind[revision] = {revision}.union(*(behind[parent] for parent in parents))
        graph.append((revision, parents))
    return graph


@pytest.mark.parametrize("seed", range(3 if os.environ.get("AUTH_FAULTS") == "long" else 1))
def test_random_graphs_have_the_same_heads_history_and_targets(pair, seed):
    generator = random.Random(seed)
    graph = random_graph(generator, 9)
    both = pair(graph)
    for words in ("heads", "history", "branches"):
        both.same(words, is_ordered=False)
    for revision in generator.sample([name for name, _ in graph], 3):
        both.same_steps(f"stamp {revision}")
        assert both.alembic.run("stamp base")[0] == 0 and both.site.run("stamp base").returncode == 0
        theirs, ours = both.same_steps(f"upgrade {revision}")
        assert sorted(theirs) == sorted(ours), (graph, revision)
        theirs, ours = both.same_steps("downgrade base")
        assert sorted(theirs) == sorted(ours), (graph, revision)
