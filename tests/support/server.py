"""Starts the real binary with a folder, a port and a database of its own, and talks to its command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
SERVES = re.compile(r"serves on \S+ \(port (\d+)\)")
PASSWORD = re.compile(r"^\s*password:\s*(\S+)\s*$", re.MULTILINE)
ADMIN_EMAIL = "admin@authx.local"


def shared_data() -> Path | None:
    """The folder of development data, or nothing."""
    named = os.environ.get("AUTHX_SHARED_DATA")
    for folder in [Path(named)] if named else [REPOSITORY.parent / "shared" / "data"]:
        if folder.is_dir():
            return folder
    return None


def binary() -> Path:
    """`AUTHX_BINARY`, else the newest build."""
    named = os.environ.get("AUTHX_BINARY")
    if named:
        return Path(named)
    built = [p for p in (REPOSITORY / "build" / preset / "bin" / "authx" for preset in ("release", "dev")) if p.exists()]
    if not built:
        raise RuntimeError("no authx binary: build one, or set AUTHX_BINARY")
    return max(built, key=lambda p: p.stat().st_mtime)


def sanitized() -> bool:
    """Sanitizers multiply memory and time; the bounds of the hostile suite allow for it."""
    return any(word in str(binary()) for word in ("asan", "tsan"))


def model_settings() -> dict[str, str]:
    settings = {"AUTHX_DEFAULT_MODEL_PATH": os.environ.get("AUTHX_DEFAULT_MODEL_PATH", str(REPOSITORY / ".deps/models/default"))}
    if os.environ.get("FACE_MODEL_PATH"):
        settings["FACE_MODEL_PATH"] = os.environ["FACE_MODEL_PATH"]
    elif not (Path(settings["AUTHX_DEFAULT_MODEL_PATH"]) / "manifest.json").exists():
        data = shared_data()
        if data and (data / "face" / "models").is_dir():
            settings["FACE_MODEL_PATH"] = str(data / "face" / "models")
    return settings


class Server:
    """One server process. Its data outlives the process: `start` after `stop` or `kill` goes on with it."""

    def __init__(self, folder: Path, **settings: str):
        self.folder = folder
        self.data_dir = folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH") or k.endswith("SAN_OPTIONS")}
        self.environment = {
            **kept,
            **model_settings(),
            "AUTHX_DATA_DIR": str(self.data_dir),
            "AUTHX_PORT": "0",
            "AUTHX_ARGON2_MEMORY_KIB": "7168",
            "AUTHX_ARGON2_PASSES": "1",
            "AUTHX_RATE_LIMITS": "false",
            "OMP_THREAD_LIMIT": "1",
            "AUTHX_DUPLICATE_FACES": "note",  # the tests' many accounts share a few faces; test_face_search.py tests the default
            **settings,
        }
        self.process: subprocess.Popen | None = None
        self.port = 0
        self.admin_password = ""
        self.runs = 0
        self._admin_token = ""

    @property
    def scheme(self) -> str:
        return "https" if self.environment.get("AUTHX_TLS_CERTIFICATE") else "http"

    @property
    def root(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return self.root + "/v1"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, models: bool = False) -> Server:
        """Returns when the server announced its port; with `models`, when it is ready in full."""
        self.runs += 1
        out = self.folder / f"stdout-{self.runs}.txt"
        err = self.folder / f"stderr-{self.runs}.txt"
        with out.open("wb") as o, err.open("wb") as e:
            self.process = subprocess.Popen([str(binary()), "serve"], stdin=subprocess.DEVNULL, stdout=o, stderr=e, env=self.environment,
                                            cwd=self.folder)
        deadline = time.monotonic() + 120
        while True:
            text = out.read_text(errors="replace")
            found = SERVES.search(text)
            if found:
                break
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{text}\n{err.read_text(errors='replace')[-3000:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server announced no port:\n{text}\n{err.read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)
        self.port = int(found.group(1))
        if password := PASSWORD.search(out.read_text()):
            self.admin_password = password.group(1)
        if models:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        deadline = time.monotonic() + 120
        while requests.get(self.root + "/health/ready", timeout=30, verify=False).status_code != 200:
            if time.monotonic() > deadline:
                raise RuntimeError("the server never became ready:\n" + self.log()[-3000:])
            time.sleep(0.1)

    def stop(self) -> int:
        """SIGTERM and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=90)

    def kill(self) -> None:
        """SIGKILL: as a power cut, for the process."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=30)

    def close(self) -> None:
        """Ends it in an orderly way; a crash or a sanitizer's complaint fails the suite here."""
        if self.process is None or self.process.poll() is not None:
            return
        code = self.stop()
        assert code == 0, f"the server ended with {code}:\n{self.log()[-4000:]}"

    def log(self) -> str:
        """What all runs printed."""
        return "".join(p.read_text(errors="replace") for p in sorted(self.folder.glob("std*-*.txt")))

    def cli(self, *arguments: str, code: int = 0, timeout: float = 120):
        """Runs a command on this server's data and parses its JSON; the exit code must be `code`."""
        done = subprocess.run([str(binary()), "--json", *arguments], capture_output=True, env=self.environment, cwd=self.folder, timeout=timeout,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout.decode()}\n{done.stderr.decode()}"
        text = (done.stdout or done.stderr).decode()
        lines = [line for line in text.splitlines() if line.startswith(("{", "["))]
        return json.loads(lines[-1]) if lines else None

    def resident_mb(self) -> float:
        return self._status("VmRSS")

    def peak_mb(self) -> float:
        return self._status("VmHWM")

    def _status(self, key: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {key}")

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def tool(*arguments: str) -> bytes:
    """Runs a command that needs no data; its standard output."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    for name in [n for n in environment if n.startswith("AUTHX_")]:
        del environment[name]
    environment |= model_settings()
    done = subprocess.run([str(binary()), *arguments], capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode in (0, 1), f"{arguments} ended with {done.returncode}: {done.stderr.decode()}"
    return done.stdout


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
