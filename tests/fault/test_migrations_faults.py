# SPDX-License-Identifier: MIT
"""Migrations on a network that stops, a disk that is full, a server that restarts, a table that is large and in use."""
import contextlib
import itertools
import os
import pathlib
import resource
import shutil
import subprocess
import threading
import time

import pytest
from authtest import crash
from authtest.migrations import Site
from authtest.process import wait_until
from authtest.servers import Postgres
from authtest.wire import Wire

NUMBERS = itertools.count(1)


@pytest.fixture(name="site")
def fixture_site(folder, postgres):
    return Site("postgres", folder, f"fault_{next(NUMBERS)}", postgres)


# --- the network ---

SLEEP_SECONDS = 1.5
SLEEP = f"SELECT pg_sleep({SLEEP_SECONDS});"
WORK = {
    "one transaction": {"up": f"CREATE TABLE people (id integer);\n{SLEEP}\nINSERT INTO people VALUES (1);"},
    "statement by statement": {"up": f"CREATE TABLE people (id integer);\n{SLEEP}\nINSERT INTO people VALUES (1);",
                               "transaction": "off"},
}


def begin_on_the_wire(site, wire, header):
    site.revisions.add("0001", "", (header["up"], "SELECT 1;"),
                       **{key: value for key, value in header.items() if key != "up"})
    process = site.start("upgrade", SQL_URI=wire.uri(site.uri, site.postgres.port))
    wait_until(lambda: site.sql(crash.RUNNING) == "1", 20, "the sleep")
    return process


def expect_clean(site):
    assert site.applied() == ["0001"]
    assert site.sql("SELECT count(*) FROM people") == "1"


@pytest.mark.parametrize("work", WORK)
def test_a_cut_connection_is_told_and_taken_over(site, work):
    with Wire(site.postgres.port) as wire:
        process = begin_on_the_wire(site, wire, WORK[work])
        began = time.monotonic()
        wire.cut()
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 7 and "connection to " in errors and " lost: " in errors, errors
        assert site.postgres.PASSWORD not in errors
        # The statement sleeps once more; what is measured is how long the lock outlived its holder.
        done = site.run("upgrade -v")
        seconds = time.monotonic() - began - SLEEP_SECONDS
    assert done.returncode == 0, done
    assert seconds < crash.TAKEOVER_SECONDS, seconds
    expect_clean(site)


@pytest.mark.parametrize("work", WORK)
def test_a_network_that_stops_forwarding_is_noticed_and_taken_over(site, work, is_long):
    """Both connections stay open, so that only silence tells. The server ends a session that is idle where none is."""
    if not is_long and work != "one transaction":
        pytest.skip("in make faults")
    with Wire(site.postgres.port) as wire:
        process = begin_on_the_wire(site, wire, WORK[work])
        wire.stall()
        wait_until(lambda: site.sql(crash.RUNNING) == "0", 10, "the end of the statement")
        began = time.monotonic()
        done = site.run("upgrade")
        seconds = time.monotonic() - began - SLEEP_SECONDS
        _, errors = process.communicate(timeout=30)
    assert done.returncode == 0, done
    assert seconds < crash.TAKEOVER_SECONDS, seconds
    assert process.returncode == 7 and "lost: the server does not answer any more" in errors, errors
    expect_clean(site)


def test_an_answer_that_is_lost_alone_is_noticed(site, is_long):
    """What is new gets through, the connection at work does not."""
    if not is_long:
        pytest.skip("in make faults")
    with Wire(site.postgres.port) as wire:
        process = begin_on_the_wire(site, wire, WORK["one transaction"])
        wire.stall(is_new_too=False)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 7, errors
    assert "lost: the server has ended the statement, its answer did not arrive" in errors, errors
    assert site.expect("upgrade").endswith("now at 0001 (head)\n")


