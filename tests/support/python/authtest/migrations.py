# SPDX-License-Identifier: MIT
"""Folders of revisions, and `auth migrate` run on them against a database of each engine."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

from .service import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[4]
SHIPPED = ROOT / "migrations"
ALEMBIC_FORKS = pathlib.Path(__file__).with_name("alembic_forks.py")


def sections(direction, text):
    """One text for both engines, or a pair (PostgreSQL, SQLite)."""
    if isinstance(text, str):
        return f"-- migrate:{direction} all\n{text}\n"
    postgres, sqlite = text
    return f"-- migrate:{direction} postgres\n{postgres}\n-- migrate:{direction} sqlite\n{sqlite}\n"


class Folder:
    """Revisions as files. Ids are short and telling; `created` follows the order of writing."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.count = 0

    def add(self, revision, parents, up, down="", message=None, **header):
        """`down` is SQL, "" for `irreversible`, or None for a section without statements, as merges have."""
        self.count += 1
        keys = {"phase": "expand", "min_binary": revision, **header}
        lines = [f"-- revision: {revision}", f"-- down_revision: {parents}", f"-- message: {message or 'step ' + revision}",
                 f"-- created: 2026-01-{self.count:02d}T10:00:00Z"]
        lines += [f"-- {name}: {value}" for name, value in keys.items()]
        text = "\n".join(lines) + "\n"
        if down == "":
            text += "-- irreversible: a test\n"
        text += sections("up", up)
        if down != "":
            text += sections("down", down or "")
        path = self.path / f"202601{self.count:02d}1000_{revision}.sql"
        path.write_text(text, encoding="utf-8")
        return path

    def copy(self, path):
        shutil.copytree(self.path, path)
        other = Folder(path)
        other.count = self.count
        return other


class Site:
    """One database and how commands reach it."""

    def __init__(self, engine, folder, name, postgres=None):
        self.engine, self.name, self.postgres = engine, name, postgres
        self.home = pathlib.Path(folder, name)
        self.home.mkdir()
        self.revisions = Folder(self.home / "revisions")
        self.database = str(self.home / "test.db")
        self.uri = postgres.new_database(name) if postgres else f"sqlite:///{self.database}"

    def environment(self, **settings):
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
        return {**{name: os.environ[name] for name in kept if name in os.environ}, "SQL_URI": self.uri, **settings}

    def command(self, words, directory=None):
        arguments = words.split() if isinstance(words, str) else list(words)
        folder = [] if directory is False else ["--dir", str(directory or self.revisions.path)]
        return [BINARY, "migrate", *arguments, *folder]

    def run(self, words, directory=None, stdin="", timeout=120, **settings):
        """The finished process, with its standard output and error as text."""
        return subprocess.run(self.command(words, directory), env=self.environment(**settings), cwd=self.home, input=stdin,
                              capture_output=True, text=True, check=False, timeout=timeout)

    def expect(self, words, status=0, directory=None, **settings):
        """Standard output of a command that must end so."""
        done = self.run(words, directory, **settings)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def fails(self, words, status, directory=None, **settings):
        """The reason a command gives for failing so."""
        done = self.run(words, directory, **settings)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        assert "FAILED: " in done.stderr, done.stderr
        return done.stderr.split("FAILED: ", 1)[1].rstrip("\n")

    def start(self, words, directory=None, **settings):
        """The same, not waited for; ended by the caller."""
        return subprocess.Popen(self.command(words, directory), env=self.environment(**settings), cwd=self.home,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def sql(self, sql):
        """The rows, one line each, columns parted by "|"."""
        if self.postgres:
            return self.postgres.run_sql(sql, self.name)
        with sqlite3.connect(self.database, timeout=20) as database:
            if not sql.lstrip().upper().startswith(("SELECT", "PRAGMA", "WITH")):
                database.executescript(sql)
                return ""
            return "\n".join("|".join("" if cell is None else str(cell) for cell in row) for row in database.execute(sql))

    def applied(self):
        return self.sql("SELECT revision FROM schema_version WHERE state = 'applied' ORDER BY seq").split()

    def schema(self):
        """All that exists but the version tables, as the engine itself prints it."""
        if not self.postgres:
            return self.sql("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'schema_version%' AND name NOT "
                            "LIKE 'sqlite_%' ORDER BY type, name")
        done = subprocess.run([f"{self.postgres.programs}/pg_dump", "-s", "--no-owner", "-T", "schema_version*",
                               "-h", self.postgres.folder, "-p", str(self.postgres.port), "-U", "postgres", self.name],
                              check=True, capture_output=True, text=True,
                              env=dict(os.environ, PGPASSWORD=self.postgres.PASSWORD))
        # psql's guard words are made anew for every dump.
        return "\n".join(line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\")))

    def run_script(self, script):
        """A script of --sql, by the engine's own shell."""
        if not self.postgres:
            return subprocess.run(["sqlite3", "-batch", self.database], input=script, capture_output=True, text=True, check=False)
        return subprocess.run([f"{self.postgres.programs}/psql", "-X", "-q", "-h", self.postgres.folder, "-p",
                               str(self.postgres.port), "-U", "postgres", "-d", self.name, "-f", "-"], input=script,
                              capture_output=True, text=True, check=False,
                              env=dict(os.environ, PGPASSWORD=self.postgres.PASSWORD))


def lines_of_json(text):
    return [json.loads(line) for line in text.splitlines()]
