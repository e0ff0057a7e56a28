# SPDX-License-Identifier: MIT
"""Imports that are killed, what the next run makes of it, and how far one has come as a terminal shows it."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import time

import pytest
from authtest.process import wait_until
from authtest.service import Replica, new_secret_key
from moving import COUNTER, attempt, exported, lines, new_email, write

COUNT = 8_000
CHANGED = 250  # stored with the first batch, and far behind what can be seen at the beginning of a file
GOING_ON = re.compile(r"going on after record (\d+) \(--restart begins anew\)")
BAR = re.compile(rb"\r\x1b\[K\[([#.]{24})\] +(\d+) %  \d+ s left  (\d+) records, \d+/s")


@pytest.fixture(scope="module", name="replica", params=["sqlite", "postgres"])
def fixture_replica(request, folder):
    """A database of its own, on which nobody serves: so many people would make every other test slow."""
    settings = {}
    if request.param == "postgres":
        settings = {"SQL_URI": request.getfixturevalue("postgres").new_database("interrupted"),
                    "AUTH_SECRET_KEY": new_secret_key()}
    made = Replica(folder, "interrupted-" + request.param, settings)
    made.run("migrate", "upgrade")
    return made


def crowd(count=COUNT):
    batch = next(COUNTER)
    return [{"email": f"crowd{batch}.{number}@example.org"} for number in range(1, count + 1)]


def as_array(people):
    return json.dumps(people)


def as_csv(people):
    return "email,is_anonymous\n" + "".join(f"{someone['email']},f\n" for someone in people)


def as_copy(people):
    return "COPY auth.users (email, is_anonymous) FROM stdin;\n" + \
        "".join(f"{someone['email']}\tf\n" for someone in people) + "\\.\n"


def as_lines(people):
    return lines(*people)


def state_of(path):
    return pathlib.Path(path + ".import-state")


def kill_midway(replica, path, *options):
    """Stops it as soon as it has noted how far it was; the number of the last record it noted."""
    process = subprocess.Popen([replica.binary, "import", path, *options], env=replica.environment(), cwd=replica.folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: state_of(path).exists() or process.poll() is not None, 30, "the state of the import")
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was through before it could be killed"
    return json.loads(state_of(path).read_text())["number"]


def numbers_of(done):
    return sorted(json.loads(line)["number"] for line in done.stdout.splitlines())


def begins_anew(replica, path, count, *options):
    """Tells each record, and that what the killed run had stored is there."""
    done = attempt(replica, "import", path, "--json", *options)
    assert done.returncode == 0 and not GOING_ON.search(done.stderr), done.stderr
    assert numbers_of(done) == list(range(1, count + 1))
    assert not state_of(path).exists()
    return [json.loads(line)["verdict"] for line in done.stdout.splitlines()]


# --- a state that is not of this file: from the beginning ------------------------------------------------------------------

def test_another_file_of_the_same_name_begins_anew(replica, tmp_path):
    """It begins with the same people as the one that was killed, as a later export of the same system does."""
    people = crowd()
    path = write(tmp_path, lines(*people))
    stored = kill_midway(replica, path)
    late = {"email": new_email()}
    changed = people[:CHANGED] + [late] + people[CHANGED + 1:]
    pathlib.Path(path).write_text(lines(*changed), encoding="utf-8")
    assert stored > CHANGED
    begins_anew(replica, path, COUNT)
    assert late["email"] in exported(replica), "it stands where the killed run had been already"


def test_the_same_file_in_another_form_begins_anew(replica, tmp_path):
    path = write(tmp_path, lines(*crowd()))
    kill_midway(replica, path)
    begins_anew(replica, path, COUNT, "--from", "auth0")


@pytest.mark.parametrize("damage", ["", "{\"fingerprint\":\"", "{}", "[1]"])
def test_a_state_that_is_damaged_begins_anew(replica, tmp_path, damage):
    path = write(tmp_path, lines({"email": new_email()}, {"email": new_email()}))
    state_of(path).write_text(damage, encoding="utf-8")
    assert begins_anew(replica, path, 2) == ["created", "created"]


def test_a_dry_run_neither_goes_on_nor_forgets_where_it_was(replica, tmp_path):
    path = write(tmp_path, lines(*crowd()))
    stored = kill_midway(replica, path)
    done = attempt(replica, "import", path, "--json", "--dry-run")
    assert (done.returncode, GOING_ON.search(done.stderr)) == (0, None), done.stderr
    assert len(numbers_of(done)) == COUNT
    assert json.loads(state_of(path).read_text())["number"] == stored


def test_restart_begins_anew_and_stores_nothing_twice(replica, tmp_path):
    people = crowd()
    path = write(tmp_path, lines(*people))
    stored = kill_midway(replica, path)
    verdicts = begins_anew(replica, path, COUNT, "--restart")
    assert verdicts.count("unchanged") >= stored and set(verdicts) <= {"created", "unchanged"}
    known = [account["email"] for account in map(json.loads, replica.run("export").splitlines())]
    assert len(known) == len(set(known)) and {someone["email"] for someone in people} <= set(known)


# --- where it was ------------------------------------------------------------------------------------------------------------

FORMS = {"lines": (as_lines, []), "array": (as_array, []), "csv": (as_csv, ["--from", "gotrue"]),
         "copy": (as_copy, ["--from", "gotrue"])}


@pytest.mark.parametrize("form", FORMS)
def test_an_import_that_is_killed_goes_on_where_it_was(replica, tmp_path, form):
    printer, options = FORMS[form]
    people = crowd()
    path = write(tmp_path, printer(people))
    stored = kill_midway(replica, path, *options)
    assert 0 < stored < COUNT
    done = attempt(replica, "import", path, "--json", *options)
    assert done.returncode == 0, done.stderr
    assert GOING_ON.search(done.stderr) and int(GOING_ON.search(done.stderr).group(1)) == stored, done.stderr
    assert numbers_of(done) == list(range(stored + 1, COUNT + 1)), "it tells of what was left, and of all of it"
    assert f"{COUNT} record(s)" in done.stderr, "the sum is of both runs"
    assert not state_of(path).exists()
    assert {someone["email"] for someone in people} <= set(exported(replica))


def test_an_import_that_is_killed_again_and_again_stores_all_once(replica, tmp_path):
    people = [{"email": new_email(), "external_id": f"killed:{next(COUNTER)}"} for _ in range(3000)]
    path = write(tmp_path, lines(*people))
    kills = 0
    while kills < 20:
        process = subprocess.Popen([replica.binary, "import", path], env=replica.environment(), cwd=replica.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + kills * 0.05)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    assert attempt(replica, "import", path).returncode == 0
    known = exported(replica)
    assert all(someone["email"] in known for someone in people)
    assert sum(account.get("external_id", "").startswith("killed:") for account in known.values()) == 3000
    assert kills > 0


# --- how far it has come -----------------------------------------------------------------------------------------------------

def on_terminal(replica, *arguments, stdin=subprocess.DEVNULL):
    """(status, standard output, what a terminal got that is standard error)."""
    ours, theirs = pty.openpty()
    drawn = b""
    with open(os.path.join(replica.folder, "printed"), "w+b") as printed:
        with subprocess.Popen([replica.binary, *arguments], env=replica.environment(), cwd=replica.folder, stdin=stdin,
                              stdout=printed, stderr=theirs) as process:
            os.close(theirs)
            try:
                while piece := os.read(ours, 65536):
                    drawn += piece
            except OSError:  # the other end is closed
                pass
            os.close(ours)
        printed.seek(0)
        return process.returncode, printed.read(), drawn


def test_in_a_pipe_nothing_is_drawn(replica, tmp_path):
    done = attempt(replica, "import", write(tmp_path, lines(*crowd(2000))))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert re.fullmatch(r"2000 record\(s\): 2000 created, 0 updated, 0 unchanged, 0 refused; \d+/s\n", done.stdout)
    assert re.fullmatch(r"\d+ account\(s\)\n", attempt(replica, "export").stderr)


def test_a_terminal_shows_how_far_an_import_has_come(replica, tmp_path):
    people = crowd(10_000)
    text = lines(*people[:5000], {"email": "nobody"}, *people[5000:])
    status, printed, drawn = on_terminal(replica, "import", write(tmp_path, text))
    assert (status, printed.splitlines()[0][:17]) == (1, b"record 5001, nobo"), printed
    bars = BAR.findall(drawn)
    assert len(bars) > 1, drawn
    for cells, percent, _ in bars:
        assert cells == (b"#" * cells.count(b"#")).ljust(24, b"."), cells
        assert abs(cells.count(b"#") - int(percent) * 24 / 100) <= 1, (cells, percent)
    percents, counts = [int(percent) for _, percent, _ in bars], [int(count) for _, _, count in bars]
    assert percents == sorted(percents) and counts == sorted(counts) and 0 < percents[0] < percents[-1] <= 100
    assert counts[-1] <= 10_001 and b"\x1b" not in printed
    assert drawn.endswith(b"\r\x1b[K"), "the line is taken away at the end"
    assert not BAR.sub(b"", drawn).replace(b"\r\x1b[K", b""), drawn


def test_a_terminal_shows_counts_where_the_size_is_not_known(replica, tmp_path):
    text = lines(*crowd(3000)).encode()
    with subprocess.Popen(["cat", write(tmp_path, text)], stdout=subprocess.PIPE) as source:
        status, _, drawn = on_terminal(replica, "import", "-", stdin=source.stdout)
    assert status == 0
    assert re.match(rb"\r\x1b\[K\d+ records, \d+/s", drawn) and b"%" not in drawn and drawn.endswith(b"\r\x1b[K"), drawn
    status, printed, drawn = on_terminal(replica, "export")
    assert status == 0 and printed.count(b"\n") >= 3000
    assert re.match(rb"\r\x1b\[K\d+ accounts, \d+/s", drawn) and re.search(rb"\r\x1b\[K\d+ account\(s\)\r\n$", drawn), drawn