def test_an_index_that_was_finished_unnoticed_is_not_built_twice(site):
    site.revisions.add("0001", "", "CREATE TABLE people (id integer);")
    site.expect("upgrade")
    site.revisions.add("0002", "0001", ("CREATE INDEX CONCURRENTLY people_id ON people (id);", "SELECT 1;"),
                       ("DROP INDEX CONCURRENTLY people_id;", "SELECT 1;"), transaction="off")
    # The build waits for the snapshot of this session.
    holder = crash.Session(site, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    with Wire(site.postgres.port) as wire:
        process = site.start("upgrade", SQL_URI=wire.uri(site.uri, site.postgres.port))
        wait_until(lambda: site.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'auth-migrate' AND state = "
                                    "'active' AND query LIKE '%CONCURRENTLY%'") == "1", 20, "the build")
        wire.stall()
        holder.close()
        wait_until(lambda: site.sql("SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('people_id') AND indisvalid")
                   == "1", 20, "the end of the build")
        built = site.sql("SELECT to_regclass('people_id')::oid")
        done = site.run("upgrade")
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 7, errors
    assert (done.returncode, site.sql("SELECT to_regclass('people_id')::oid")) == (0, built), done
    assert site.sql("SELECT count(*) FROM schema_version_backfill") == "0"
    assert site.expect("downgrade -1") == "Undid 1 revision(s); now at 0001\n"


# --- the server ---


def test_a_server_that_restarts_amid_a_revision(folder):
    os.makedirs(os.path.join(folder, "own"))
    postgres = Postgres(os.path.join(folder, "own")).start()
    try:
        site = Site("postgres", folder, f"fault_{next(NUMBERS)}", postgres)
        site.revisions.add("0001", "", (f"CREATE TABLE people (id integer);\n{SLEEP}\nINSERT INTO people VALUES (1);",
                                        "SELECT 1;"))
        process = site.start("upgrade")
        wait_until(lambda: site.sql(crash.RUNNING) == "1", 20, "the sleep")
        postgres.stop()
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 7 and " lost: " in errors and "57P01" in errors, errors
        waiting = site.start("upgrade --wait 30")
        time.sleep(1)
        postgres.start()
        out, errors = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (0, "Applied 1 revision(s); now at 0001 (head)\n"), errors
        expect_clean(site)
    finally:
        postgres.stop()


def test_a_server_that_is_up_a_moment_after_it_refused_is_asked_once_more(site):
    site.revisions.add("0001", "", "CREATE TABLE people (id integer);")
    with Wire(site.postgres.port, refusals=1) as wire:
        done = site.run("upgrade", SQL_URI=wire.uri(site.uri, site.postgres.port))
    assert (done.returncode, done.stdout) == (0, "Applied 1 revision(s); now at 0001 (head)\n"), done


def make_replica(folder, postgres):
    """A hot standby of the server, made by pg_basebackup."""
    place = os.path.join(folder, "standby")
    os.makedirs(place)
    if postgres.user:
        shutil.chown(place, postgres.user)
    standby = Postgres(place)
    data = os.path.join(standby.folder, "data")
    subprocess.run([*postgres.as_user, "env", f"PGPASSWORD={postgres.PASSWORD}", f"{postgres.programs}/pg_basebackup", "-D",
                    data, "-h", postgres.folder, "-p", str(postgres.port), "-U", "postgres", "-R", "--no-sync", "-c", "fast"],
                   check=True, cwd="/")
    return standby.start()


def test_a_replica_that_only_reads_refuses_in_clear_words(folder, postgres, site):
    site.revisions.add("0001", "", "CREATE TABLE people (id integer);")
    site.expect("upgrade")
    standby = make_replica(folder, postgres)
    try:
        uri = site.uri.replace(f":{postgres.port}/", f":{standby.port}/")
        assert site.expect("upgrade", SQL_URI=uri) == "Already at 0001 (head)\n"
        assert site.expect("current", SQL_URI=uri) == "0001 (head)\n"
        site.revisions.add("0002", "0001", "CREATE TABLE notes (id integer);")
        reason = site.fails("upgrade", 7, SQL_URI=uri)
        assert "takes no writes, as a standby does: cannot execute CREATE TABLE in a read-only transaction" in reason, reason
    finally:
        standby.stop()
    assert site.applied() == ["0001"]


