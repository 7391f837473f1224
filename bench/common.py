"""What every group of benchmarks uses: figures, processes, an AuthX server in a folder of its own, wrk."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("AUTHX_BENCH_BIN", ROOT / "build" / "release" / "bin"))
CORES = len(os.sched_getaffinity(0))


class Unmeasurable(Exception):
    """A figure cannot be taken here, and why."""


@dataclass
class Settings:
    runs: int = 5
    seconds: float = 3.0
    only: str = ""

    def wants(self, name: str) -> bool:
        return self.only in name


@dataclass
class Figure:
    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    aim: str = ""

    def line(self) -> str:
        def number(x: float | None) -> str:
            return "-" if x is None else f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}" if abs(x) < 10 else f"{x:.1f}"

        return f"{self.name:<34} {number(self.value):>10} {self.unit:<14} {number(self.baseline):>10} {number(self.ratio):>8}   {self.aim}"


@dataclass
class Report:
    figures: list[Figure] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def skip(self, name: str, why: str) -> None:
        self.absent.append((name, why))
        print(f"{name:<34} no figure: {why}", flush=True)

    def measure(self, name: str, work: Callable[[], None]) -> None:
        """Runs one measurement; one that cannot be taken is reported and does not stop the others."""
        try:
            work()
        except Unmeasurable as why:
            self.skip(name, str(why))


HEADING = f"{'figure':<34} {'value':>10} {'unit':<14} {'baseline':>10} {'ratio':>8}   aim"


def note(text: str) -> None:
    print(f"    {text}", file=sys.stderr, flush=True)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def edits(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(diagonal + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def compared(name: str, unit: str, subject: list[float], baseline: list[float], aim: str = "") -> Figure:
    """Subject and baseline were measured in turn: the ratio is the median of the rounds' ratios, so that noise hits both."""
    ratios = [s / b for s, b in zip(subject, baseline, strict=True)]
    return Figure(name, median(subject), unit, median(baseline), median(ratios), aim)


