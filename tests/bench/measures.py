# SPDX-License-Identifier: MIT
"""What is measured, each against its own limit in the same run: rounds of the limit and of the service take turns, the
figures are medians of the rounds, the ratio is the median of the rounds' ratios."""
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import re
import statistics
import subprocess
import time
import urllib.parse

from servers import Bare, Service, cpu_seconds, memory_mib, on_core

ACCOUNTS = 200
PASSWORD = "correct horse battery staple"
HTTP_CONNECTIONS = 16
LOGIN_CONNECTIONS = 16
WRITE_CONNECTIONS = 8  # AUTH_DB_WRITE_CONNECTIONS
STARTS = 7
READY_MS_MAX = 50
IDLE_MIB_MAX = 10
HASH_KIB, HASH_PASSES = 19456, 2


@dataclasses.dataclass
class Row:
    name: str
    unit: str
    figure: float
    limit: float = None
    limit_name: str = ""
    ratio: float = None
    aim: str = ""
    is_met: bool = None
    note: str = ""


@dataclasses.dataclass
class Run:
    rate: float
    cpu_us: float
    p50_us: int
    p99_us: int
    answer_bytes: int


class Bench:
    def __init__(self, root, build, folder, options):
        self.root, self.build, self.folder = root, build, folder
        self.seconds, self.rounds, self.idle_seconds = options.seconds, options.rounds, options.idle_seconds
        self.accounts = options.accounts
        # For answers from memory: the loop on the first, the load on the last.
        self.first_core, self.last_core = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))

    def program(self, name):
        return self.build / name

    def file(self, name, requests):
        path = self.folder / f"{name}.requests"
        path.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in requests))
        return path

    def load(self, port, pid, connections, requests, *words, seconds=None):
        """One run of the load; every answer must be a good one."""
        command = [self.program("bench_load"), port, connections, seconds or self.seconds, requests, *words]
        began = cpu_seconds(pid)
        done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True)
        said = json.loads(done.stdout)
        if said["failed"]:
            raise RuntimeError(f"{said['failed']} of {said['requests']} requests were refused")
        return Run(said["requests"] / said["seconds"], (cpu_seconds(pid) - began) * 1e6 / said["requests"],
                   said["p50_us"], said["p99_us"], said["answer_bytes"])


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, items))


