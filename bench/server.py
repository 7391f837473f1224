"""Throughput, logins, start and memory of the whole server."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from common import (CORES, PASSWORD, SECRET, Authx, Figure, Person, Probe, Report, Settings, Unmeasurable, answers, compared, end, free_port, median,
                    note, photos, scratch, specimen, wait_for, wrk)

HERE = Path(__file__).resolve().parent


def run(report: Report, settings: Settings) -> None:
    for name, work in {"status_rps": status, "login_vs_argon2": logins, "ready_seconds": ready, "rss_mb": memory}.items():
        if settings.wants(name):
            report.measure(name, lambda work=work: work(report, settings))


@contextlib.contextmanager
def nginx(folder: Path, body: bytes, access_log: bool) -> Iterator[str]:
    """nginx with one worker a core, answering `body` from memory."""
    folder.mkdir()
    port = free_port()
    text = body.decode().replace("\\", "\\\\").replace("'", "\\'")
    log = f"{folder}/access.log" if access_log else "off"
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log error;
events {{ worker_connections 1024; }}
http {{
  access_log {log}; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{text}'; }} }}
}}
""")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, "/", process, 10)
        yield f"http://127.0.0.1:{port}/"
    finally:
        end(process)


@contextlib.contextmanager
def fastapi(database: Path, access_log: bool) -> Iterator[str]:
    """uvicorn with one worker a core and its fastest loop and parser; its access log is on unless told, as the specification starts it."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", str(port), "--workers", "2", "--loop", "uvloop", "--http", "httptools",
               *([] if access_log else ["--no-access-log", "--log-level", "error"])]
    process = subprocess.Popen(command, cwd=HERE, env=os.environ | {"BENCH_JWT_KEY": SECRET, "BENCH_DATABASE": str(database)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, "/health/live", process, 30)
        time.sleep(0.5)  # both workers
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def status(report: Report, settings: Settings) -> None:
    with scratch() as folder, contextlib.ExitStack() as open_:
        quiet = open_.enter_context(Authx(folder)).wait_ready()
        person = Person(quiet)
        document = person.upload(specimen(folder).read_bytes())
        person.wait_document(document)
        path = f"/v1/verification/{person.start(document)}/status"
        time.sleep(0.5)  # its job moves it to the step that waits for a face
        answer = requests.get(f"http://127.0.0.1:{quiet.port}{path}", headers=person.headers, timeout=10)
        if answer.status_code != 200:
            raise Unmeasurable(f"status answered {answer.status_code}")

        # The same database and keys, with one log line a request.
        logged = open_.enter_context(Authx(folder, LOG_LEVEL="INFO", AUTHX_ACCESS_LOG="true")).wait_ready()
        bare = open_.enter_context(nginx(folder / "nginx", answer.content, access_log=False))
        bare_logged = open_.enter_context(nginx(folder / "nginx-logged", answer.content, access_log=True))
        other = open_.enter_context(fastapi(folder / "data" / "authx.db", access_log=True))
        other_quiet = open_.enter_context(fastapi(folder / "data" / "authx.db", access_log=False))
        theirs = requests.get(other + path, headers=person.headers, timeout=10)
        if theirs.status_code != 200 or theirs.json()["data"].keys() != answer.json()["data"].keys():
            raise Unmeasurable(f"the FastAPI server answers otherwise: {theirs.status_code} {theirs.text[:200]}")

        urls = {"authx": f"http://127.0.0.1:{quiet.port}{path}", "nginx": bare, "authx_logged": f"http://127.0.0.1:{logged.port}{path}",
                "nginx_logged": bare_logged, "fastapi": other + path, "fastapi_quiet": other_quiet + path}
        for url in urls.values():
            wrk(url, 1, person.token)
        rates: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(settings.runs):
            for name, url in urls.items():
                rates[name].append(wrk(url, settings.seconds, person.token))
        note(f"status answer: {len(answer.content)} bytes")
        report.add(compared("status_rps_vs_nginx", "requests/s", rates["authx"], rates["nginx"], "ratio >= 0.5"))
        report.add(compared("status_rps_vs_fastapi", "requests/s", rates["authx_logged"], rates["fastapi"], "ratio >= 10"))
        report.add(compared("status_rps_quiet_vs_fastapi_quiet", "requests/s", rates["authx"], rates["fastapi_quiet"]))
        report.add(compared("status_rps_logged_vs_nginx_logged", "requests/s", rates["authx_logged"], rates["nginx_logged"]))


def logins(report: Report, settings: Settings) -> None:
    with scratch() as folder, Authx(folder) as server, Probe("bench_argon2") as ceiling:
        server.wait_ready()
        Person(server)
        script = folder / "login.lua"
        script.write_text('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[' +
                          json.dumps({"email": "bench@example.com", "password": PASSWORD}) + "]]\n")
        url = server.base + "/auth/login"
        wrk(url, 1, script=script, connections=8)
        got: list[float] = []
        most: list[float] = []
        for _ in range(settings.runs):
            most.append(ceiling.ask(f"{settings.seconds} {CORES} {19 * 1024} 2")["per_second"])
            got.append(wrk(url, settings.seconds, script=script, connections=8))
        report.add(compared("login_vs_argon2", "logins/s/core", [g / CORES for g in got], [m / CORES for m in most], "ratio >= 0.9"))


def start_seconds(folder: Path, path: str, **settings: str) -> float:
    with Authx(folder, **settings) as server:
        until = time.perf_counter() + 60
        while answers(server.port, path) != 200:
            if time.perf_counter() > until or server.process.poll() is not None:
                raise Unmeasurable("the server does not start")
            time.sleep(0.002)
        return time.perf_counter() - server.started


def ready(report: Report, settings: Settings) -> None:
    with scratch() as folder:
        start_seconds(folder, "/health/ready")
        figures: dict[str, list[float]] = {"live_seconds": [], "ready_seconds": [], "ready_seconds_first_start": []}
        for i in range(settings.runs):
            figures["live_seconds"].append(start_seconds(folder, "/health/live"))
            figures["ready_seconds"].append(start_seconds(folder, "/health/ready"))
            fresh = folder / f"fresh{i}"
            fresh.mkdir()
            figures["ready_seconds_first_start"].append(start_seconds(fresh, "/health/ready"))
        report.add(Figure("ready_seconds", median(figures["ready_seconds"]), "s", aim="< 1 s"))
        report.add(Figure("ready_seconds_first_start", median(figures["ready_seconds_first_start"]), "s"))
        report.add(Figure("live_seconds", median(figures["live_seconds"]), "s"))


def mixed_load(server: Authx, folder: Path, requests_wanted: int = 1000) -> None:
    """Four clients sending a fixed mix: 540 status reads, 300 logins, 60 uploads, 50 captures, 50 face comparisons in 1,000."""
    person = Person(server)
    try:
        card_photo, live_photo = photos()
    except Unmeasurable:
        card_photo, live_photo = None, None
    cards = [specimen(folder, kind, seed, level, card_photo if kind != "passport" else None).read_bytes()
             for kind, seed, level in [("aadhaar", 7, 0), ("pan", 8, 1), ("passport", 9, 0), ("driving_license", 10, 1), ("voter_id", 11, 0)]]
    first = person.upload(cards[0])
    state = person.wait_document(first)
    verification = person.start(first)
    kinds = ["aadhar", "pan", "passport", "driving_license", "voter_id"]

    def one(i: int) -> None:
        place = i % 100
        session = sessions[i % len(sessions)]
        if place < 54:
            answer = session.get(f"{server.base}/verification/{verification}/status", headers=person.headers, timeout=120)
        elif place < 84:
            answer = session.post(f"{server.base}/auth/login", json={"email": person.email, "password": PASSWORD}, timeout=120)
        elif place < 90 or live_photo is None:
            answer = session.post(f"{server.base}/documents/upload", headers=person.headers, timeout=300,
                                  data={"document_type": kinds[i % 5], "wait_seconds": "30"}, files={"front_image": ("card.jpg", cards[i % 5], "image/jpeg")})
        elif place < 95:
            answer = session.post(f"{server.base}/face/capture", headers=person.headers, data={"wait_seconds": "30"}, timeout=300,
                                  files={"face_image": ("face.jpg", live_photo, "image/jpeg")})
        else:
            answer = session.post(f"{server.base}/face/verify", headers=person.headers, json=comparison, timeout=300)
        if not answer.ok:
            raise Unmeasurable(f"{answer.request.path_url} answered {answer.status_code}: {answer.text[:200]}")

    import base64
    comparison = {"document_id": first, "face_image": base64.b64encode(live_photo).decode() if live_photo else ""}
    del state
    clients = 4
    sessions = [requests.Session() for _ in range(clients)]

    def client(number: int) -> None:
        for i in range(number, requests_wanted, clients):
            one(scattered[i])

    # A fixed order in which the kinds come evenly mixed: 37 has no factor in common with 1,000.
    scattered = [i * 37 % requests_wanted for i in range(requests_wanted)]
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(client, number) for number in range(clients)]:
            done.result()


def memory(report: Report, settings: Settings) -> None:
    figures: dict[str, list[float]] = {"rss_mb_idle": [], "rss_mb_loaded": [], "rss_mb_peak": [], "rss_mb_idle_auth_only": []}
    with scratch() as folder:
        for i in range(settings.runs):
            with Authx(folder) as server:
                figures["rss_mb_idle"].append(server.wait_ready().settled_mb())
            with Authx(folder, "--services", "auth") as server:
                figures["rss_mb_idle_auth_only"].append(server.wait_ready().settled_mb())
            fresh = folder / f"fresh{i}"
            fresh.mkdir()
            with Authx(fresh) as server:
                mixed_load(server.wait_ready(), folder)
                figures["rss_mb_loaded"].append(server.settled_mb())
                figures["rss_mb_peak"].append(server.peak_mb())
    for name, values in figures.items():
        report.add(Figure(name, median(values), "MB"))
