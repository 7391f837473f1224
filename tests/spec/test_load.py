"""The specification's Locust file, headless for some seconds: no request may fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from support import pictures
from support.people import data_of, register
from support.server import REPOSITORY


def test_the_specifications_load_runs_without_a_failure(servers, tmp_path):
    server = servers().start(models=True)
    data_of(register(server, name="Test User", email="test@example.com", password="secure_password"), 201)
    (tmp_path / "document.jpg").write_bytes(pictures.card("aadhaar"))
    (tmp_path / "face.jpg").write_bytes(pictures.stripes())
    environment = {**os.environ, "AUTHX_LOAD_DOCUMENT": str(tmp_path / "document.jpg"), "AUTHX_LOAD_FACE": str(tmp_path / "face.jpg")}
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(REPOSITORY / "tests" / "load" / "locustfile.py"), "--host", server.base, "--headless",
         "--users", "6", "--spawn-rate", "6", "--run-time", "10s", "--stop-timeout", "30", "--json", "--loglevel", "WARNING"],
        capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=180)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert {"/auth/login", "/documents/upload", "/verification/test_id/status", "/face/capture"} <= set(figures), figures.keys()
    for name, entry in figures.items():
        assert entry["num_requests"] > 0 and entry["num_failures"] == 0, (name, entry)
    assert server.stop() == 0
