# SPDX-License-Identifier: MIT
"""src/entrypoint_migrations.sh: the one-shot container, by its environment alone."""
import os
import subprocess

import pytest
from authtest.migrations import ROOT
from authtest.service import BINARY

SCRIPT = ROOT / "src" / "entrypoint_migrations.sh"


@pytest.fixture(name="job")
def fixture_job(postgres_site, tmp_path):
    """job(NAME=value, …) runs it with these and with what reaches the database; NAME=None takes one away."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "auth").symlink_to(BINARY)
    postgres = postgres_site.postgres
    full = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(postgres.port), "POSTGRES_DB": postgres_site.name,
            "POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": postgres.PASSWORD}

    def run(*arguments, **environment):
        kept = {name: value for name, value in postgres_site.environment().items() if name != "SQL_URI"}
        kept["PATH"] = f"{tmp_path}/bin:{os.environ['PATH']}"
        given = {name: value for name, value in {**full, **environment}.items() if value is not None}
        done = subprocess.run(["bash", str(SCRIPT), *arguments], env={**kept, **given}, cwd=tmp_path, capture_output=True,
                              text=True, check=False, timeout=60)
        assert postgres.PASSWORD not in done.stdout + done.stderr
        return done
    return run


MISSING = [
    ({}, ["COMMAND"]),
    ({"COMMAND": "upgrade"}, ["REVISION"]),
    ({"COMMAND": "downgrade"}, ["REVISION"]),
    ({"COMMAND": "current", "POSTGRES_HOST": None}, ["POSTGRES_HOST"]),
    ({"COMMAND": "history", "POSTGRES_PASSWORD": None}, ["POSTGRES_PASSWORD"]),
    ({"COMMAND": "history", "POSTGRES_DB": None, "POSTGRES_USER": None}, ["POSTGRES_DB", "POSTGRES_USER"]),
    ({"COMMAND": "upgrade", "POSTGRES_HOST": None, "POSTGRES_PASSWORD": None},
     ["REVISION", "POSTGRES_HOST", "POSTGRES_PASSWORD"]),
    ({"COMMAND": "", "REVISION": "", "POSTGRES_HOST": "", "POSTGRES_PASSWORD": ""},
     ["COMMAND", "POSTGRES_HOST", "POSTGRES_PASSWORD"]),
]


@pytest.mark.parametrize("environment, names", MISSING)
def test_all_that_is_missing_is_named_and_nothing_starts(job, environment, names):
    done = job(**environment)
    assert done.returncode == 2 and done.stdout == ""
    for name in names:
        assert f"missing {name}" in done.stderr, done.stderr


@pytest.mark.parametrize("command", ["stamp", "heads", "sideways", "upgrade head", "UPGRADE"])
def test_other_commands_are_refused(job, command):
    done = job(COMMAND=command, REVISION="head")
    assert done.returncode == 2 and "COMMAND" in done.stderr and "upgrade" in done.stderr


def test_a_secret_file_that_cannot_be_read_is_named(job):
    done = job(COMMAND="current", POSTGRES_PASSWORD=None, POSTGRES_PASSWORD_FILE="/nonexistent/password")
    assert done.returncode == 2 and "POSTGRES_PASSWORD_FILE" in done.stderr


def test_up_down_current_and_history(job, tmp_path):
    (tmp_path / "host").write_text("127.0.0.1\n", encoding="ascii")
    done = job(COMMAND="upgrade", REVISION="head", POSTGRES_HOST=None, POSTGRES_HOST_FILE=str(tmp_path / "host"))
    assert done.returncode == 0 and done.stdout.startswith("Applied "), done
    assert job(COMMAND="upgrade", REVISION="head").stdout.startswith("Already at ")
    assert job(COMMAND="current").stdout.endswith("(head)\n")
    assert "<base> -> " in job(COMMAND="history").stdout
    refused = job(COMMAND="downgrade", REVISION="base")
    assert refused.returncode == 2 and "ALLOW_DATA_LOSS=1" in refused.stderr, refused
    assert job(COMMAND="downgrade", REVISION="base", ALLOW_DATA_LOSS="1").stdout.endswith("now at <base>\n")


def test_sql_uri_serves_instead_of_the_parts(job, postgres_site):
    done = job(COMMAND="upgrade", REVISION="head", SQL_URI=postgres_site.uri, POSTGRES_HOST=None, POSTGRES_PORT=None,
               POSTGRES_DB=None, POSTGRES_USER=None, POSTGRES_PASSWORD=None)
    assert done.returncode == 0 and done.stdout.startswith("Applied "), done


def test_exit_codes_are_the_commands(job):
    assert job(COMMAND="upgrade", REVISION="zzzz").returncode == 2
    assert job(COMMAND="current", POSTGRES_PASSWORD="wrong-for-the-test").returncode == 7
    assert job("--check-heads", COMMAND="current").returncode == 3
