# SPDX-License-Identifier: MIT
"""The commands an operator gives: exec, run, stop, start, scale, down."""

import re
import time

import pytest
from stack import EMAIL, Traffic, until


def test_current_and_history_by_exec(stack):
    assert re.search(r"^[0-9a-f]{12} \(head\)$", stack.execute("auth", "auth", "migrate", "current").stdout.strip())
    assert "(head)" in stack.execute("auth", "bash", "-c", "auth migrate history").stdout


def test_a_revision_is_written_into_the_project_and_up_and_down_work_from_the_shell_inside(stack):
    owner = (stack.folder / "migrations").stat()
    # As `make shell` does it.
    as_owner = ("--user", f"{owner.st_uid}:{owner.st_gid}", "--env", "AUTH_SECRET_KEY_FILE=")
    before = set((stack.folder / "migrations").iterdir())
    stack.execute("auth", "bash", "-c", 'auth migrate revision -m "add a note"', options=as_owner)
    made = set((stack.folder / "migrations").iterdir()) - before
    assert len(made) == 1 and "add_a_note" in made.pop().name
    # The binary carries its own; `--dir` names the folder, with the new one in it.
    assert "Already at" in stack.execute("auth", "bash", "-c", "auth migrate upgrade head").stdout
    assert "Applied 1" in stack.execute("auth", "bash", "-c", "auth migrate upgrade head --dir migrations").stdout
    undone = stack.execute("auth", "bash", "-c", "auth migrate downgrade -1 --dir migrations --yes", check=False)
    assert undone.returncode == 0, undone.stderr


@pytest.mark.parametrize("command, revision, expected", [("current", "", "(head)"), ("upgrade", "head", "Already at")])
def test_a_one_shot_migration_command(stack, command, revision, expected):
    done = stack.compose("run", "--rm", "migrations", COMMAND=command, REVISION=revision)
    assert expected in done.stdout + done.stderr


@pytest.mark.parametrize(
    "environment, named",
    [
        ({}, ["COMMAND"]),
        ({"COMMAND": "downgrade"}, ["REVISION"]),
        ({"COMMAND": "drop"}, ["COMMAND"]),
        ({"COMMAND": "upgrade", "DATABASE_MIGRATION_PASSWORD": ""}, ["REVISION", "POSTGRES_PASSWORD"]),
    ],
)
def test_a_one_shot_command_that_misses_something_names_all_of_it(stack, environment, named):
    done = stack.compose("run", "--rm", "--no-deps", "migrations", check=False, **environment)
    assert done.returncode == 2
    for name in named:
        assert name in done.stdout + done.stderr
    assert "nothing was started" in done.stdout + done.stderr


def test_containers_run_without_privileges_on_a_root_that_cannot_be_written(stack):
    assert "uid=10001(auth)" in stack.execute("auth", "id").stdout
    assert stack.execute("webserver", "id", "-u").stdout.strip() == "101"
    for service in ("auth", "webserver"):
        assert stack.execute(service, "touch", "/file", check=False).returncode != 0
        assert "CapEff:\t0000000000000000" in stack.execute(service, "cat", "/proc/self/status").stdout
        assert "NoNewPrivs:\t1" in stack.execute(service, "cat", "/proc/self/status").stdout
    for tool in ("apt-get", "gcc", "dpkg"):
        assert stack.execute("auth", "which", tool, check=False).returncode != 0


def test_the_webserver_alone_is_published(stack):
    lines = stack.compose("ps").stdout.splitlines()
    published = [line for line in lines if "->" in line]
    assert len(published) == 1 and "webserver" in published[0]


def test_the_serving_role_cannot_change_the_schema(stack):
    query = 'PGPASSWORD=development-auth psql -h 127.0.0.1 -U auth -d auth -c "$0"'
    refused = stack.execute("database", "bash", "-c", query, "DROP TABLE accounts", check=False)
    assert refused.returncode != 0 and "must be owner" in refused.stderr
    refused = stack.execute("database", "bash", "-c", query, "CREATE TABLE x (y int)", check=False)
    assert refused.returncode != 0 and "permission denied" in refused.stderr
    assert stack.execute("database", "bash", "-c", query, "SELECT 1").returncode == 0