def shared_data() -> Path | None:
    given = os.environ.get("AUTHX_SHARED_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def default_models() -> Path:
    return Path(os.environ.get("AUTHX_DEFAULT_MODEL_PATH", ROOT / ".deps" / "models" / "default"))


def open_models() -> Path | None:
    data = shared_data()
    return data / "face" / "models" if data and (data / "face" / "models").is_dir() else None


def photos() -> tuple[bytes, bytes]:
    """Two pictures of one person: for the card, and to be shown to the camera."""
    data = shared_data()
    folder = data / "face" / "id" / "deepface" if data else None
    if folder is None or not (folder / "img20.jpg").exists() or not (folder / "img21.jpg").exists():
        raise Unmeasurable("needs photographs of a person (face/id/deepface in the folder that AUTHX_SHARED_DATA names)")
    return (folder / "img20.jpg").read_bytes(), (folder / "img21.jpg").read_bytes()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="authx-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(port: int, path: str = "/") -> int:
    """The HTTP status of one request on a new connection; 0 when nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as s:
            s.settimeout(5)
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head = s.recv(64)
            return int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0
    except OSError:
        return 0


def wait_for(port: int, path: str, process: subprocess.Popen[bytes], seconds: float = 60, pause: float = 0.002) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if answers(port, path) == 200:
            return
        if process.poll() is not None:
            raise Unmeasurable(f"{process.args[0]} ended with {process.returncode}")  # type: ignore[index]
        time.sleep(pause)
    raise Unmeasurable(f"{path} did not answer 200 within {seconds:.0f} s")


def binary() -> Path:
    path = BIN / "authx"
    if not path.exists():
        raise Unmeasurable(f"{path} is not built: ./dev build release")
    return path


SECRET = "a key for measurements only, thirty-two or more"


class Authx:
    """An AuthX process on SQLite in `folder`, logging errors only, without rate limits."""

    def __init__(self, folder: Path, *arguments: str, models: Path | None = None, **settings: str):
        self.folder = folder
        self.port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTHX_") and k not in ("SECRET_KEY", "DATABASE_URL")}
        environment |= {
            "AUTHX_DATA_DIR": str(folder / "data"),
            "AUTHX_PORT": str(self.port),
            "AUTHX_DEFAULT_MODEL_PATH": str(default_models()),
            "JWT_SECRET_KEY": SECRET,
            "LOG_LEVEL": "ERROR",
            "AUTHX_ACCESS_LOG": "false",
            "AUTHX_RATE_LIMITS": "false",
            "OMP_THREAD_LIMIT": "1",
        }
        if models is not None:
            environment["FACE_MODEL_PATH"] = str(models)
        environment |= settings
        self.log = open(folder / "authx.log", "ab")  # noqa: SIM115: open as long as the process
        self.started = time.perf_counter()
        self.process = subprocess.Popen([str(binary()), "serve", *arguments], env=environment, stdout=self.log, stderr=self.log)
        self.session = requests.Session()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def wait_ready(self) -> Authx:
        wait_for(self.port, "/health/ready", self.process)
        return self

    def __enter__(self) -> Authx:
        return self

    def __exit__(self, *_: object) -> None:
        end(self.process)
        self.log.close()

    def memory_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) * 1024 / 1e6  # type: ignore[union-attr]

    def settled_mb(self) -> float:
        """Resident memory when it has stopped moving."""
        last = self.memory_mb()
        for _ in range(20):
            time.sleep(0.25)
            now = self.memory_mb()
            if abs(now - last) < 0.2:
                return now
            last = now
        return last

    def call(self, method: str, path: str, wanted: int = 200, **more: object) -> dict:
        answer = self.session.request(method, self.base + path, timeout=120, **more)  # type: ignore[arg-type]
        if answer.status_code != wanted:
            raise Unmeasurable(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()["data"]


PASSWORD = "correct horse battery staple"


class Person:
    """A registered, signed-in user."""

    def __init__(self, server: Authx, email: str = "bench@example.com"):
        self.server = server
        self.email = email
        server.call("POST", "/auth/register", 201, json={"name": "Asha Rao", "email": email, "password": PASSWORD})
        self.token = self.login()

    def login(self) -> str:
        return self.server.call("POST", "/auth/login", json={"email": self.email, "password": PASSWORD})["access_token"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def upload(self, card: bytes, kind: str = "aadhar", wait: int = 30) -> str:
        answer = self.server.call("POST", "/documents/upload", headers=self.headers,
                                  data={"document_type": kind, "wait_seconds": str(wait)}, files={"front_image": ("card.jpg", card, "image/jpeg")})
        return answer["document_id"]

    def wait_document(self, document: str, seconds: float = 120) -> dict:
        until = time.perf_counter() + seconds
        while True:
            found = self.server.call("GET", f"/documents/{document}", headers=self.headers)
            if found["verification_status"] not in ("pending", "processing") or time.perf_counter() > until:
                return found
            time.sleep(0.05)

    def start(self, document: str) -> str:
        return self.server.call("POST", "/verification/start", headers=self.headers,
                                json={"verification_type": "comprehensive", "document_ids": [document]})["verification_id"]

    def capture(self, photo: bytes, wait: int = 30) -> dict:
        return self.server.call("POST", "/face/capture", headers=self.headers, data={"wait_seconds": str(wait)},
                                files={"face_image": ("face.jpg", photo, "image/jpeg")})


def specimen(folder: Path, kind: str = "aadhaar", seed: int = 7, level: int = 0, portrait: bytes | None = None) -> Path:
    out = folder / f"{kind}_L{level}_{seed}{'_portrait' if portrait else ''}.jpg"
    if not out.exists():
        command = [str(binary()), "specimen", "generate", "--type", kind, "--seed", str(seed), "--level", str(level), "--out", str(out)]
        if portrait is not None:
            photo = folder / "portrait.jpg"
            photo.write_bytes(portrait)
            command += ["--portrait", str(photo)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Unmeasurable(f"no specimen: {done.stderr.strip()}")
    return out


def wrk(url: str, seconds: float, token: str | None = None, script: Path | None = None, connections: int = 64) -> float:
    """Requests a second over keep-alive connections; any answer but 2xx makes the figure worthless."""
    command = ["wrk", "-t", "2", "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    if script:
        command += ["-s", str(script)]
    done = subprocess.run([*command, url], capture_output=True, text=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if not rate:
        raise Unmeasurable(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Unmeasurable("wrk: " + " ".join(line.strip() for line in done.stdout.splitlines() if "Non-2xx" in line or "Socket" in line))
    return float(rate.group(1))


class Probe:
    """One of bench/cpp's programs: a line in, a line of JSON out, so that rounds can alternate with a baseline."""

    def __init__(self, name: str, *arguments: str):
        program = BIN / name
        if not program.exists():
            raise Unmeasurable(f"{program} is not built: ./dev build release")
        self.process = subprocess.Popen([str(program), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=os.environ | {"OMP_THREAD_LIMIT": "1"})

    def ask(self, line: str) -> dict:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            assert self.process.stderr
            raise Unmeasurable(f"{self.process.args[0]}: {self.process.stderr.read().strip() or 'ended'}")  # type: ignore[index]
        return json.loads(answer)

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def tesseract(picture: Path, mode: str = "") -> tuple[str, float]:
    """What the command prints, and the CPU seconds that it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["tesseract", str(picture), "-", *(["--psm", mode] if mode else [])], capture_output=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Unmeasurable(f"tesseract: {done.stderr.decode().strip()[:200]}")
    return done.stdout.decode(errors="replace"), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
