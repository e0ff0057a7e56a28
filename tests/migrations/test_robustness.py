# SPDX-License-Identifier: MIT
"""Many at once, killed ones, poolers, an unfriendly environment. The long forms are in tests/fault."""
import os
import pathlib
import shutil
import subprocess
import time

import pytest
from authtest import crash
from authtest.ports import free_port
from authtest.process import Process, wait_until

ROUNDS = 3
STARTERS = 20


@pytest.mark.parametrize("engine", ["postgres", "sqlite"])
def test_twenty_starters_apply_each_revision_once(new_site, engine):
    for _ in range(ROUNDS if engine == "postgres" else 1):
        crash.start_at_once(new_site(engine), STARTERS)


def test_starters_at_head_take_no_lock(postgres_site):
    site = postgres_site
    crash.write_chain(site)
    site.expect("upgrade")
    holder = crash.Session(site, "SELECT pg_advisory_lock(1635087464, hashtext('public'))")
    try:
        done = [site.start("upgrade") for _ in range(STARTERS)]
        assert all(process.communicate(timeout=20)[0] == "Already at 0005 (head)\n" for process in done)
    finally:
        holder.close()


@pytest.mark.parametrize("engine", ["postgres", "sqlite"])
def test_another_takes_over_from_a_killed_one(new_site, engine):
    clean = crash.clean_schema(new_site(engine))
    for point in crash.POINTS[::4]:
        seconds = crash.kill_at(new_site(engine), point, clean)
        assert seconds < 5, (point, seconds)


def test_a_terminated_backend_ends_the_command_with_exit_7(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", ("CREATE TABLE t (i int);\nSELECT pg_sleep(20);", "SELECT 1;"))
    process = site.start("upgrade")
    wait_until(lambda: site.sql(crash.RUNNING) == "1", 10, "the sleep")
    site.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'auth-migrate' AND "
             f"datname = '{site.name}'")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 7 and "lost" in errors, errors
    assert site.applied() == []


