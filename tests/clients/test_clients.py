# SPDX-License-Identifier: MIT
"""Clients that nobody here wrote, oauth4webapi and jose, against the service: once for each algorithm of keys.

The tests proper are the *.test.mjs beside this file. Node runs them all in one go for each algorithm; every one of them
is a test of its own here.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree

import pytest
from authtest import checks
from authtest.planted import plant
from authtest.service import BINARY, Replica, Service

HERE = pathlib.Path(__file__).resolve().parent
ALGORITHMS = ("ES256", "EdDSA", "RS256")
SCRIPTS = sorted(HERE.glob("*.test.mjs"))
EMAIL, PASSWORD = "ada@example.org", plant("correct horse battery staple")
SECONDS_MAX = 120
# Two names that a loop makes of one line.
LOOPS = {"client credentials in ${name} give a token without a refresh token":
         ["client credentials in Basic give a token without a refresh token",
          "client credentials in the body give a token without a refresh token"]}


def names_of_tests():
    names = []
    for script in SCRIPTS:
        for name in re.findall(r"^\s*test\(['`](.+?)['`],", script.read_text(encoding="utf-8"), re.MULTILINE):
            names += LOOPS.get(name, [name])
    assert len(names) == len(set(names)), "two tests have one name"
    return names


NAMES = names_of_tests()


@pytest.fixture(scope="module", name="folder")
def fixture_folder():
    path = tempfile.mkdtemp(prefix="clients-")
    yield path
    problems = checks.problems_of_logs()
    shutil.rmtree(path, ignore_errors=True)
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module", name="packages")
def fixture_packages(folder):
    """A copy of the tests with the packages beside them, as package-lock.json has them."""
    path = pathlib.Path(folder, "node")
    path.mkdir()
    for source in [*SCRIPTS, *(HERE / name for name in ("service.mjs", "package.json", "package-lock.json", ".npmrc"))]:
        shutil.copy(source, path)
    done = subprocess.run(["npm", "ci", "--prefer-offline"], cwd=path, check=False, timeout=SECONDS_MAX,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"npm could not install the clients:\n{done.stderr}"
    return path


def node_options():
    """Node 18 keeps Web Cryptography behind a flag; later ones do not."""
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    return ["--experimental-global-webcrypto"] if int(version.lstrip("v").split(".")[0]) < 20 else []


def describe(replica, service, algorithm):
    """What service.mjs wants to know."""
    reporter, secret = service.new_oauth_client("reporter", "--grants", "client_credentials",
                                                "--scopes", "report:read report:write")
    return {"issuer": replica.settings["AUTH_ISSUER"], "audience": replica.settings["AUTH_ISSUER"], "algorithm": algorithm,
            "email": EMAIL, "password": PASSWORD, "commandLine": [BINARY], "commandEnvironment": replica.environment(),
            "folder": replica.folder, "firstPartyClientId": "auth",
            "reporter": {"client_id": reporter, "client_secret": secret},
            "publicClientId": service.new_oauth_client("pocket", "--public")[0]}


def start_service(folder, algorithm):
    name = f"auth-{algorithm.lower()}"
    replica = Replica(folder, name, {"SQL_URI": f"sqlite:///{folder}/{name}.db", "AUTH_SIGNING_ALGORITHM": algorithm})
    # The issuer is where the clients look for everything.
    replica.settings["AUTH_ISSUER"] = f"http://127.0.0.1:{replica.address[1]}"
    replica.process.environment = replica.environment()
    return replica, Service(name, [replica]).start()


def outcomes_of(report):
    """By the name of the test: nothing, or what went wrong."""
    outcomes = {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        failed = [*case.iter("failure"), *case.iter("error"), *case.iter("skipped")]
        outcomes[case.get("name")] = "\n".join(node.get("message", "") + (node.text or "") for node in failed)
    return outcomes


@pytest.fixture(scope="module", name="outcomes", params=ALGORITHMS)
def fixture_outcomes(request, folder, packages):
    replica, service = start_service(folder, request.param)
    try:
        assert service.client().post("/v1/signup", {"email": EMAIL, "password": PASSWORD}).status in (201, 202)
        report = packages / f"{request.param}.xml"
        environment = {**os.environ, "AUTH_UNDER_TEST": json.dumps(describe(replica, service, request.param))}
        done = subprocess.run(["node", *node_options(), "--test", "--test-reporter=junit",
                               f"--test-reporter-destination={report}", *(script.name for script in SCRIPTS)],
                              cwd=packages, env=environment, check=False, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        outcomes = outcomes_of(report)
        assert done.returncode == 0 or any(outcomes.values()), done.stdout + done.stderr
        yield outcomes
    finally:
        service.stop()


@pytest.mark.parametrize("name", NAMES)
def test_client(outcomes, name):
    assert name in outcomes, f"Node did not run it; it ran {sorted(outcomes)}"
    assert not outcomes[name], outcomes[name]


def test_every_test_of_node_is_counted(outcomes):
    assert sorted(outcomes) == sorted(NAMES)