def request(method, path, body="", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def form(path, **values):
    return request("POST", path, urllib.parse.urlencode(values), Content_Type="application/x-www-form-urlencoded")


def credentials(number):
    return {"email": f"user{number}@example.org", "password": PASSWORD}


def sign_up(service, count):
    in_parallel(lambda number: service.post("/v1/signup", credentials(number)), range(count))


def sign_in(service, count):
    return in_parallel(lambda number: service.post("/v1/login", credentials(number)), range(count))


def median(runs, what):
    return statistics.median(getattr(run, what) for run in runs)


def ratio(figures, limits):
    return statistics.median(figure / limit for figure, limit in zip(figures, limits))


# --- sign-in against the hash -----------------------------------------------------------------------------------------


def hash_rate(bench, kind):
    done = subprocess.run([bench.program("bench_hash"), kind, str(os.cpu_count()), str(bench.seconds), str(HASH_KIB),
                           str(HASH_PASSES)], check=True, stdout=subprocess.PIPE, text=True)
    said = json.loads(done.stdout)
    return said["hashes"] / said["seconds"], said["cpu_ms"]


def login_rows(bench, service):
    bodies = [json.dumps(credentials(number)) for number in range(ACCOUNTS)]
    requests = bench.file("login", [request("POST", "/v1/login", body, Content_Type="application/json")
                                    for body in bodies])
    stock, kept, runs = [], [], []
    pid = service.process.pid
    bench.load(service.port, pid, LOGIN_CONNECTIONS, requests, seconds=0.3)
    for _ in range(bench.rounds):
        stock.append(hash_rate(bench, "stock"))
        kept.append(hash_rate(bench, "kept"))
        runs.append(bench.load(service.port, pid, LOGIN_CONNECTIONS, requests))
    rates = [run.rate for run in runs]
    cpu_ms = [run.cpu_us / 1000 for run in runs]

    def row(limits, name, aim):
        share = ratio(rates, [limit[0] for limit in limits])
        return Row("POST /v1/login", "/s", statistics.median(rates), statistics.median(limit[0] for limit in limits),
                   name, share, f">= {aim}" if aim else "", share >= aim if aim else None,
                   f"p50 {median(runs, 'p50_us') / 1000:.0f} ms, p99 {median(runs, 'p99_us') / 1000:.0f} ms")

    cpu_limits = [limit[1] for limit in kept]
    cpu = Row("POST /v1/login", "CPU ms", statistics.median(cpu_ms), statistics.median(cpu_limits),
              "Argon2id, memory kept", ratio(cpu_ms, cpu_limits))
    return [row(kept, "Argon2id, memory kept, all cores", 0.95), row(stock, "Argon2id, stock, all cores", None), cpu]


# --- refreshing against the same statement ----------------------------------------------------------------------------


def rotation_script(bench, count):
    """The statement of the service, as pgbench runs it: one chain for each client."""
    text = (bench.root / "src/store/sql/session.sql").read_text()
    block = re.search(r"-- name: session_rotate\n(.*?)(?:\n\n|\Z)", text, re.S).group(1)
    statement = "\n".join(line for line in block.splitlines() if not line.startswith("--"))
    names = ["chain_id", "row_refresh_counter", "digest", "digest", "client", "now", "idle"]
    statement = re.sub(r"\$(\d)", lambda found: ":" + names[int(found.group(1)) - 1], statement)
    script = ["\\if :is_new", "SELECT id AS chain_id, refresh_counter AS row_refresh_counter",
              f"FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM sessions LIMIT {count}) chosen",
              "WHERE place = :client_id \\gset", "\\set is_new 0", "\\endif", statement, "\\gset row_"]
    path = bench.folder / "rotate.pgbench"
    path.write_text("\n".join(script) + "\n")
    return path


def rotation_rate(bench, postgres, count):
    digest = "\\x" + "00" * 32
    now_ms = int(time.time() * 1000)
    postgres.ask(f"UPDATE sessions SET refresh_digest = '{digest}'")
    command = [postgres.programs / "pgbench", *postgres.connection, "-n", "-M", "prepared", "-c", str(count), "-j",
               str(min(count, os.cpu_count() or 1)), "-T", str(max(1, round(bench.seconds))), "-f",
               rotation_script(bench, count)]
    values = {"is_new": 1, "digest": digest, "client": "auth", "now": now_ms, "idle": now_ms + 86400000}
    for name, value in values.items():
        command += ["-D", f"{name}={value}"]
    done = subprocess.run([*command, "bench"], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return float(re.search(r"tps = ([\d.]+) \(without", done.stdout).group(1))


def refresh_rows(bench, service, postgres):
    """Twice as many clients as the service has connections for writes, so that none of those waits for a client."""
    count = WRITE_CONNECTIONS
    limits, runs = [], []
    for _ in range(bench.rounds):
        tokens = [answer["refresh_token"] for answer in sign_in(service, 2 * count)]
        chains = [form("/oauth/token", grant_type="refresh_token", client_id="auth", refresh_token=token)
                  for token in tokens]
        runs.append(bench.load(service.port, service.process.pid, 2 * count, bench.file("refresh", chains), "chain"))
        limits.append(rotation_rate(bench, postgres, count))
    rates = [run.rate for run in runs]
    share = ratio(rates, limits)
    return [Row("refresh, rotating", "/s", statistics.median(rates), statistics.median(limits),
                f"pgbench, same statement, {count} connections", share, ">= 0.75", share >= 0.75,
                f"{median(runs, 'cpu_us'):.0f} us of server CPU, p50 {median(runs, 'p50_us') / 1000:.1f} ms, "
                f"p99 {median(runs, 'p99_us') / 1000:.1f} ms")]


# --- answers from memory against the bare loop ------------------------------------------------------------------------


def http_requests(service, client):
    token = sign_in(service, 1)[0]["access_token"]
    known = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    return [
        ("GET /.well-known/jwks.json", 1.3, request("GET", "/.well-known/jwks.json")),
        ("GET /v1/authz", 1.75, request("GET", "/v1/authz", Authorization=f"Bearer {token}")),
        ("POST /oauth/introspect", 2.2, form("/oauth/introspect", token=token, **known)),
        ("client credentials, ES256", 5.0, form("/oauth/token", grant_type="client_credentials", **known)),
    ]


def bare_for(bench, requests, answer_bytes):
    """Answers as many bytes as the service does, head and body together."""
    program = bench.program("bench_http")
    body_bytes = 100
    for _ in range(2):
        bare = Bare(program, body_bytes)
        run = bench.load(bare.port, bare.process.pid, 1, requests, seconds=0.01)
        if run.answer_bytes == answer_bytes:
            return bare
        bare.close()
        body_bytes = max(0, body_bytes + answer_bytes - run.answer_bytes)
    return Bare(program, body_bytes)


def http_rows(bench, service, client, where):
    rows = []
    for name, aim, sent in http_requests(service, client):
        requests = bench.file("http", [sent])
        pid = service.process.pid
        warm = bench.load(service.port, pid, HTTP_CONNECTIONS, requests, seconds=0.5)
        bare = bare_for(bench, requests, warm.answer_bytes)
        limits, runs = [], []
        with contextlib.closing(bare), on_core(0, bench.last_core), on_core(pid, bench.first_core), \
                on_core(bare.process.pid, bench.first_core):
            for _ in range(bench.rounds):
                limits.append(bench.load(bare.port, bare.process.pid, HTTP_CONNECTIONS, requests, "awake"))
                runs.append(bench.load(service.port, pid, HTTP_CONNECTIONS, requests, "awake"))
        share = ratio([run.cpu_us for run in runs], [limit.cpu_us for limit in limits])
        rows.append(Row(f"{name} ({where})", "CPU us", median(runs, "cpu_us"), median(limits, "cpu_us"),
                        f"bare libmicrohttpd, {warm.answer_bytes} bytes", share, f"<= {aim}", share <= aim,
                        f"p50 {median(runs, 'p50_us')} us, p99 {median(runs, 'p99_us')} us"))
        rows.append(Row(f"{name} ({where})", "/s", median(runs, "rate"), median(limits, "rate"), "the same",
                        ratio([run.rate for run in runs], [limit.rate for limit in limits])))
    return rows


# --- start, memory, silence -------------------------------------------------------------------------------------------


def start_rows(bench, settings, where):
    """On a database that has been migrated by the first start."""
    service = Service(bench.program("auth"), bench.folder, f"start-{where.split()[0]}", **settings)
    service.start()
    service.stop()
    took_ms, idle_mib, own_mib = [], 0, 0
    for _ in range(STARTS):
        took_ms.append(service.start() * 1000)
        time.sleep(0.2)
        idle_mib, own_mib = (memory_mib(service.process.pid, field) for field in ("VmRSS", "RssAnon"))
        service.stop()
    ready_ms = statistics.median(took_ms)
    return [
        Row(f"exec to ready ({where})", "ms", ready_ms, aim=f"<= {READY_MS_MAX}", is_met=ready_ms <= READY_MS_MAX,
            note=f"{min(took_ms):.0f} to {max(took_ms):.0f}"),
        Row(f"resident when idle ({where})", "MiB", idle_mib, aim=f"<= {IDLE_MIB_MAX}", is_met=idle_mib <= IDLE_MIB_MAX,
            note=f"{own_mib:.1f} without the pages of program and libraries"),
    ]


def memory_row(service, where):
    pid = service.process.pid
    return Row(f"resident under load ({where})", "MiB", memory_mib(pid, "VmHWM"), note="the most in this run")


def idle_row(bench, postgres, service, where):
    """After traffic, once what it left to do is done."""
    sign_in(service, 1)
    time.sleep(2)
    postgres.log_statements()
    before = len(postgres.statements())
    began = cpu_seconds(service.process.pid)
    time.sleep(bench.idle_seconds)
    said = postgres.statements()[before:]
    cpu_ms = (cpu_seconds(service.process.pid) - began) * 1000
    note = said[0][:60] if said else f"{cpu_ms:.0f} ms of CPU meanwhile"
    return Row(f"queries in {bench.idle_seconds:g} s of silence ({where})", "", len(said), aim="0", is_met=not said,
               note=note)