# --- the disk ---


@contextlib.contextmanager
def small_disk(place, size):
    os.makedirs(place)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", place], check=False,
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        # Python closes what SQLite had open when it collects it.
        subprocess.run(["umount", "-l", place], check=True)


FILL = "INSERT INTO large SELECT repeat(md5(CAST(i AS text)), 60) FROM generate_series(1, 40000) AS i;"
FILL_SQLITE = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO large SELECT "
               "hex(randomblob(1000)) FROM n;")


def test_a_full_disk_under_postgres_leaves_nothing_and_passes(folder, site):
    place = os.path.join(folder, "space")
    with small_disk(place, "24m"):
        inside = os.path.join(place, "tables")
        os.makedirs(inside)
        if site.postgres.user:
            shutil.chown(inside, site.postgres.user)
        site.sql(f"CREATE TABLESPACE small LOCATION '{inside}'")
        try:
            site.revisions.add("0001", "", ("CREATE TABLE first (i integer);", "SELECT 1;"))
            site.revisions.add("0002", "0001", (f"CREATE TABLE large (t text) TABLESPACE small;\n{FILL}", "SELECT 1;"))
            reason = site.fails("upgrade", 7)
            assert "No space left on device" in reason and "SQLSTATE 53100" in reason and "0002.sql" in reason, reason
            assert site.applied() == ["0001"] and "large" not in site.schema()
            assert "No space left" in site.sql("SELECT error FROM schema_version_log WHERE revision = '0002'")
            subprocess.run(["mount", "-o", "remount,size=256m", place], check=True)
            assert site.expect("upgrade") == "Applied 1 revision(s); now at 0002 (head)\n"
        finally:
            site.sql("DROP TABLE IF EXISTS large")
            site.sql("DROP TABLESPACE small")


def expect_whole(site, reason):
    assert "disk is full" in reason or "No space left on device" in reason or "File too large" in reason, reason
    assert site.applied() == ["0001"] and "large" not in site.schema()
    assert site.sql("PRAGMA integrity_check") == "ok"


def sqlite_site(folder):
    site = Site("sqlite", folder, f"fault_{next(NUMBERS)}")
    site.revisions.add("0001", "", "CREATE TABLE first (i integer);\nINSERT INTO first VALUES (1);")
    site.expect("upgrade")
    site.revisions.add("0002", "0001", ("SELECT 1;", f"CREATE TABLE large (t text);\n{FILL_SQLITE}"))
    return site


def test_a_full_disk_under_sqlite_leaves_nothing_and_passes(folder):
    with small_disk(os.path.join(folder, "small"), "2m") as place:
        site = sqlite_site(place)
        expect_whole(site, site.fails("upgrade", 7))
        subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
        assert site.expect("upgrade") == "Applied 1 revision(s); now at 0002 (head)\n"


def test_a_copy_that_does_not_fit_ends_a_rebuild_before_it_begins(folder):
    with small_disk(os.path.join(folder, "copies"), "24m") as place:
        site = sqlite_site(place)
        site.expect("upgrade")
        site.revisions.add("0003", "0002", ("SELECT 1;", "DROP TABLE first;"))
        with open(os.path.join(place, "ballast"), "wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(65536))
        assert "No space left on device" in site.fails("upgrade", 7)
        os.remove(os.path.join(place, "ballast"))
        assert site.applied() == ["0001", "0002"] and site.sql("SELECT count(*) FROM first") == "1"
        assert site.expect("upgrade").endswith("now at 0003 (head)\n")


def test_a_limit_of_file_size_under_sqlite_leaves_nothing(folder):
    """Where nothing can be mounted: the kernel refuses to let the file grow."""
    site = sqlite_site(folder)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, 1024 * 1024))

    done = subprocess.run(site.command("upgrade"), env=site.environment(), cwd=site.home, capture_output=True, text=True,
                          check=False, preexec_fn=limit)  # pylint: disable=subprocess-popen-preexec-fn
    assert done.returncode == 7, done
    expect_whole(site, done.stderr)


