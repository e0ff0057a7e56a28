# SPDX-License-Identifier: MIT
"""Throw-away PostgreSQL, Redis and nginx, each in a folder of its own, reached through Unix sockets or free ports."""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import string
import subprocess

from .planted import plant
from .ports import free_port
from .process import Process, wait_until

TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / "nginx"


def postgres_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed; run scripts/install-packages e2e")
    return found[-1]


def accepts(path):
    """Whether something listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


class Postgres:
    """initdb refuses to run as root: then the account `postgres` does it."""

    PASSWORD = "postgres-password-of-the-tests"

    def __init__(self, folder):
        self.folder = os.path.join(folder, "pg")
        self.programs = postgres_programs()
        self.port = free_port()
        self.user = "postgres" if os.getuid() == 0 else None
        os.makedirs(self.folder)
        if self.user:
            shutil.chown(self.folder, self.user, pwd.getpwnam(self.user).pw_gid)
        self.as_user = ["runuser", "-u", self.user, "--"] if self.user else []
        self.process = None
        plant(self.PASSWORD)

    def start(self):
        data = os.path.join(self.folder, "data")
        if not os.path.isdir(data):
            self._make(data)
        command = [f"{self.programs}/postgres", "-D", data, "-k", self.folder, "-p", str(self.port), "-h", "127.0.0.1",
                   "-c", "fsync=off", "-c", "log_min_messages=warning", "-c", "max_connections=200"]
        self.process = Process("postgres", command, os.path.dirname(self.folder), user=self.user).start()
        wait_until(self._is_ready, 30, "a connection to PostgreSQL")
        return self

    def _make(self, data):
        password = os.path.join(self.folder, "password")
        pathlib.Path(password).write_text(self.PASSWORD + "\n", encoding="ascii")
        os.chmod(password, 0o644)
        subprocess.run([*self.as_user, f"{self.programs}/initdb", "-D", data, "-U", "postgres", "--pwfile", password,
                        "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale", "C"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/")

    def _is_ready(self):
        return subprocess.run([f"{self.programs}/pg_isready", "-q", "-h", self.folder, "-p", str(self.port)],
                              check=False).returncode == 0

    def run_sql(self, sql, database="postgres"):
        """The rows psql prints, unaligned."""
        done = subprocess.run([f"{self.programs}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                               "-p", str(self.port), "-U", "postgres", "-d", database, "-c", sql], check=False,
                              capture_output=True, text=True, env=dict(os.environ, PGPASSWORD=self.PASSWORD))
        assert done.returncode == 0, (sql, done.stderr)
        return done.stdout.strip()

    def new_database(self, name):
        """Makes a database and returns its URI."""
        self.run_sql(f'CREATE DATABASE "{name}"')
        return f"postgresql://postgres:{self.PASSWORD}@127.0.0.1:{self.port}/{name}"

    def stop(self):
        """Fast: without waiting for clients to leave."""
        if self.process and self.process.is_running():
            lines = pathlib.Path(self.folder, "data", "postmaster.pid").read_text(encoding="ascii").splitlines()
            os.kill(int(lines[0]), signal.SIGINT)
            self.process.child.wait(20)


class Redis:
    PASSWORD = "redis-password-of-the-tests"

    def __init__(self, folder):
        self.folder = folder
        self.socket = os.path.join(folder, "redis.sock")
        self.url = f"unix://:{plant(self.PASSWORD)}@{self.socket}"
        self.process = None

    def start(self):
        configuration = os.path.join(self.folder, "redis.conf")
        pathlib.Path(configuration).write_text(
            f"port 0\nunixsocket {self.socket}\nrequirepass {self.PASSWORD}\nsave \"\"\nappendonly no\n"
            f"dir {self.folder}\n", encoding="ascii")
        self.process = Process("redis", ["redis-server", configuration], self.folder).start()
        wait_until(lambda: accepts(self.socket), 10, "a connection to Redis")
        return self

    def stop(self):
        if self.process:
            self.process.stop()


class Nginx:
    """A proxy before one or more replicas. `template` is a file with $names: see tests/support/nginx."""

    def __init__(self, folder, upstreams, template=TEMPLATES / "nginx.conf.template"):
        self.port = free_port()
        self.folder = os.path.join(folder, f"nginx-{self.port}")
        os.makedirs(self.folder)
        self.process = None
        servers = "\n".join(f"        server {upstream} max_fails=0;" for upstream in upstreams)
        text = string.Template(pathlib.Path(template).read_text(encoding="utf-8"))
        user = "user root;" if os.getuid() == 0 else ""
        pathlib.Path(self.folder, "nginx.conf").write_text(
            text.substitute(user=user, folder=self.folder, port=self.port, servers=servers), encoding="utf-8")

    def start(self):
        command = ["nginx", "-p", self.folder, "-c", os.path.join(self.folder, "nginx.conf"), "-g", "daemon off;"]
        self.process = Process("nginx", command, self.folder).start()
        wait_until(self._is_listening, 10, "a connection to nginx")
        return self

    def _is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGQUIT)
