# SPDX-License-Identifier: MIT
"""Every command of `auth migrate`, the refused cases first, on both engines."""
import os
import pty
import re
import select
import subprocess
import time

import pytest
from authtest.migrations import lines_of_json

TABLE = "CREATE TABLE people (id integer PRIMARY KEY, name text);"


@pytest.fixture(name="chain")
def fixture_chain(site):
    """0001 people, 0002 a column, 0003 a table; the last can be undone without loss."""
    site.revisions.add("0001", "", TABLE, "DROP TABLE people;", message="people")
    site.revisions.add("0002", "0001", "ALTER TABLE people ADD COLUMN mail text;", "ALTER TABLE people DROP COLUMN mail;",
                       message="mail")
    site.revisions.add("0003", "0002", "CREATE INDEX people_mail ON people (mail);", "DROP INDEX people_mail;", message="index")
    return site


@pytest.fixture(name="fork")
def fork_fixture(site):
    """0001, then 0002 and 0003 beside each other, joined by 0004."""
    site.revisions.add("0001", "", TABLE, "DROP TABLE people;")
    site.revisions.add("0002", "0001", "CREATE TABLE two (i integer);", "DROP TABLE two;")
    site.revisions.add("0003", "0001", "CREATE TABLE three (i integer);", "DROP TABLE three;")
    site.revisions.add("0004", "0002, 0003", "", None)
    return site


# --- downgrade ---


def test_a_downgrade_that_loses_rows_wants_to_be_allowed(chain):
    chain.expect("upgrade")
    reason = chain.fails("downgrade base", 2)
    assert re.fullmatch(r"202601021000_0002\.sql:\d+:1: undoing 0002 loses the column's values; give --yes, or set "
                        r"ALLOW_DATA_LOSS=1", reason), reason
    assert chain.applied() == ["0001", "0002", "0003"]
    assert chain.expect("downgrade -1") == "Undid 1 revision(s); now at 0002\n"
    assert chain.expect("downgrade -1", ALLOW_DATA_LOSS="1") == "Undid 1 revision(s); now at 0001\n"
    done = chain.run("downgrade base --yes")
    assert done.stdout == "Undid 1 revision(s); now at <base>\n"
    assert re.search(r"^Running downgrade 0001 -> , people \.\.\. done \(\d+ ms\)$", done.stderr, re.M), done.stderr
    assert chain.schema().find("people") < 0
    assert chain.expect("downgrade base") == "Already at <base>\n"


def test_targets_in_the_wrong_direction_are_refused(chain):
    chain.expect("upgrade 0002")
    assert chain.fails("downgrade 0003", 2) == "0003 is not applied, the current revision is 0002; use upgrade"
    assert chain.fails("upgrade 0001", 2) == "0001 is older than the current revision 0002; use downgrade"
    assert chain.fails("downgrade head", 2) == "head is not older than the current revision 0002; use upgrade"
    assert chain.fails("downgrade -3", 2) == "Relative revision -3 didn't produce 3 migrations"
    assert chain.fails("downgrade +1", 2) == "Relative revision +1 didn't produce 1 migrations"
    assert chain.fails("downgrade 000", 2) == "'000' matches 3 revisions: 0001, 0002, 0003"
    assert chain.fails("downgrade zzzz", 2) == "Can't locate revision identified by 'zzzz'"
    assert chain.fails("downgrade 0003:0001", 2) == "Range revision not allowed"
    assert chain.fails("downgrade", 2).startswith("downgrade needs <target>")
    assert chain.expect("downgrade 0002") == "Already at 0002\n"


def test_an_irreversible_revision_is_not_undone(site):
    site.revisions.add("0001", "", TABLE)
    site.expect("upgrade")
    assert site.fails("downgrade -1 --yes", 2) == "0001 cannot be undone: a test"
    assert site.applied() == ["0001"]


