# SPDX-License-Identifier: MIT
"""Runs the console sessions of the guides as they are written and compares what is printed.

A block ```console holds commands after "$ " and what they print. Values that differ from run to run (ids, tokens,
times) are compared by their form. UPDATE_DOCS=1 writes what was printed into the guide.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

from authtest.ports import free_port  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("AUTH_BINARY", ROOT / "build" / "auth"))
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SERVE = re.compile(r"^((?:[A-Z0-9_]+=\S+ )+)build/auth serve 2>&1 \| tee serve\.log$", re.M)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
MARK = "@@ the command has ended @@"

FORMS = [
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<jwt>"),
    (re.compile(r"rt_[\w-]{75}"), "<refresh token>"),
    (re.compile(r"cs_[\w-]{49}"), "<client secret>"),
    (re.compile(r"auk_[\w-]{49}"), "<api key>"),
    (re.compile(r"dt_[\w-]{64}"), "<device token>"),
    (re.compile(r"(lk|iv)_[\w-]{49}"), "<link token>"),
    (re.compile(r"secret=[A-Z2-7]{32}"), "secret=<seed>"),
    (re.compile(r'auk_[\w-]{4}(?=")'), "<hint>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<time>"),
    (re.compile(r"\d{12}_(?=[0-9a-z_]+\.sql)"), "<minute>_"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<time>"),
    (re.compile(r"\(applied \d{4}-\d\d-\d\d \d\d:\d\d\)"), "(applied <time>)"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "<time>"),
    (re.compile(r"\b\d{8}\b"), "<code>"),
    (re.compile(r"\(\d+ ms\)"), "(<n> ms)"),
    # The guide is not wrong because a release has one revision more: what it shows of them has a form too.
    (re.compile(r"Applied \d+ revision\(s\); now at (?=[0-9a-f]{12}\b)"), "Applied <n> revision(s); now at "),
    (re.compile(r"\d+ event\(s\), up to \d+, are"), "<n> event(s), up to <n>, are"),
    (re.compile(r"Verified \d+ applied"), "Verified <n> applied"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<revision>"),
    (re.compile(r"urn:request:[0-9a-f]{32}"), "urn:request:<id>"),
]


def form_of(text):
    for pattern, name in FORMS:
        text = pattern.sub(name, text)
    return text.strip()


def wait_until_ready(port, process):
    for _ in range(200):
        assert process.poll() is None, "auth serve has ended"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1)
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("auth serve is not ready after 10 s")


def settings_of(text):
    """What the guide tells its reader to start the service with."""
    start = SERVE.search(text)
    return dict(word.split("=", 1) for word in start.group(1).split()) if start else {}


@pytest.fixture
def service(request, tmp_path):
    """The binary as `make run` or the guide itself starts it, its log in serve.log, on free ports, with the ports of
    the guides put back in what is shown."""
    port, operations = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AUTH_LISTEN": f"127.0.0.1:{port}",
        "AUTH_OPS_LISTEN": f"127.0.0.1:{operations}",
    }
    settings = settings_of(request.node.callspec.params["guide"].read_text())
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "auth").symlink_to(BINARY)
    if (ROOT / "migrations").exists():
        shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    with open(tmp_path / "serve.log", "wb") as log:
        process = subprocess.Popen([BINARY, "serve"], cwd=tmp_path, env=environment | settings, stderr=log, stdout=log)
    try:
        wait_until_ready(operations, process)
        yield tmp_path, environment, {"localhost:8080": f"127.0.0.1:{port}", "localhost:9090": f"127.0.0.1:{operations}"}
    finally:
        process.terminate()
        assert process.wait(timeout=40) == 0


def steps_of(block):
    """[(command, what the guide says it prints)]"""
    steps = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append([line[2:], []])
        else:
            steps[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in steps]


class Shell:
    """One bash for all blocks of a guide, so that its variables live on."""

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(
            ["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def run(self, command):
        self.process.stdin.write(f"{command}\necho '{MARK}'\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.endswith(MARK + "\n"):
                lines.append(line[: -len(MARK) - 1])
                break
            lines.append(line)
        return "".join(lines)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def replace_all(text, names):
    for name, value in names.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_commands_of_the_guide_print_what_it_says(guide, service):
    folder, environment, names = service
    back = {value: name for name, value in names.items()}
    shell = Shell(folder, environment)
    text = guide.read_text()
    differences = []

    def play(block):
        shown = []
        for command, expected in steps_of(block.group(1)):
            printed = replace_all(shell.run(replace_all(command, names)), back).rstrip("\n")
            if form_of(printed) != form_of(expected):
                differences.append(f"$ {command}\n--- the guide says\n{expected}\n--- it prints\n{printed}")
            kept = expected if form_of(printed) == form_of(expected) else printed
            shown.append(f"$ {command}" + (f"\n{kept}" if kept else ""))
        return "```console\n" + "\n".join(shown) + "\n```"

    updated = BLOCK.sub(play, text)
    shell.close()
    if os.environ.get("UPDATE_DOCS") and differences:
        guide.write_text(updated)
    assert not differences, "\n\n".join(differences)


def anchor_of(heading):
    """As GitHub names it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_links_between_the_documents_lead_somewhere():
    documents = {path.resolve(): path.read_text() for path in [*GUIDES, ROOT / "ARCHITECTURE.md"]}
    missing = []
    for path, text in documents.items():
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            headings = re.findall(r"^#+ (.*)$", documents.get(target, ""), re.M)
            if not target.exists() or (anchor and anchor not in map(anchor_of, headings)):
                missing.append(f"{path.name}: {link}")
    assert not missing, missing


def test_the_settings_of_the_readme_are_those_of_the_binary():
    reference = subprocess.run([BINARY, "config", "reference"], capture_output=True, text=True, check=True).stdout
    text = (ROOT / "README.md").read_text()
    begin, end = "<!-- settings: begin -->\n", "<!-- settings: end -->"
    before, rest = text.split(begin)
    inside, after = rest.split(end)
    if os.environ.get("UPDATE_DOCS") and inside != reference:
        (ROOT / "README.md").write_text(before + begin + reference + end + after)
    assert inside == reference, "README.md is behind; run the test once with UPDATE_DOCS=1"
