# SPDX-License-Identifier: MIT
"""Migrations that are started many at a time, and killed at every statement."""
import subprocess
import time

from .process import wait_until

# Whether the migrator is inside its sleep now.
RUNNING = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name = 'auth-migrate' AND datname = "
           "current_database() AND query LIKE '%pg_sleep%'")
TAKEOVER_SECONDS = 5


SLEEP = "SELECT pg_sleep(600) FROM slow;"
COMPUTE = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT max(i) FROM n;"


def write_chain(site, sleep_at=None):
    """Five revisions, the third and fifth outside a transaction on PostgreSQL. `sleep_at` (revision, statement) gets a
    sleep before that statement; on PostgreSQL it is one while the table `slow` has a row."""
    site.revisions.count = 0
    parent = ""
    for revision, statements, header in CHAIN:
        pairs = list(statements)
        if sleep_at and sleep_at[0] == revision:
            pairs.insert(sleep_at[1], (SLEEP, COMPUTE))
        sections = tuple("\n".join(pair[engine] for pair in pairs) for engine in (0, 1))
        site.revisions.add(revision, parent, sections, statement_timeout="20min", **header)
        parent = revision


def both(sql):
    return sql, sql


CHAIN = [
    ("0001", [both("CREATE TABLE people (id integer PRIMARY KEY, name text);"), both("INSERT INTO people VALUES (1, 'a');"),
              both("CREATE TABLE notes (id integer PRIMARY KEY);")], {}),
    ("0002", [both("ALTER TABLE people ADD COLUMN mail text;"), both("INSERT INTO people VALUES (2, 'b', 'c');")], {}),
    ("0003", [("CREATE INDEX CONCURRENTLY people_name ON people (name);", "CREATE INDEX people_name ON people (name);"),
              ("CREATE INDEX CONCURRENTLY IF NOT EXISTS people_mail ON people (mail);",
               "CREATE INDEX people_mail ON people (mail);")], {"transaction": "off"}),
    ("0004", [both("INSERT INTO notes VALUES (1);"), both("INSERT INTO notes VALUES (2);")], {}),
    ("0005", [("DROP INDEX CONCURRENTLY people_mail;", "DROP INDEX people_mail;")], {"transaction": "off"}),
]
ROWS = "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM notes)"


POINTS = [(revision, number) for revision, statements, _ in CHAIN for number in range(len(statements) + 1)]


def clean_schema(site):
    if site.postgres:
        site.sql("CREATE TABLE slow (i integer)")
    write_chain(site)
    site.expect("upgrade")
    return site.schema(), site.sql(ROWS)


def start_at_once(site, count):
    """All begin together on an empty database: each revision once, no error, all done."""
    write_chain(site)
    began = time.monotonic()
    processes = [site.start("upgrade") for _ in range(count)]
    results = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [result[2] for result in results] == [0] * count, [result for result in results if result[2]]
    assert site.applied() == ["0001", "0002", "0003", "0004", "0005"]
    assert site.sql("SELECT count(*) FROM schema_version_log WHERE action = 'up' AND error IS NULL") == "5"
    assert site.sql("SELECT count(*) FROM schema_version_log WHERE error IS NOT NULL") == "0"
    assert site.sql(ROWS) == "2|2"
    return time.monotonic() - began


def wait_for_sleep(site, process, point):
    if site.postgres:
        wait_until(lambda: site.sql(RUNNING) == "1", 20, f"the sleep at {point}")
        # The statement under way has its row; whoever comes next does not.
        site.sql("DELETE FROM slow")
    else:
        wait_until(lambda: is_busy(process.pid), 20, f"the sleep at {point}")


def kill_at(site, point, clean, waiters=1):
    """Kills one -9 within the statement, then times those that wait. The schema must be that of a clean run."""
    if site.postgres:
        site.sql("CREATE TABLE slow (i integer); INSERT INTO slow VALUES (1)")
    write_chain(site, point)
    process = site.start("upgrade")
    wait_for_sleep(site, process, point)
    folder = None if site.postgres else write_sleepless(site)
    others = [site.start("upgrade", folder) for _ in range(waiters)]
    time.sleep(0.3)
    process.kill()
    process.communicate()
    began = time.monotonic()
    results = [(*other.communicate(timeout=60), other.returncode) for other in others]
    seconds = time.monotonic() - began
    assert [result[2] for result in results] == [0] * waiters, (point, results)
    assert (site.schema(), site.sql(ROWS)) == clean, point
    assert site.applied() == ["0001", "0002", "0003", "0004", "0005"]
    if site.postgres:
        assert site.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"
    return seconds


def write_sleepless(site):
    """The same revisions without the computing: on SQLite nothing of the killed one has been recorded."""
    class Other:
        revisions = type(site.revisions)(site.home / "sleepless")
    write_chain(Other)
    return Other.revisions.path


def is_busy(pid):
    """A thread that computes: the sleep of SQLite."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) >= 30  # clock ticks in user mode


class Session:
    """Somebody else's open session, which runs one statement and stays."""

    def __init__(self, site, sql):
        postgres = site.postgres
        self.process = subprocess.Popen(
            [f"{postgres.programs}/psql", "-X", "-q", "-A", "-t", "-d", site.uri], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.say(sql)

    def say(self, sql):
        """Runs it and waits for its end."""
        self.process.stdin.write(sql + ";\n\\echo said\n")
        self.process.stdin.flush()
        while self.process.stdout.readline() not in ("said\n", ""):
            pass

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def time_reads(site, table, seconds):
    """How long each of many reads took, one after the other, in a session of its own."""
    reader = Session(site, "SELECT 1")
    until = time.monotonic() + seconds
    waits = []
    while time.monotonic() < until:
        began = time.monotonic()
        reader.say(f"SELECT count(*) FROM {table}")
        waits.append(time.monotonic() - began)
        time.sleep(0.02)
    reader.close()
    return waits