def test_a_merge_is_undone_into_its_two_heads(fork):
    fork.expect("upgrade")
    assert fork.expect("downgrade -1") == "Undid 1 revision(s); now at 0002, 0003\n"
    assert fork.expect("current") == "0002\n0003\n"
    assert fork.expect("upgrade") == "Applied 1 revision(s); now at 0004 (head)\n"
    assert fork.expect("downgrade 0002") == "Undid 1 revision(s); now at 0002, 0003\n"
    assert fork.expect("downgrade 0001 --yes") == "Undid 2 revision(s); now at 0001\n"


def test_a_failing_way_down_leaves_the_revision_applied(site):
    site.revisions.add("0001", "", TABLE, "DROP TABLE people;\nDROP TABLE nowhere;")
    site.expect("upgrade")
    assert "nowhere" in site.fails("downgrade -1 --yes", 1)
    assert site.applied() == ["0001"]
    assert "people" in site.schema()
    assert site.sql("SELECT action, revision FROM schema_version_log WHERE error IS NOT NULL") == "down|0001"


def test_unknown_revisions_are_undone_only_by_their_stored_sql(chain, tmp_path):
    older = chain.revisions.copy(tmp_path / "older")
    (older.path / "202601031000_0003.sql").unlink()
    chain.expect("upgrade")
    reason = chain.fails("downgrade 0002", 4, older.path)
    assert reason == ("0003 is not known to this binary; --use-stored-down undoes it by the SQL that was stored when it was "
                      "applied")
    assert chain.expect("downgrade 0002 --use-stored-down", 0, older.path) == "Undid 1 revision(s); now at 0002\n"
    assert "people_mail" not in chain.schema()