def test_redis_keeps_nothing_and_is_bounded(stack):
    said = stack.execute("redis", "redis-cli", "config", "get", "maxmemory*").stdout
    assert "67108864" in said and "allkeys-lru" in said
    assert stack.execute("redis", "redis-cli", "config", "get", "save").stdout.split() in (["save"], ["save", '""'])


def test_without_redis_only_speed_is_lost(stack, session):
    with Traffic(lambda: stack.request("GET", "/v1/authz", token=session["access_token"])) as traffic:
        stack.compose("stop", "redis")
        assert stack.log_in().status == 200
        time.sleep(1)
        stack.compose("start", "redis")
        time.sleep(1)
    assert len(traffic.statuses) > 10 and set(traffic.statuses) == {200}


def test_without_the_database_requests_are_told_to_come_back_and_nothing_is_lost(stack, session, note):
    with Traffic(lambda: stack.request("GET", "/v1/me", token=session["access_token"]), 0.2) as traffic:
        stack.compose("stop", "database")
        login = until(lambda: (a := stack.log_in()).status != 200 and a, 20, "a refused login")
        assert login.status == 503 and login.header("Retry-After")
        assert stack.request("GET", "/.well-known/jwks.json").status == 200
        stack.compose("start", "database")
        begun = time.monotonic()
        until(lambda: stack.log_in().status == 200, 30, "a login after the database came back")
        note(f"a login succeeds {time.monotonic() - begun:.1f} s after the database was started again")
    # 429 is the limiter's; no other refusal than 503 and no other error.
    assert set(traffic.statuses) <= {200, 503, 429}
    assert stack.request("GET", "/v1/authz", token=session["access_token"]).status == 200


def test_a_session_that_is_ended_through_one_replica_is_refused_by_all(stack, note):
    stack.up("--scale", "auth=3")
    until(lambda: stack.compose("ps").stdout.count("(healthy)") >= 5, 60, "three healthy replicas")
    time.sleep(2)  # until nginx has looked the name up again
    token = stack.log_in().json()["access_token"]
    assert {stack.request("GET", "/v1/authz", token=token).status for _ in range(30)} == {200}
    assert stack.patiently("POST", "/v1/logout", body={"scope": "this"}, token=token).status == 204
    assert {stack.request("GET", "/v1/authz", token=token).status for _ in range(60)} == {401}
    tail = stack.logs("webserver").splitlines()[-90:]
    replicas = set(re.findall(r'"upstream":"([\d.]+:8080)"', "\n".join(tail)))
    assert len(replicas) == 3
    note("a session ended through one of three replicas: refused by all three, 60 of 60 requests")


def test_replicas_that_restart_one_after_the_other_lose_no_request(stack, session, note):
    """Stands on the three replicas of the test before."""
    with Traffic(lambda: stack.request("GET", "/v1/authz", token=session["access_token"]), 0.02) as traffic:
        for index in ("1", "2", "3"):
            stack.execute("auth", "bash", "-c", "kill -TERM 1", options=("--index", index))
            time.sleep(1)
            until(lambda: stack.compose("ps").stdout.count("(healthy)") >= 5, 60, "three healthy replicas")
            time.sleep(2)  # until nginx has looked the name up again
    refused = [status for status in traffic.statuses if status != 200]
    note(f"three replicas restarted in turn under {len(traffic.statuses)} requests: {len(refused)} lost")
    assert stack.logs("auth").count("stopping: ") >= 3
    assert len(traffic.statuses) > 100 and refused == []
    stack.up("--scale", "auth=1")


def test_a_replica_that_is_replaced_is_found_at_its_new_address(stack):
    stack.compose("up", "-d", "--force-recreate", "--no-deps", "auth")
    until(lambda: stack.status_of("GET", "/v1/config") == 200, 30, "an answer of the new container")


def test_down_and_up_keeps_the_data_and_down_v_removes_it(stack, session):
    stack.compose("down")
    seconds = stack.up()
    assert seconds < 60
    assert stack.log_in().status == 200
    # The signing keys and the secret that seals them are kept as well: a token of before is still good.
    assert stack.patiently("GET", "/v1/me", token=session["access_token"]).json()["email"] == EMAIL
    stack.compose("down", "-v")
    stack.up()
    assert stack.log_in().status == 401