def test_sigterm_cancels_the_statement_and_rolls_back(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", ("CREATE TABLE t (i int);\nSELECT pg_sleep(60);", "SELECT 1;"))
    process = site.start("upgrade")
    wait_until(lambda: site.sql(crash.RUNNING) == "1", 10, "the sleep")
    began = time.monotonic()
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 143 and "told to stop" in errors
    assert time.monotonic() - began < 5
    assert site.sql(crash.RUNNING) == "0" and site.applied() == [] and "CREATE TABLE" not in site.schema()
    assert site.sql("SELECT error FROM schema_version_log") == "told to stop"


# --- releases beside each other ---

RELEASES = ("0001", "0002", "0003")
# What a binary of one release says to the schema of another.
SKEW = {
    ("0001", "0001"): (0, "Already at 0001 (head)"),
    ("0001", "0002"): (0, "Already at 0002 (ahead of this binary)"),
    ("0001", "0003"): (4, "database is at 0003, this binary knows up to 0001; 0003 (contract) requires a binary with 0002 or "
                          "later"),
    ("0002", "0001"): (0, "Applied 1 revision(s); now at 0002 (head)"),
    ("0002", "0002"): (0, "Already at 0002 (head)"),
    ("0002", "0003"): (0, "Already at 0003 (ahead of this binary)"),
    ("0003", "0001"): (0, "Applied 2 revision(s); now at 0003 (head)"),
    ("0003", "0002"): (0, "Applied 1 revision(s); now at 0003 (head)"),
    ("0003", "0003"): (0, "Already at 0003 (head)"),
}


@pytest.mark.parametrize("binary, schema", SKEW)
def test_each_release_judges_the_schema_of_each_other(site, binary, schema):
    site.revisions.add("0001", "", "CREATE TABLE people (id integer PRIMARY KEY, mail text);")
    site.revisions.add("0002", "0001", "ALTER TABLE people ADD COLUMN address text;", min_binary="0001")
    site.revisions.add("0003", "0002", "ALTER TABLE people DROP COLUMN mail;", phase="contract", min_binary="0002")
    site.expect(f"upgrade {schema}")
    release = site.revisions.copy(site.home / "release")
    for path in release.path.iterdir():
        if path.name.split("_")[1] > f"{binary}.sql":
            path.unlink()
    status, text = SKEW[binary, schema]
    done = site.run("upgrade", release.path)
    assert done.returncode == status and text in done.stdout + done.stderr, done
    ready = site.run("wait --timeout 0", release.path)
    assert ready.returncode == status, ready


# --- poolers ---


@pytest.fixture(name="pooler")
def fixture_pooler(postgres, folder):
    """PgBouncer before the server: pooler("transaction") gives the port it listens on."""
    started = []

    def make(mode):
        home = pathlib.Path(folder, f"pooler-{len(started)}-{mode}")
        home.mkdir()
        port = free_port()
        (home / "users.txt").write_text(f'"postgres" "{postgres.PASSWORD}"\n', encoding="ascii")
        (home / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nauth_type = plain\nauth_file = {home}/users.txt\npool_mode = {mode}\n"
            f"unix_socket_dir =\nlogfile = {home}/log\n", encoding="ascii")
        user = None
        if os.getuid() == 0:
            user = "postgres"
            for path in (home, *home.iterdir()):
                shutil.chown(path, user)
        process = Process(f"pooler-{mode}", ["/usr/sbin/pgbouncer", str(home / "pgbouncer.ini")], str(home), user=user).start()
        started.append(process)
        wait_until(lambda: subprocess.run([f"{postgres.programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
                                          check=False).returncode == 0, 10, "pgbouncer")
        return port

    yield make
    for process in started:
        process.stop()


def test_a_pooler_by_the_transaction_is_refused_and_no_lock_is_left(postgres_site, pooler):
    site = postgres_site
    crash.write_chain(site)
    pooled = site.uri.replace(f":{site.postgres.port}/", f":{pooler('transaction')}/")
    reason = site.fails("upgrade", 2, SQL_URI=pooled)
    assert "lends connections by the transaction" in reason and "MIGRATION_SQL_URI" in reason
    assert site.sql("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = "
                    "'advisory' AND datname = current_database()") == "0"
    # Looking is harmless, and a direct connection for migrations makes it whole.
    assert site.expect("current", SQL_URI=pooled) == "<base>\n"
    assert site.expect("upgrade", SQL_URI=pooled, MIGRATION_SQL_URI=site.uri).endswith("now at 0005 (head)\n")
    assert site.expect("upgrade", SQL_URI=pooled) == "Already at 0005 (head)\n"


def test_a_pooler_by_the_session_serves(new_site, pooler):
    site = new_site("postgres")
    port = pooler("session")
    crash.write_chain(site)
    pooled = site.uri.replace(f":{site.postgres.port}/", f":{port}/")
    done = [site.start("upgrade", SQL_URI=pooled) for _ in range(6)]
    results = [(*process.communicate(timeout=60), process.returncode) for process in done]
    assert [result[2] for result in results] == [0] * 6, results
    assert site.sql("SELECT count(*) FROM schema_version_log WHERE action = 'up'") == "5"


# --- an unfriendly environment ---


def test_a_wrong_password_and_a_missing_database_end_at_once(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", "CREATE TABLE t (i integer);")
    for uri, words in ((site.uri.replace(site.postgres.PASSWORD, "wrong"), "password authentication failed"),
                       (site.uri.replace(site.name, "nowhere"), "does not exist")):
        began = time.monotonic()
        reason = site.fails("upgrade --wait 30", 7, SQL_URI=uri)
        assert words in reason and time.monotonic() - began < 5


def test_a_server_that_comes_up_late_is_waited_for(new_site):
    site = new_site("sqlite")
    site.revisions.add("0001", "", "CREATE TABLE t (i integer);")
    nowhere = f"postgresql://postgres:x@127.0.0.1:{free_port()}/auth"
    began = time.monotonic()
    assert "refused" in site.fails("upgrade", 7, SQL_URI=nowhere)
    assert time.monotonic() - began < 3
    done = site.run("upgrade --wait 3", SQL_URI=nowhere)
    assert done.returncode == 7 and "Waiting for the database" in done.stderr
    assert time.monotonic() - began > 3


def test_a_role_without_rights_is_told_so(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", "CREATE TABLE t (i integer);")
    site.sql("CREATE ROLE weak LOGIN PASSWORD 'weak-password'") if site.sql(
        "SELECT 1 FROM pg_roles WHERE rolname = 'weak'") != "1" else None
    weak = site.uri.replace(f"postgres:{site.postgres.PASSWORD}", "weak:weak-password")
    assert "permission denied" in site.fails("upgrade", 1, SQL_URI=weak)
    site.expect("upgrade")
    # At head neither rights to change nor a lock are needed; only the table is read.
    site.sql("GRANT SELECT ON schema_version TO weak")
    assert site.expect("upgrade", SQL_URI=weak) == "Already at 0001 (head)\n"


def test_a_read_only_default_is_overruled(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", "CREATE TABLE t (i integer);")
    site.sql(f"ALTER DATABASE {site.name} SET default_transaction_read_only = on")
    # A setting of the database is overruled, as any that would change the meaning of revisions.
    assert site.expect("upgrade").endswith("now at 0001 (head)\n")


def test_timeouts_of_the_role_do_not_end_a_migration(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", ("SELECT pg_sleep(0.5);", "SELECT 1;"))
    site.sql(f"ALTER DATABASE {site.name} SET statement_timeout = '100ms'")
    site.sql(f"ALTER DATABASE {site.name} SET lock_timeout = '50ms'")
    site.sql(f"ALTER ROLE postgres IN DATABASE {site.name} SET statement_timeout = '100ms'")
    assert site.expect("upgrade").endswith("now at 0001 (head)\n")


def test_the_statement_timeout_of_a_revision_holds(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", ("SELECT pg_sleep(5);", "SELECT 1;"), statement_timeout="200ms")
    assert "statement timeout" in site.fails("upgrade", 1)


def test_what_no_transaction_takes_runs_by_itself(postgres_site):
    """Some may be refused in a transaction only when they are run; some end it."""
    site = postgres_site
    site.revisions.add("0001", "", ("""CREATE TABLE parts (i integer) PARTITION BY RANGE (i);
        CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
        CREATE TABLE marks (i integer);
        CREATE MATERIALIZED VIEW few AS SELECT 1 AS i; CREATE UNIQUE INDEX few_i ON few (i);
        CREATE PROCEDURE twice() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO marks VALUES (1); COMMIT; INSERT INTO marks
        VALUES (2); END $$;""", "SELECT 1;"))
    site.revisions.add("0002", "0001", (f"""ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;
        CALL twice(); DO $$ BEGIN INSERT INTO marks VALUES (3); COMMIT; END $$; VACUUM marks; CLUSTER; REINDEX SCHEMA public;
        REFRESH MATERIALIZED VIEW CONCURRENTLY few; ALTER DATABASE {site.name} SET work_mem = '5MB';
        CREATE INDEX CONCURRENTLY marks_i ON marks (i); INSERT INTO marks VALUES (4); DROP INDEX CONCURRENTLY marks_i;""",
                                        "SELECT 1;"), transaction="off")
    assert site.expect("upgrade").endswith("now at 0002 (head)\n")
    assert site.sql("SELECT string_agg(CAST(i AS text), ',' ORDER BY i) FROM marks") == "1,2,3,4"
    assert site.sql("SELECT count(*) FROM schema_version_backfill") == "0"
    refused = site.revisions.add("0003", "0002", ("ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;", "SELECT 1;"))
    assert f"{refused.name}:9:1: DETACH PARTITION CONCURRENTLY cannot run in a transaction" in site.fails("heads", 5)


# --- SQLite ---


def test_a_rebuild_keeps_the_rows_of_children_and_leaves_a_copy(new_site):
    site = new_site("sqlite")
    site.revisions.add("0001", "", "CREATE TABLE parents (id integer PRIMARY KEY);\nCREATE TABLE children (id integer PRIMARY "
                       "KEY, parent integer REFERENCES parents (id) ON DELETE CASCADE);")
    site.revisions.add("0002", "0001", ("SELECT 1;", "CREATE TABLE parents_new (id integer PRIMARY KEY, name text);\n"
                                        "INSERT INTO parents_new (id) SELECT id FROM parents;\nDROP TABLE parents;\n"
                                        "ALTER TABLE parents_new RENAME TO parents;"))
    site.expect("upgrade 0001")
    site.sql("INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1, 1)")
    site.expect("upgrade")
    assert site.sql("SELECT count(*) FROM children") == "1"
    copy = pathlib.Path(site.database + ".before-0002")
    assert copy.exists() and copy.stat().st_mode & 0o077 == 0


def test_a_rebuild_that_orphans_rows_is_rolled_back(new_site):
    site = new_site("sqlite")
    site.revisions.add("0001", "", "CREATE TABLE parents (id integer PRIMARY KEY);\nCREATE TABLE children (id integer PRIMARY "
                       "KEY, parent integer REFERENCES parents (id));")
    site.revisions.add("0002", "0001", ("SELECT 1;", "CREATE TABLE parents_new (id integer PRIMARY KEY);\n"
                                        "DROP TABLE parents;\nALTER TABLE parents_new RENAME TO parents;"))
    site.expect("upgrade 0001")
    site.sql("INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1, 1)")
    assert "1 rows would refer to nothing" in site.fails("upgrade", 1)
    assert site.sql("SELECT count(*) FROM parents") == "1" and site.applied() == ["0001"]