# --- a large table in use ---

LOCK_SECONDS = 1.0


class Readers:
    """Many short reads of one row, a steady number a second, each timed."""

    def __init__(self, site, rate, table):
        self.site, self.table, self.waits = site, table, []
        self.is_ending = threading.Event()
        self.threads = [threading.Thread(target=self._read, args=(index, rate)) for index in range(4)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_ending.set()
        for thread in self.threads:
            thread.join()

    def _read(self, index, rate):
        session = crash.Session(self.site, "SELECT 1")
        number = index
        while not self.is_ending.is_set():
            number = (number * 7919 + 1) % 1000 + 1
            began = time.monotonic()
            session.say(f"SELECT * FROM {self.table} WHERE id = {number}")
            self.waits.append(time.monotonic() - began)
            self.is_ending.wait(max(0, 4 / rate - (time.monotonic() - began)))
        session.close()


@pytest.fixture(name="large")
def fixture_large(site, is_long):
    rows = 10_000_000 if is_long else 200_000
    site.revisions.add("0001", "", ("CREATE TABLE people (id bigint PRIMARY KEY, name text);\n"
                                    f"INSERT INTO people SELECT i, 'name' FROM generate_series(1, {rows}) AS i;",
                                    "SELECT 1;"), statement_timeout="20min")
    site.expect("upgrade", timeout=900)
    site.revisions.add("0002", "0001", ("ALTER TABLE people ADD COLUMN mail text;", "SELECT 1;"),
                       ("ALTER TABLE people DROP COLUMN mail;", "SELECT 1;"), lock_timeout=f"{LOCK_SECONDS:.0f}s")
    return site


def test_readers_of_a_large_table_stall_no_longer_than_the_lock_timeout(large, is_long, record_property):
    site, seconds = large, 60 if is_long else 4
    holder = crash.Session(site, "BEGIN; SELECT * FROM people LIMIT 1")
    with Readers(site, 200, "people") as readers:
        process = site.start("upgrade")
        time.sleep(seconds)
        assert process.poll() is None
        holder.close()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors.count("Trying again: ") >= 1 and "SQLSTATE 55P03" in errors, errors
    record_property("stall", f"most {max(readers.waits):.2f} s of {len(readers.waits)} reads")
    print(f"{len(readers.waits)} reads, most {max(readers.waits):.3f} s, {errors.count('Trying again: ')} retries")
    assert max(readers.waits) < LOCK_SECONDS + 0.5, max(readers.waits)
    assert site.applied() == ["0001", "0002"]


def test_a_lock_that_is_never_given_up_ends_in_exit_6_and_changes_nothing(site):
    site.revisions.add("0001", "", "CREATE TABLE people (id integer);")
    site.expect("upgrade")
    before = site.schema()
    site.revisions.add("0002", "0001", ("ALTER TABLE people ADD COLUMN mail text;", "SELECT 1;"), lock_timeout="50ms")
    holder = crash.Session(site, "BEGIN; SELECT * FROM people")
    with Readers(site, 50, "people") as readers:
        reason = site.fails("upgrade --retries 2", 6)
    assert "55P03" in reason and "0002.sql" in reason, reason
    assert max(readers.waits) < 0.55
    holder.close()
    assert site.schema() == before and site.applied() == ["0001"]
    assert "55P03" in site.sql("SELECT error FROM schema_version_log WHERE revision = '0002'")
    assert site.expect("upgrade").endswith("now at 0002 (head)\n")
