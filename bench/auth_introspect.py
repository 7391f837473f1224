"""Introspections of access tokens (RFC 7662) a second and core: client authentication, signature, session, answer."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _json(url: str, body: dict, token: str = "") -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": "Bearer " + token} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request, timeout=30))["data"]


def introspect_per_s(binary: str, database_url: str = "", requests: int = 8000, connections: int = 4) -> float:
    """Answers by the server's own processor time: what one core gives, whatever else the machine does."""
    port = _free_port()
    root = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AUTHX_", "DATABASE_"))}
        environment |= {"AUTHX_PORT": str(port), "AUTHX_PUBLIC_URL": root, "AUTHX_DATA_DIR": folder + "/data", "AUTHX_ACCESS_LOG": "false",
                        "AUTHX_RATE_LIMITS": "false", "LOG_LEVEL": "ERROR"}
        if database_url:
            environment["DATABASE_URL"] = database_url
        out = Path(folder) / "out"
        with out.open("wb") as o:
            server = subprocess.Popen([binary, "serve", "--services", "auth"], stdout=o, stderr=o, stdin=subprocess.DEVNULL, env=environment, cwd=folder)
        try:
            deadline = time.monotonic() + 60
            while "password:" not in out.read_text(errors="replace"):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the server did not start: " + out.read_text(errors="replace")[-2000:])
                time.sleep(0.05)
            password = out.read_text().split("password:")[1].split()[0]
            admin = _json(root + "/v1/auth/login", {"email": "admin@authx.local", "password": password})["access_token"]
            client = _json(root + "/v1/admin/oauth/clients", {"client_name": "bench", "grant_types": ["client_credentials", "authorization_code"],
                                                             "redirect_uris": ["https://app.example.org/cb"]}, admin)
            secret = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
            headers = {"Authorization": "Basic " + secret, "Content-Type": "application/x-www-form-urlencoded"}
            body = urllib.parse.urlencode({"grant_type": "client_credentials"})
            granted = urllib.request.Request(root + "/oauth/token", body.encode(), headers)
            token = json.load(urllib.request.urlopen(granted, timeout=30))["access_token"]
            ask = urllib.parse.urlencode({"token": token})
            failed: list[str] = []

            def work(count: int) -> None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                for _ in range(count):
                    connection.request("POST", "/oauth/introspect", ask, headers)
                    answer = connection.getresponse().read()
                    if b'"active":true' not in answer:
                        failed.append(answer.decode())
                        return

            work(200)
            before = _cpu_seconds(server.pid)
            threads = [threading.Thread(target=work, args=(requests // connections,)) for _ in range(connections)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            used = _cpu_seconds(server.pid) - before
            if failed:
                raise RuntimeError("an introspection failed: " + failed[0])
            return requests / used
        finally:
            server.terminate()
            server.wait(timeout=60)


if __name__ == "__main__":
    import sys

    print(f"introspect_per_s {introspect_per_s(*sys.argv[1:3]):.0f}")
