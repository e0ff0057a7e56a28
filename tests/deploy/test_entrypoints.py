# SPDX-License-Identifier: MIT
"""The entry points of the image, with a stand-in for the binary that says how it was called."""

import base64
import concurrent.futures
import pathlib
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETE = {"COMMAND": "upgrade", "REVISION": "head", "POSTGRES_HOST": "db", "POSTGRES_DB": "auth", "POSTGRES_USER": "m",
            "POSTGRES_PASSWORD": "x"}
PARTS = {"POSTGRES_HOST", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"}


@pytest.fixture
def run(tmp_path):
    stand_in = tmp_path / "auth"
    stand_in.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\nexit "${STATUS:-0}"\n')
    stand_in.chmod(0o755)

    def run_it(script, *arguments, **environment):
        return subprocess.run(
            [ROOT / "src" / script, *arguments], capture_output=True, text=True,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", **environment},
        )

    return run_it


@pytest.mark.parametrize(
    "given, named",
    [
        ({}, {"COMMAND", *PARTS}),
        ({"COMMAND": "upgrade"}, {"REVISION", *PARTS}),
        ({**COMPLETE, "POSTGRES_DB": "", "POSTGRES_USER": ""}, {"POSTGRES_DB", "POSTGRES_USER"}),
        ({"COMMAND": "downgrade", "SQL_URI": "postgresql://db/auth"}, {"REVISION"}),
        ({**COMPLETE, "POSTGRES_HOST": ""}, {"POSTGRES_HOST"}),
        ({**COMPLETE, "POSTGRES_PASSWORD": ""}, {"POSTGRES_PASSWORD"}),
        ({**COMPLETE, "COMMAND": "stamp"}, {"COMMAND"}),
        ({**COMPLETE, "COMMAND": "upgrade; reboot"}, {"COMMAND"}),
        ({**COMPLETE, "POSTGRES_PASSWORD": "", "POSTGRES_PASSWORD_FILE": "/nowhere"}, {"POSTGRES_PASSWORD_FILE"}),
    ],
)
def test_what_is_missing_or_wrong_is_all_named_and_nothing_starts(run, given, named):
    done = run("entrypoint_migrations.sh", **given)
    assert (done.returncode, done.stdout) == (2, "")
    said = {line.split(":")[1].strip().split(" ")[-1] for line in done.stderr.splitlines()[:-1]}
    assert said == named
    assert done.stderr.endswith("nothing was started\n")


@pytest.mark.parametrize(
    "given, called",
    [
        (COMPLETE, ["migrate", "upgrade", "head"]),
        ({**COMPLETE, "COMMAND": "downgrade", "REVISION": "-1"}, ["migrate", "downgrade", "-1"]),
        ({**COMPLETE, "COMMAND": "current", "REVISION": ""}, ["migrate", "current"]),
        ({**COMPLETE, "COMMAND": "history"}, ["migrate", "history"]),
        ({"COMMAND": "current", "SQL_URI": "sqlite:///x"}, ["migrate", "current"]),
        ({"COMMAND": "current", "SQL_URI_FILE": "/etc/hostname"}, ["migrate", "current"]),
    ],
)
def test_the_command_is_called_with_its_revision(run, given, called):
    done = run("entrypoint_migrations.sh", **given)
    assert (done.returncode, done.stdout.splitlines()) == (0, [*called, "--wait", "60"])


def test_the_password_can_be_a_file(run, tmp_path):
    (tmp_path / "password").write_text("x")
    given = {**COMPLETE, "POSTGRES_PASSWORD": "", "POSTGRES_PASSWORD_FILE": str(tmp_path / "password")}
    assert run("entrypoint_migrations.sh", **given).returncode == 0


@pytest.mark.parametrize("status", [1, 4, 6, 7])
def test_the_exit_status_is_that_of_the_command(run, status):
    assert run("entrypoint_migrations.sh", STATUS=str(status), **COMPLETE).returncode == status


def test_further_arguments_are_passed_on(run):
    assert run("entrypoint_migrations.sh", "--json", **COMPLETE).stdout.splitlines()[-1] == "--json"
    assert run("entrypoint_api.sh", "--set", "LOG_LEVEL=debug").stdout.splitlines() == [
        "serve", "--set", "LOG_LEVEL=debug"]


def test_the_secret_is_made_only_when_asked_for(run, tmp_path):
    file = tmp_path / "secret_key"
    assert run("entrypoint_api.sh", AUTH_SECRET_KEY_FILE=str(file)).returncode == 0
    assert not file.exists()


def test_the_secret_is_made_once_by_replicas_that_start_together(run, tmp_path):
    file = tmp_path / "shared" / "secret_key"
    file.parent.mkdir()

    def start(_):
        done = run("entrypoint_api.sh", AUTH_SECRET_KEY_FILE=str(file), ENTRYPOINT_MAKES_SECRET_KEY="on")
        assert done.returncode == 0, done.stderr
        return file.read_text()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(start, range(16)))
    assert len(seen) == 1
    assert len(base64.b64decode(seen.pop())) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret_key"]
    assert file.read_text().strip() not in run("entrypoint_api.sh", AUTH_SECRET_KEY_FILE=str(file)).stderr


def test_a_secret_that_is_given_is_left_alone(run, tmp_path):
    file = tmp_path / "secret_key"
    run("entrypoint_api.sh", AUTH_SECRET_KEY="x", AUTH_SECRET_KEY_FILE=str(file), ENTRYPOINT_MAKES_SECRET_KEY="on")
    assert not file.exists()
