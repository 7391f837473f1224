"""A private PostgreSQL in a temporary folder, gone with the test run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg


def programs() -> Path | None:
    """Debian's PostgreSQL, newest first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]), reverse=True)
    return found[0].parent if found else None


ROLE = "authx"


def superuser(url: str) -> str:
    """The same database for who sees every row."""
    return url.replace(f"//{ROLE}@", "//postgres@", 1)


class Postgres:
    def __init__(self) -> None:
        home = programs()
        assert home is not None
        self.home = home
        self.folder = Path(tempfile.mkdtemp(prefix="authx-pg-", dir="/tmp"))
        self.port = _free_port()
        self._databases = 0
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c max_connections=200"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.home / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/tmp", timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()}")

    def database(self) -> str:
        """The URL of a new, empty database, for the role that owns it: as in an installation it is no superuser, whom no policy holds."""
        self._databases += 1
        name = f"authx{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if self._databases == 1:
                connection.execute(f"CREATE ROLE {ROLE} LOGIN")  # type: ignore[arg-type]
            connection.execute(f"CREATE DATABASE {name} OWNER {ROLE}")  # type: ignore[arg-type]
        return self.url(name, ROLE)

    def url(self, name: str, role: str = "postgres") -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
