# SPDX-License-Identifier: MIT
"""Throw-away servers for the measurements: PostgreSQL, Redis, the service, and the bare HTTP loop beside it."""
import base64
import contextlib
import glob
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

from authtest.ports import free_port  # noqa: E402

START_SECONDS_MAX = 30
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
DATABASE = "bench"
SECRET_KEY = base64.b64encode(secrets.token_bytes(32)).decode()  # of all services that share the database


def cpu_seconds(pid):
    """User and system time of a process with all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def memory_mib(pid, field):
    """VmRSS: resident now; RssAnon: what of it is not the pages of files; VmHWM: the most it has been."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(field)


def stop(process, with_signal=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(START_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(is_up, process, what, pause_seconds=0.02):
    until = time.monotonic() + START_SECONDS_MAX
    while not is_up():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode} before it was up")
        if time.monotonic() > until:
            raise RuntimeError(f"{what} is not up after {START_SECONDS_MAX} s")
        time.sleep(pause_seconds)


@contextlib.contextmanager
def on_core(pid, core):
    """Keeps the first thread of a process, which runs its loop, on one core: a loop that is moved about, or shares
    a core with its client, pays for that and not for its answers."""
    cores = os.sched_getaffinity(pid)
    os.sched_setaffinity(pid, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(pid, cores)


class Postgres:
    """Durable as installed (fsync and synchronous commits are on); without autovacuum, whose queries are not ours."""

    def __init__(self, folder):
        self.folder = folder / "postgres"
        self.folder.mkdir()
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        self.programs = pathlib.Path(folders[-1] if folders else "/usr/bin")
        self.as_user = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, "postgres")
            self.as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self.log = self.folder / "log"
        self.process = None

    @property
    def uri(self):
        return self.uri_of(DATABASE)

    def uri_of(self, database):
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @property
    def connection(self):
        return ["-h", str(self.folder), "-U", "postgres"]

    def start(self):
        data = self.folder / "data"
        subprocess.run([self.programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C"], check=True, cwd="/", stdout=subprocess.DEVNULL, **self.as_user)
        options = {"listen_addresses": "", "autovacuum": "off", "log_line_prefix": "db=%d "}
        command = [self.programs / "postgres", "-D", data, "-k", self.folder]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            **self.as_user)
        wait_until(lambda: (self.folder / ".s.PGSQL.5432").exists() and self.answers(), self.process, "PostgreSQL")
        self.ask(f"CREATE DATABASE {DATABASE}", "postgres")

    def answers(self):
        ready = subprocess.run([self.programs / "pg_isready", *self.connection], stdout=subprocess.DEVNULL, check=False)
        return ready.returncode == 0

    def ask(self, sql, database=DATABASE):
        done = subprocess.run([self.programs / "psql", *self.connection, "-d", database, "-XAtq", "-c", sql],
                              check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def log_statements(self):
        """From now on; a session takes the new setting before its next statement."""
        self.ask("ALTER SYSTEM SET log_statement = 'all'", "postgres")
        self.ask("SELECT pg_reload_conf()", "postgres")

    def statements(self):
        """What the log has of the service's database."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if line.startswith(f"db={DATABASE} LOG:") and
                ("statement: " in line or "execute " in line)]

    def stop(self):
        stop(self.process, signal.SIGINT)  # ends sessions that are open


class Redis:
    def __init__(self, folder):
        self.socket = folder / "redis.sock"
        self.process = None

    @property
    def url(self):
        return f"unix://{self.socket}"

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no"],
            cwd=self.socket.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.socket.exists, self.process, "Redis")

    def stop(self):
        stop(self.process)


class Service:
    """`auth serve` with its log, at the default level, in a file."""

    def __init__(self, binary, folder, name, **settings):
        self.binary = binary
        self.folder = folder / name
        self.folder.mkdir()
        self.port, self.operations_port = free_port(), free_port()
        self.process = None
        self.environment = {
            "PATH": os.environ["PATH"],
            "SQL_URI": f"sqlite:///{self.folder}/auth.db",
            "AUTH_DATA_DIR": str(self.folder),
            "AUTH_LISTEN": f"127.0.0.1:{self.port}",
            "AUTH_OPS_LISTEN": f"127.0.0.1:{self.operations_port}",
            "AUTH_SECRET_KEY": SECRET_KEY,
            "AUTH_RATE_LIMITS": "off",
            "AUTH_LOOPS": "1",
            "AUTH_ACCESS_TOKEN_SECONDS": "86400",
            **settings,
        }

    def command(self, *words):
        done = subprocess.run([self.binary, *words], env=self.environment, cwd=self.folder, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def spawn(self):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=self.environment, cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)

    def start(self):
        """Seconds from exec to the first good answer of /readyz."""
        began = time.monotonic()
        self.spawn()
        try:
            wait_until(self.is_ready, self.process, "auth", 0.001)
        except RuntimeError as error:
            raise RuntimeError(f"{error}: {(self.folder / 'log').read_text(errors='replace')[-2000:]}") from error
        return time.monotonic() - began

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.operations_port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def post(self, path, values):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(values), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path} answered {answer.status}: {body.decode(errors='replace')}")
        return json.loads(body or b"{}")

    def stop(self):
        stop(self.process)


class Bare:
    """libmicrohttpd alone, answering `body_bytes`."""

    def __init__(self, program, body_bytes):
        self.port = free_port()
        self.process = subprocess.Popen([program, str(self.port), str(body_bytes)], stdin=subprocess.DEVNULL)
        wait_until(self.is_up, self.process, "bench_http")

    def is_up(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        stop(self.process)
