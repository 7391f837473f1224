"""Logs: attempts and refusals are in them, and nobody writes lines of their own (ASVS 16.3, 16.4)."""

from __future__ import annotations

import json
import time

import pytest
import requests

from support.people import Person, error_of, login, new_person
from support.server import Server
from support.wire import Wire

FORGED = '"}\r\n{"level":"info","event":"request","status":200,"forged":true}'


def lines(server: Server) -> list[dict]:
    """Every line of the log, each of which must be one JSON object."""
    return [json.loads(line) for line in (server.folder / f"stderr-{server.runs}.txt").read_text().splitlines() if line]


def waited(server: Server, found) -> list[dict]:
    deadline = time.monotonic() + 10
    while not (out := [line for line in lines(server) if found(line)]):
        assert time.monotonic() < deadline, lines(server)[-5:]
        time.sleep(0.1)
    return out


@pytest.fixture(scope="module")
def logging(servers) -> Server:
    return servers().start()


def test_a_refusal_for_want_of_permission_is_in_the_log(logging):
    person = new_person(logging)
    answer = person.get("/admin/audit")
    request = error_of(answer, 403, "PERMISSION_DENIED")["request_id"]
    [line] = waited(logging, lambda l: l.get("request_id") == request and l.get("status") == 403)
    assert "/admin/audit" in json.dumps(line)
    forged = requests.get(logging.base + "/users/me", headers={"Authorization": "Bearer forged"}, timeout=30)
    request = error_of(forged, 401, "AUTHENTICATION_REQUIRED")["request_id"]
    assert waited(logging, lambda l: l.get("request_id") == request and l.get("status") == 401)


def test_every_attempt_to_sign_in_is_in_the_audit_log(logging, admins):
    person = new_person(logging)
    error_of(login(logging, person.email, "wrong password"), 401, "INVALID_CREDENTIALS")
    error_of(login(logging, "nobody@example.org", "wrong password"), 401, "INVALID_CREDENTIALS")
    entries = [e["action"] for e in admins(logging).get("/admin/audit?limit=20").json()["data"]["items"]]
    assert entries.count("auth.login_failed") >= 2 and "auth.logged_in" in entries


def test_nobody_writes_a_line_of_their_own(logging):
    body = {"email": "a@example.org", "password": FORGED, "more" + FORGED: 1}
    requests.post(logging.base + "/auth/login", json=body, headers={"User-Agent": FORGED.replace("\r\n", "\\r\\n")}, timeout=30)
    requests.get(logging.base + "/nowhere/" + requests.utils.quote(FORGED), timeout=30)
    requests.get(logging.base + "/documents", params={"cursor": FORGED}, timeout=30)
    Wire(logging.port).send("GET /v1/x%0d%0a%7b%22forged%22%3atrue%7d HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + "a" * 10 + "\r\nConnection: close\r\n\r\n").answer()
    last = requests.get(logging.base + "/nowhere/last", timeout=30).json()["error"]["request_id"]
    waited(logging, lambda l: l.get("request_id") == last)
    assert not any("forged" in line for line in lines(logging))  # as a member of its own