def test_statements_outside_a_transaction_are_undone_one_by_one(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", TABLE, "DROP TABLE people;")
    site.revisions.add("0002", "0001", ("CREATE INDEX CONCURRENTLY people_name ON people (name);", "SELECT 1;"),
                       ("DROP INDEX CONCURRENTLY people_name;\nSELECT 1 / (SELECT count(*) FROM people);", "SELECT 1;"),
                       transaction="off")
    site.expect("upgrade")
    assert "division by zero" in site.fails("downgrade -1", 1)
    assert site.expect("current") == "0001\n0002 (partial, 1 statement(s) of the way down done)\n"
    site.sql("INSERT INTO people VALUES (1, 'a')")
    # The way up goes on by ending the way down first.
    assert site.expect("upgrade") == "Applied 1 revision(s); now at 0002 (head)\n"
    assert site.sql("SELECT count(*) FROM pg_indexes WHERE indexname = 'people_name'") == "1"
    assert site.expect("downgrade -1") == "Undid 1 revision(s); now at 0001\n"
    assert site.expect("downgrade base --yes") == "Undid 1 revision(s); now at <base>\n"


# --- stamp ---


def test_a_stamp_records_without_running(chain):
    assert chain.fails("stamp zzzz", 2) == "Can't locate revision identified by 'zzzz'"
    done = chain.run("stamp 0002 --force")
    assert (done.returncode, done.stderr) == (0, "Running stamp_revision  -> 0002\n")
    assert chain.applied() == ["0001", "0002"] and "people" not in chain.schema()
    assert chain.run("stamp 0001 --force").stderr == "Running stamp_revision 0002 -> 0001\n"
    assert chain.run("stamp base").stderr == "Running stamp_revision 0001 -> \n"
    assert chain.applied() == []
    assert "stamp|base" in chain.sql("SELECT action, revision FROM schema_version_log")


def test_a_baseline_must_look_as_the_revision_leaves_it(chain):
    chain.sql("CREATE TABLE people (id integer PRIMARY KEY, name text, mail text)")
    done = chain.run("stamp head")
    assert done.returncode == 3 and "add index people.people_mail" in done.stdout, done
    assert done.stderr.startswith("FAILED: the schema is not what head leaves: 1 difference(s)")
    assert chain.applied() == []
    assert chain.run("stamp 0002").stderr == "Running stamp_revision  -> 0002\n"
    assert chain.expect("upgrade") == "Applied 1 revision(s); now at 0003 (head)\n"


def test_a_stamp_leads_out_of_an_unknown_revision(chain):
    chain.expect("upgrade")
    chain.sql("UPDATE schema_version SET revision = 'gone' WHERE revision = '0003'")
    assert chain.fails("upgrade", 4) == \
        "database is at gone, this binary knows up to 0003; gone does not follow from that"
    assert chain.run("stamp head --purge --force").returncode == 0
    assert chain.applied() == ["0001", "0002", "0003"]


def test_an_edit_is_recorded_by_refreshing(chain):
    chain.expect("upgrade")
    path = chain.revisions.path / "202601021000_0002.sql"
    path.write_text(path.read_text() + "-- seen again\n")
    assert "was edited after it was applied" in chain.fails("upgrade", 5)
    reason = chain.fails("verify", 5)
    assert reason.startswith("1 applied revision(s) were edited")
    chain.expect("stamp 0002 --refresh")
    assert chain.expect("upgrade") == "Already at 0003 (head)\n"
    assert chain.expect("verify") == "Verified 3 applied revision(s); now at 0003\n"
    assert chain.sql("SELECT count(*) FROM schema_version_log WHERE action = 'stamp'") == "1"


def test_a_checkout_with_crlf_is_the_same_revision(chain):
    chain.expect("upgrade")
    for path in chain.revisions.path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert chain.expect("upgrade") == "Already at 0003 (head)\n"


# --- show, branches, merge ---


def test_branches_and_show_print_as_alembic_does(fork):
    assert fork.expect("branches") == "0001 (branchpoint)\n     -> 0002\n     -> 0003\n\n"
    assert fork.expect("show 0004").startswith("Rev: 0004 (head) (mergepoint)\nMerges: 0002, 0003\nPath: ")
    assert fork.expect("show head") == fork.expect("show 0004")
    assert "Branches into: 0002, 0003\n" in fork.expect("show 0001")
    assert "CREATE TABLE people" in fork.expect("show 0001 -v")
    assert fork.fails("show zzzz", 2) == "Can't locate revision identified by 'zzzz'"
    assert fork.expect("show current") == ""
    assert lines_of_json(fork.expect("show 0002 --json"))[0]["down_revision"] == "0001"


def test_a_merge_joins_two_heads_in_a_file_that_the_build_takes(fork):
    (fork.revisions.path / "202601041000_0004.sql").unlink()
    assert "Multiple head revisions" in fork.fails("upgrade", 2)
    assert "follows from 0001 already" in fork.fails("merge 0001 0002 -m x", 2)
    assert "only one was named" in fork.fails("merge 0002 -m x", 2)
    assert "is no revision id" in fork.fails("merge heads --rev-id X! -m x", 2)
    printed = fork.expect(["merge", "heads", "-m", "Join two & three"])
    match = re.fullmatch(r"Generating (\S+/\d{12}_([0-9a-f]{12})_join_two_three\.sql) \.\.\. done\n", printed)
    assert match, printed
    assert "-- down_revision: 0002, 0003\n" in open(match[1], encoding="utf-8").read()
    assert fork.expect("heads") == f"{match[2]} (head)\n"
    assert fork.expect("upgrade").endswith(f"now at {match[2]} (head)\n")
    assert "there is only one head" in fork.fails("merge heads -m again", 2)


# --- plan and scripts ---


def test_a_plan_names_statements_locks_and_losses_and_changes_nothing(chain):
    plan = chain.expect("upgrade --plan")
    assert plan.startswith("<base> -> 0001, people (expand, one transaction)\n  202601011000_0001.sql:")
    assert "ALTER TABLE people ADD COLUMN mail text;" in plan
    assert ("lock: ACCESS EXCLUSIVE" if chain.postgres else "lock: RESERVED") in plan
    assert chain.expect("current") == "<base>\n"
    chain.expect("upgrade")
    assert chain.expect("upgrade --plan") == ""
    assert "loses: the table's rows" in chain.expect("downgrade base --plan")
    steps = lines_of_json(chain.expect("downgrade base --plan --json"))
    assert [step["revision"] for step in steps if step["event"] == "step"] == ["0003", "0002", "0001"]
    assert chain.applied() == ["0001", "0002", "0003"]


def test_a_script_leaves_what_a_run_leaves(chain, new_site):
    other = new_site(chain.engine)
    script = chain.expect("upgrade --sql")
    done = other.run_script(script)
    assert (done.returncode, done.stderr) == (0, ""), done
    chain.expect("upgrade")
    assert other.schema() == chain.schema()
    columns = "seq, revision, parent, checksum, phase, min_binary, state, stmts_done, binary_version, down_sql"
    query = f"SELECT {columns} FROM schema_version ORDER BY seq"
    assert other.sql(query) == chain.sql(query)
    assert other.sql("SELECT action, revision FROM schema_version_log ORDER BY seq") == \
        chain.sql("SELECT action, revision FROM schema_version_log ORDER BY seq")
    assert chain.expect("upgrade", SQL_URI=other.uri) == "Already at 0003 (head)\n"


def test_a_script_ends_where_the_database_is_elsewhere(chain):
    chain.expect("upgrade 0001")
    done = chain.run_script(chain.expect("upgrade 0002:0003 --sql"))
    assert done.returncode != 0 and "revision 0002 is not applied" in done.stderr, done
    done = chain.run_script(chain.expect("upgrade base:0002 --sql"))
    assert done.returncode != 0 and "revision 0001 is applied already" in done.stderr, done
    assert chain.applied() == ["0001"]
    done = chain.run_script(chain.expect("upgrade 0001:head --sql"))
    assert done.returncode == 0, done
    done = chain.run_script(chain.expect("downgrade 0003:0001 --sql"))
    assert done.returncode == 0, done
    assert chain.applied() == ["0001"] and "mail" not in chain.schema()


def test_scripts_in_the_wrong_direction_are_refused(chain):
    assert chain.fails("downgrade 0001 --sql", 2) == "downgrade with --sql requires <fromrev>:<torev>"
    assert "leads down; use downgrade" in chain.fails("upgrade 0003:0001 --sql", 2)
    assert "leads up; use upgrade" in chain.fails("downgrade 0001:0003 --sql", 2)
    assert "made without a database" in chain.fails("upgrade current:head --sql", 2)


def test_a_script_of_concurrent_statements_runs_in_psql(postgres_site, new_site):
    site, other = postgres_site, new_site("postgres")
    site.revisions.add("0001", "", TABLE, "DROP TABLE people;")
    site.revisions.add("0002", "0001", ("CREATE INDEX CONCURRENTLY people_name ON people (name);", "SELECT 1;"),
                       ("DROP INDEX CONCURRENTLY people_name;", "SELECT 1;"), transaction="off")
    done = other.run_script(site.expect("upgrade --sql"))
    assert done.returncode == 0, done
    site.expect("upgrade")
    assert other.schema() == site.schema()
    assert other.run_script(site.expect("downgrade 0002:base --sql")).returncode == 0
    assert other.applied() == []


# --- backfill ---

FILL = ("SELECT max(id) FROM (SELECT id FROM people WHERE id > COALESCE(CAST($1 AS integer), 0) ORDER BY id "
        "LIMIT CAST($2 AS integer)) AS batch;\n"
        "UPDATE people SET name = 'filled' WHERE id > COALESCE(CAST($1 AS integer), 0) AND id <= CAST($2 AS integer) AND name "
        "IS NULL;")


@pytest.fixture(name="filled")
def fixture_filled(site):
    site.revisions.add("0001", "", TABLE, "DROP TABLE people;")
    site.revisions.add("0002", "0001", FILL, "SELECT 1;", phase="backfill", min_binary="0001")
    site.expect("upgrade 0001")
    rows = ", ".join(f"({i}, NULL)" for i in range(1, 251))
    site.sql(f"INSERT INTO people VALUES {rows}")
    return site


def test_a_backfill_runs_in_batches(filled):
    assert filled.fails("backfill 0001", 2) == "0001 is no backfill"
    done = filled.run("backfill --batch 100 -v")
    assert done.returncode == 0, done
    assert done.stdout == "Applied 1 revision(s); now at 0002 (head)\n"
    assert [line.strip() for line in done.stderr.splitlines() if "batch" in line] == \
        ["batch 1, up to 100", "batch 2, up to 200", "batch 3, up to 250"]
    assert filled.sql("SELECT count(*) FROM people WHERE name = 'filled'") == "250"
    assert filled.sql("SELECT count(*) FROM schema_version_backfill") == "0"
    assert filled.expect("backfill") == "Already at 0002 (head)\n"


def test_an_interrupted_backfill_goes_on_behind_its_last_batch(filled):
    filled.sql("CREATE TABLE stop (i integer)")
    path = filled.revisions.path / "202601021000_0002.sql"
    path.write_text(path.read_text().replace("-- migrate:down", "INSERT INTO stop SELECT 1;\n-- migrate:down"))
    process = filled.start("backfill --batch 10 --pause 200")
    time.sleep(1.5)
    process.kill()
    process.communicate()
    done = int(filled.sql("SELECT count(*) FROM people WHERE name = 'filled'"))
    batches = int(filled.sql("SELECT count(*) FROM stop"))
    assert 0 < done < 250 and done == 10 * batches
    assert f"0002 (partial, {batches} batch(s) done)" in filled.expect("current")
    filled.sql("UPDATE people SET name = 'kept' WHERE id <= " + str(done))
    filled.expect("backfill")
    assert filled.sql("SELECT count(*) FROM people WHERE name = 'kept'") == str(done)
    assert filled.sql("SELECT count(*) FROM people WHERE name = 'filled'") == str(250 - done)


def test_a_backfill_that_cannot_go_in_batches_is_no_revision(site):
    site.revisions.add("0001", "", TABLE, "SELECT 1;", phase="backfill")
    assert "a backfill has a SELECT that finds the last key of a batch" in site.fails("heads", 5)


def test_a_backfill_that_does_not_move_is_ended(new_site):
    site = new_site("sqlite")
    site.revisions.add("0001", "", "CREATE TABLE blobs (id blob PRIMARY KEY);")
    site.revisions.add("0002", "0001", "SELECT max(id) FROM (SELECT id FROM blobs WHERE $1 IS NULL OR id > $1 ORDER BY id LIMIT "
                       "CAST($2 AS bigint)) AS batch;\nUPDATE blobs SET id = id WHERE id <= $2;", phase="backfill")
    site.expect("upgrade 0001")
    site.sql("INSERT INTO blobs VALUES (X'61'), (X'62')")
    assert "the query finds the key b again" in site.fails("backfill", 1)


def test_a_script_ends_before_rows_that_need_filling(filled, new_site):
    script = filled.expect("upgrade 0001:0002 --sql")
    done = filled.run_script(script)
    assert done.returncode != 0 and "run auth migrate backfill: 0002 has rows to fill" in done.stderr, done
    empty = new_site(filled.engine)
    assert filled.expect("upgrade 0001", SQL_URI=empty.uri)
    done = empty.run_script(script)
    assert done.returncode == 0, done
    assert empty.applied() == ["0001", "0002"]


# --- verify and wait ---


def test_verify_finds_what_an_interruption_left(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", TABLE)
    site.revisions.add("0002", "0001", ("CREATE UNIQUE INDEX CONCURRENTLY people_name ON people (name);", "SELECT 1;"),
                       transaction="off")
    site.expect("upgrade 0001")
    site.sql("INSERT INTO people VALUES (1, 'a'), (2, 'a')")
    site.fails("upgrade", 1)
    done = site.run("verify")
    assert done.returncode == 3
    assert "problem: half applied: 0002\n" in done.stdout and "problem: invalid index people_name\n" in done.stdout
    site.sql("DELETE FROM people WHERE id = 2")
    site.expect("upgrade")
    assert site.expect("verify") == "Verified 2 applied revision(s); now at 0002\n"


def test_wait_ends_when_the_database_is_at_head(chain):
    assert chain.fails("wait --timeout 1", 3).startswith("it is at <base>, 3 revision(s) behind 0003")
    waiting = chain.start("wait --timeout 30")
    time.sleep(0.5)
    assert waiting.poll() is None
    chain.expect("upgrade")
    out, _ = waiting.communicate(timeout=10)
    assert (waiting.returncode, out) == (0, "Ready at 0003 (head)\n")


def test_numbers_out_of_range_are_refused(chain):
    assert chain.fails("wait --timeout soon", 2) == "'soon' is no number from 0 to 86400"
    assert chain.fails("backfill --batch -1", 2).startswith("'-1' is no number")


# --- help and terminals ---

COMMANDS = "upgrade downgrade current history heads branches show stamp merge verify wait backfill".split()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(new_site, command):
    site = new_site("sqlite")
    text = site.expect(f"{command} --help", directory=False)
    assert text.startswith(f"Usage: auth migrate {command}")
    assert f"\nExample: auth migrate {command}" in text


def test_an_unknown_command_is_exit_2(new_site):
    site = new_site("sqlite")
    done = site.run("sideways")
    assert done.returncode == 2 and "there is no command 'sideways'" in done.stderr


def on_a_terminal(site, words, keys=b"", until=None):
    """What a person sees."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(site.command(words), env=site.environment(), cwd=site.home, stdin=follower,
                               stdout=follower, stderr=follower)
    os.close(follower)
    if keys:
        os.write(leader, keys)
    seen = b""
    while True:
        ready, _, _ = select.select([leader], [], [], 30)
        try:
            chunk = os.read(leader, 4096) if ready else b""
        except OSError:
            chunk = b""
        if not chunk:
            break
        seen += chunk
        if until:
            until(seen, process)
    os.close(leader)
    return process.wait(30), seen.decode()


def interrupt_at_the_question():
    """Sends SIGTERM once the question stands there."""
    is_sent = []

    def look(seen, process):
        if b"Go on?" in seen and not is_sent:
            is_sent.append(True)
            process.terminate()
    return look


def test_a_person_is_asked_before_rows_are_lost(chain):
    chain.expect("upgrade")
    status, seen = on_a_terminal(chain, "downgrade base", b"n\n")
    assert status == 2 and "Rows are lost. Go on? [y/N]" in seen
    assert chain.applied() == ["0001", "0002", "0003"]
    status, seen = on_a_terminal(chain, "downgrade base", until=interrupt_at_the_question())
    assert status == 143 and "told to stop" in seen
    assert chain.applied() == ["0001", "0002", "0003"]
    status, seen = on_a_terminal(chain, "downgrade base", b"y\n")
    assert status == 0 and "now at <base>" in seen, seen


def test_a_terminal_shows_the_time_of_a_long_step_and_of_waiting(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", ("SELECT pg_sleep(4.5);", "SELECT 1;"))
    first = site.start("upgrade")
    time.sleep(0.5)
    status, seen = on_a_terminal(site, "upgrade")
    first.communicate()
    assert status == 0
    assert re.search(r"Waiting for the migration lock: backend \d+ \(auth-migrate\) since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, "
                     r"00:00:0\d, running: SELECT pg_sleep", seen.replace("\r\n", "")), seen
    assert re.search(r"running: .* [23] s", seen), seen
    site.expect("stamp base")
    status, seen = on_a_terminal(site, "upgrade")
    assert status == 0
    assert re.search(r"Running upgrade  -> 0001, step 0001 \.\.\. 3 s", seen), seen
    assert re.search(r"Running upgrade  -> 0001, step 0001 \.\.\. done \(4\d\d\d ms\)", seen), seen


def test_no_secret_is_printed(postgres_site):
    site = postgres_site
    site.revisions.add("0001", "", TABLE)
    for words in ("upgrade -v", "current -v", "history -v", "verify"):
        done = site.run(words)
        assert site.postgres.PASSWORD not in done.stdout + done.stderr
    wrong = site.uri.replace(site.postgres.PASSWORD, "wrong-password-of-a-test")
    done = site.run("upgrade", SQL_URI=wrong)
    assert done.returncode == 7 and "wrong-password" not in done.stdout + done.stderr
