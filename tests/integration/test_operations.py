"""What operators use: health, metrics, the description, the command line."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import time

import pytest
import requests

from support import pictures
from support.people import Person, data_of, enter, faults_of, login, new_email, new_person
from support.server import binary


def metric(server, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    total = 0.0
    for line in requests.get(server.root + "/metrics", timeout=30).text.splitlines():
        found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
        if found and found.group(1) == name:
            present = dict(re.findall(r'(\w+)="([^"]*)"', found.group(2) or ""))
            if all(present.get(k) == v for k, v in labels.items()):
                total += float(found.group(3))
    return total


def test_health_has_the_specifications_shape(server):
    answer = requests.get(server.root + "/health", timeout=30)
    assert answer.status_code == 200
    body = answer.json()
    assert {"status", "timestamp", "services", "system"} <= set(body)
    assert body["status"] == "healthy"
    assert {"database", "redis", "ai_models"} <= set(body["services"])
    assert body["services"]["database"] == body["services"]["ai_models"] == "healthy"
    assert set(body["system"]) == {"cpu_percent", "memory_percent", "disk_percent"}
    assert 0 < body["system"]["memory_percent"] < 100 and 0 < body["system"]["disk_percent"] <= 100


def test_probes_answer(server):
    assert requests.get(server.root + "/health/ready", timeout=30).json() == {"status": "ready"}
    live = requests.get(server.root + "/health/live", timeout=30).json()
    assert set(live) == {"status", "timestamp"} and live["status"] == "alive"


def test_without_models_the_server_is_degraded_and_says_so(servers):
    server = servers(AUTHX_DEFAULT_MODEL_PATH="/nowhere", FACE_MODEL_PATH="").start()
    person = new_person(server)
    document = person.read_document(pictures.card("pan"), "pan")
    assert document["verification_status"] == "approved"  # documents need no face model
    health = requests.get(server.root + "/health", timeout=30).json()
    assert health["status"] == "degraded" and health["services"]["ai_models"] == "unavailable"
    assert requests.get(server.root + "/health/live", timeout=30).status_code == 200
    assert requests.get(server.root + "/health/ready", timeout=30).status_code == 503
    answer = person.post("/face/verify", json={"document_id": document["id"], "face_image": pictures.base64_of(pictures.stripes())})
    assert answer.status_code in (400, 503)  # no portrait could be looked for
    server.close()


def test_requests_are_counted_by_route_and_status(server):
    person = new_person(server)

    def count(status: str) -> float:
        return metric(server, "http_requests_total", method="GET", endpoint="/v1/documents/{document_id}", status=status)

    before = count("404"), count("400"), metric(server, "http_request_duration_seconds_count")
    for _ in range(3):
        person.get("/documents/0190163d-8694-739b-aea5-966c26f8ad91")
    person.get("/documents/x")
    assert count("404") == before[0] + 3
    assert count("400") == before[1] + 1
    assert metric(server, "http_request_duration_seconds_count") >= before[2] + 4


def test_the_number_of_routes_is_bounded_whatever_is_asked_for(plain_server):
    for i in range(20):
        requests.get(f"{plain_server.root}/made-up/{i}.txt", timeout=30)
    text = requests.get(plain_server.root + "/metrics", timeout=30).text
    assert "made-up" not in text
    assert metric(plain_server, "http_requests_total", endpoint="other", status="404") >= 20


def test_recognition_and_verifications_are_measured(server):
    person = new_person(server)
    before = metric(server, "face_recognition_duration_seconds_count")
    data_of(person.capture(pictures.stripes()))
    assert metric(server, "face_recognition_duration_seconds_count") > before
    text = requests.get(server.root + "/metrics", timeout=30).text
    for name, kind in (("http_requests_total", "counter"), ("http_request_duration_seconds", "histogram"),
                       ("active_verifications_count", "gauge"), ("face_recognition_duration_seconds", "histogram")):
        assert f"# TYPE {name} {kind}" in text, name
    assert metric(server, "process_resident_memory_bytes") > 10_000_000


def test_active_verifications_rise_and_fall(servers):
    server = servers().start(models=True)
    person = new_person(server, dob="1990-01-01")
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    assert metric(server, "active_verifications_count") == 0
    started = data_of(person.start(document["id"]))["verification_id"]
    assert metric(server, "active_verifications_count") == 1
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    person.wait_verification(started)
    assert metric(server, "active_verifications_count") == 0
    server.close()


def test_the_description_is_complete(plain_server):
    described = requests.get(plain_server.root + "/openapi.json", timeout=30).json()
    assert described["openapi"].startswith("3.1")
    identifiers = [o["operationId"] for item in described["paths"].values() for o in item.values()]
    assert len(identifiers) == len(set(identifiers))
    for path, item in described["paths"].items():
        for method, operation in item.items():
            assert operation["summary"] and operation["tags"], path
            assert any(s[0] in "23" for s in operation["responses"]), path
            assert set(re.findall(r"\{(\w+)\}", path)) == {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            for response in operation["responses"].values():
                assert all("schema" in media for media in response.get("content", {}).values()), path
            if method == "post":
                for media in operation.get("requestBody", {"content": {}})["content"].values():
                    schema = media["schema"]
                    # OAuth's endpoints ignore parameters that they do not know, as RFC 6749, section 3.1, demands; so does registration,
                    # and SCIM's resources are a client's own documents (RFC 7644, section 3.3).
                    if path.startswith(("/oauth/", "/scim/")) or path == "/v1/admin/oauth/clients":
                        assert schema["type"] == "object", path
                        continue
                    assert schema["properties"] and schema["additionalProperties"] is False, path
                    assert all(name in schema["properties"] for name in schema.get("required", [])), path
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert references <= set(described["components"]["schemas"])
    assert described["components"]["schemas"]["Error"]["examples"]


def test_the_command_prints_the_description_that_is_served(plain_server):
    served = requests.get(plain_server.root + "/openapi.json", timeout=30).json()
    printed = subprocess.run([str(binary()), "openapi"], capture_output=True, env=plain_server.environment, cwd=plain_server.folder, timeout=60)
    assert printed.returncode == 0
    assert json.loads(printed.stdout) == served


def test_printing_the_description_leaves_nothing_behind(tmp_path):
    environment = {"PATH": "/usr/bin:/bin"}
    printed = subprocess.run([str(binary()), "openapi"], capture_output=True, env=environment, cwd=tmp_path, timeout=60)
    assert printed.returncode == 0 and json.loads(printed.stdout)["paths"]
    assert list(tmp_path.iterdir()) == []


def test_the_first_administrators_password_is_printed_once(servers):
    server = servers(AUTHX_ADMIN_EMAIL="boss@example.org").start()
    first = server.admin_password
    assert len(first) >= 12
    assert enter(server, "boss@example.org", first).get("/admin/audit").status_code == 200
    server.stop()
    server.start()
    assert "password" not in (server.folder / "stdout-2.txt").read_text()
    assert login(server, "boss@example.org", first).status_code == 200
    other = servers().start()
    assert other.admin_password != first
    server.close()
    other.close()


def test_the_operator_creates_and_lists_accounts(server):
    email = new_email()
    made = server.cli("user", "create", "--email", email.upper(), "--name", "Vera Verifier", "--role", "verifier")
    assert set(made) == {"id", "role", "password"}
    listed = server.cli("user", "list", "--limit", "100")
    assert {"id": made["id"], "role": "verifier", "more_roles": [], "email": email, "name": "Vera Verifier"} in listed
    server.cli("user", "create", "--email", email, "--name", "Twice", code=3)
    server.cli("user", "create", "--email", "no address", "--name", "X", code=3)
    server.cli("user", "create", "--email", new_email(), "--name", "X", "--role", "emperor", code=3)
    server.cli("user", "create", "--name", "X", code=2)


def test_migrating_twice_changes_nothing(server):
    assert server.cli("migrate")["applied"] == 0


def test_commands_explain_themselves():
    for arguments in ((), ("serve",), ("worker",), ("migrate",), ("doctor",), ("user", "create"), ("models",), ("models", "reload"), ("models", "revoke-key"), ("specimen", "generate"),
                      ("openapi",), ("document", "read"), ("face", "compare"), ("verify",), ("audit", "verify"), ("outbox",),
                      ("decision", "replay")):
        done = subprocess.run([str(binary()), *arguments, "--help"], capture_output=True, timeout=60)
        assert done.returncode == 0, arguments
        assert b"Usage:" in done.stdout, arguments
    assert subprocess.run([str(binary()), "dance"], capture_output=True, timeout=60).returncode == 2
    assert subprocess.run([str(binary())], capture_output=True, timeout=60).returncode == 2


def test_a_subset_of_the_services_can_be_served(servers):
    server = servers(AUTHX_SERVICES="auth").start()
    person = new_person(server)
    assert person.get("/users/me").status_code == 200
    assert person.get("/documents").status_code == 404
    server.close()


def test_a_worker_process_does_the_work_of_a_server_that_does_none(servers, tmp_path):
    """`authx worker` on the same data takes up what a killed server left behind."""
    server = servers().start(models=True)
    person = new_person(server)
    documents = [data_of(person.upload(pictures.card("pan", seed), "pan", wait=0))["document_id"] for seed in range(4)]
    server.kill()
    worker = subprocess.Popen([str(binary()), "worker"], env=server.environment, cwd=server.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while True:
            with sqlite3.connect(f"file:{server.data_dir}/authx.db?mode=ro", uri=True) as db:
                left = db.execute("SELECT COUNT(*) FROM documents WHERE verification_status = 'processing'").fetchone()[0]
            if left == 0:
                break
            assert time.monotonic() < deadline, f"{left} documents unread"
            time.sleep(0.2)
    finally:
        worker.terminate()
        assert worker.wait(timeout=60) == 0
    server.start()
    person = enter(server, person.email, person.password)
    assert all(person.wait_document(d)["verification_status"] == "approved" for d in documents)
    server.close()


def test_faults_reach_the_caller_with_an_id_that_the_log_has(plain_server, plain_person: Person):
    answer = plain_person.get("/documents/x")
    faults_of(answer)
    identifier = answer.headers["X-Request-Id"]
    until = time.monotonic() + 10  # lines that come fast are written together, a moment later
    lines: list[dict] = []
    while not lines and time.monotonic() < until:
        lines = [json.loads(line) for line in plain_server.log().splitlines() if identifier in line]
    assert any(line.get("code") == "VALIDATION_ERROR" for line in lines)


@pytest.mark.parametrize("document,selfie,outcome,code", [("aadhaar", pictures.SELFIE, "approved", 0),
                                                         ("aadhaar", pictures.STRANGER, "rejected", 1)])
def test_the_whole_job_on_the_command_line(plain_server, tmp_path, document, selfie, outcome, code):
    card = tmp_path / "card.jpg"
    card.write_bytes(pictures.card(document, portrait=pictures.PORTRAIT))
    result = plain_server.cli("verify", "--document", str(card), "--type", document, "--selfie", str(pictures.photo(selfie)), "--name",
                              "Test User", "--dob", "1990-01-01", code=code)
    assert result["outcome"] == outcome
    plain_server.cli("verify", "--document", "/nowhere.jpg", "--selfie", str(card), code=3)


def test_the_doctor_reports_each_dependency(plain_server):
    done = subprocess.run([str(binary()), "--json", "doctor"], capture_output=True, env=plain_server.environment, cwd=plain_server.folder,
                          timeout=60)
    assert done.returncode in (0, 1, 4)
    report = json.loads(done.stdout)
    checks = report["checks"] if isinstance(report, dict) else report
    assert len(checks) >= 4
