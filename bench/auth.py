"""Authentication: logins against the bare hash, refreshes a second of a core, memory and start of a server of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

import server
from auth_introspect import introspect_per_s
from common import PASSWORD, Authx, Figure, Person, Report, Settings, Unmeasurable, binary, free_port, median, note, scratch, wrk

CONNECTIONS = 32
# Each refresh uses its token up and brings the next one: a request takes the oldest that no connection holds.
REFRESH = """
local tokens, first, last = {}, 1, 0
local threads = 0
function setup(thread) thread:set("id", threads); threads = threads + 1 end
function init(args)
  local n = 0
  for line in io.lines("%s") do
    if n %% 2 == id then last = last + 1; tokens[last] = line end
    n = n + 1
  end
end
function request()
  local token = tokens[first]; tokens[first] = nil; first = first + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, '{"refresh_token":"' .. token .. '"}')
end
function response(status, headers, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then last = last + 1; tokens[last] = token end
end
"""


def run(report: Report, settings: Settings) -> None:
    if settings.wants("login_vs_argon2") and not any(f.name == "login_vs_argon2" for f in report.figures):
        report.measure("login_vs_argon2", lambda: server.logins(report, settings))
    for name, url in (("refresh_per_s_sqlite", contextlib.nullcontext("")), ("refresh_per_s_postgres", postgres())):
        if settings.wants(name):
            report.measure(name, lambda name=name, url=url: refreshes(report, settings, name, url))
    if settings.wants("introspect_per_s"):
        report.measure("introspect_per_s", lambda: introspections(report, settings))
    for name, work in {"rss_mb_auth": memory, "ready_seconds_auth": ready}.items():
        if settings.wants(name):
            report.measure(name, lambda work=work: work(report, settings))


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A private PostgreSQL with its default durability; its URL."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]), reverse=True)
    if not homes:
        raise Unmeasurable("needs Debian's package postgresql-15")
    folder, port = Path(tempfile.mkdtemp(prefix="authx-bench-pg-")), free_port()
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(folder, "postgres", "postgres")

    def call(program: str, *arguments: str) -> None:
        done = subprocess.run([*as_postgres, str(homes[0].parent / program), *arguments], capture_output=True, cwd="/tmp", timeout=120)
        if done.returncode != 0:
            raise Unmeasurable(f"{program}: {done.stderr.decode().strip()}")

    try:
        call("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        subprocess.run([*as_postgres, str(homes[0].parent / "pg_ctl"), "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp", timeout=120, check=True)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(Unmeasurable):
            call("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def cpu_seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


def refreshes(report: Report, settings: Settings, name: str, database: contextlib.AbstractContextManager[str]) -> None:
    # The requests of every round must find tokens: wrk begins each round with the file's, so each round gets fresh ones.
    with database as url, scratch() as folder, Authx(folder, "--services", "auth", **({"DATABASE_URL": url} if url else {}),
                                                    AUTHX_ARGON2_MEMORY_KIB="7168", AUTHX_ARGON2_PASSES="1") as authx:
        authx.wait_ready()
        person = Person(authx)
        tokens, script = folder / "tokens", folder / "refresh.lua"
        script.write_text(REFRESH % tokens)
        rates: list[float] = []  # in a second of the server's own CPU time, which neighbours on the machine cannot take away
        walls: list[float] = []
        for _ in range(settings.runs):
            fresh = [authx.call("POST", "/auth/login", json={"email": person.email, "password": PASSWORD})["refresh_token"]
                     for _ in range(CONNECTIONS * 3)]
            tokens.write_text("\n".join(fresh) + "\n")
            cpu, begun = cpu_seconds(authx.process.pid), time.perf_counter()
            rate = wrk(authx.base + "/auth/refresh", settings.seconds, script=script, connections=CONNECTIONS)
            walls.append(rate)
            rates.append(rate * (time.perf_counter() - begun) / (cpu_seconds(authx.process.pid) - cpu))
        note(f"{name}: {median(walls):,.0f} a second of wall time on this machine, with the load generator beside it")
        report.add(Figure(name, median(rates), "/s/core", aim=">= 2,000"))


def introspections(report: Report, settings: Settings) -> None:
    rates = [introspect_per_s(str(binary())) for _ in range(settings.runs)]
    report.add(Figure("introspect_per_s", median(rates), "/s/core", aim=">= 2,000"))


def memory(report: Report, settings: Settings) -> None:
    idle: list[float] = []
    loaded: list[float] = []
    with scratch() as folder:
        for _ in range(settings.runs):
            with Authx(folder, "--services", "auth") as authx:
                idle.append(authx.wait_ready().settled_mb())
                person = Person(authx)
                with ThreadPoolExecutor(4) as clients:
                    for _ in clients.map(lambda _: sign_in(authx, person), range(250)):
                        pass
                loaded.append(authx.settled_mb())
    report.add(Figure("rss_mb_auth", median(idle), "MB", aim="<= 40"))
    report.add(Figure("rss_mb_auth_loaded", median(loaded), "MB"))


def sign_in(authx: Authx, person: Person) -> None:
    """Four requests: a login, two refreshes, a list of sessions."""
    tokens = authx.call("POST", "/auth/login", json={"email": person.email, "password": PASSWORD})
    for _ in range(2):
        tokens = authx.call("POST", "/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    authx.call("GET", "/auth/sessions", headers={"Authorization": f"Bearer {tokens['access_token']}"})


def ready(report: Report, settings: Settings) -> None:
    values: list[float] = []
    with scratch() as folder:
        server.start_seconds(folder, "/health/ready", AUTHX_SERVICES="auth")
        for _ in range(settings.runs):
            values.append(server.start_seconds(folder, "/health/ready", AUTHX_SERVICES="auth"))
    report.add(Figure("ready_seconds_auth", median(values), "s", aim="< 0.3"))
