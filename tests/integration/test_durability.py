"""Power cuts: the server is killed again and again while people upload; nothing accepted is lost or done twice."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter

import pytest
import requests

from support import pictures
from support.database import rows, value
from support.people import FINAL_DOCUMENT, FINAL_VERIFICATION, Person, enter, new_person

KILLS = 12
MOST_ATTEMPTS = 5


class Crowd:
    """Threads that upload without pause, whatever happens to the server."""

    def __init__(self, people: list[Person]):
        self.people = people
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.accepted: dict[str, list[str]] = {"document": [], "face": [], "verification": []}
        self.statuses: Counter[int] = Counter()
        self.cut = 0
        self.threads = [threading.Thread(target=self._run, args=(p, n), daemon=True) for n, p in enumerate(people)]

    def _run(self, person: Person, number: int) -> None:
        rng = random.Random(number)
        cards = [pictures.card("pan", seed) for seed in range(3)]
        while not self.ended.is_set():
            try:
                answer = person.upload(rng.choice(cards), "pan", wait=rng.choice((0, 1)))
                if not self._count("document", answer, "document_id"):
                    continue
                if rng.random() < 0.3:
                    self._count("verification", person.start(answer.json()["data"]["document_id"]), "verification_id")
                if rng.random() < 0.3:
                    self._count("face", person.capture(pictures.stripes(), wait=0), "face_id")
            except requests.RequestException:
                with self.lock:
                    self.cut += 1
                time.sleep(0.05)

    def _count(self, what: str, answer: requests.Response, key: str) -> bool:
        with self.lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code == 200:
                self.accepted[what].append(answer.json()["data"][key])
        return answer.status_code == 200

    def stop(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(timeout=120)
            assert not thread.is_alive()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_is_lost_or_done_twice_when_the_server_is_killed_under_load(request, servers, database):
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if database == "postgres" else {}
    server = servers(**settings).start(models=True)
    crowd = Crowd([new_person(server) for _ in range(3)])
    rng = random.Random(2024)
    for thread in crowd.threads:
        thread.start()
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.15, 1.2))
        server.kill()
        server.start()
    time.sleep(0.5)
    crowd.stop()
    assert crowd.cut > 0, "no request met a kill: this run proved nothing"
    assert not {s for s in crowd.statuses if s >= 500 and s != 503}, crowd.statuses
    assert len(crowd.accepted["document"]) >= KILLS

    deadline = time.monotonic() + 180
    while value(server, "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')"):
        assert time.monotonic() < deadline, rows(server, "SELECT kind, state, attempts, last_error FROM jobs WHERE state IN ('queued', 'running')")
        time.sleep(0.2)

    stored = {str(i): s for i, s in rows(server, "SELECT id, verification_status FROM documents")}
    assert set(crowd.accepted["document"]) <= set(stored)
    assert set(stored.values()) <= FINAL_DOCUMENT, Counter(stored.values())
    faces = {str(i): s for i, s in rows(server, "SELECT id, status FROM biometrics")}
    assert set(crowd.accepted["face"]) <= set(faces) and set(faces.values()) <= {"approved", "rejected"}
    verifications = {str(i): s for i, s in rows(server, "SELECT id, status FROM verifications")}
    assert set(crowd.accepted["verification"]) <= set(verifications)
    assert set(verifications.values()) <= FINAL_VERIFICATION | {"in_progress"}  # a face is still awaited

    said: Counter[tuple[str, str]] = Counter()
    for action, details in rows(server, "SELECT action, details FROM audit_logs"):
        details = json.loads(details) if isinstance(details, str) else details
        for key in ("document_id", "face_id", "verification_id"):
            if key in details and action != "document.viewed":
                said[action, details[key]] += 1
    for document, status in stored.items():
        assert said["document.uploaded", document] == 1
        assert said["document.approved", document] + said["document.rejected", document] == 1
        assert said["document." + status, document] == 1
    for face, status in faces.items():
        assert said["face.captured", face] == 1
        assert said["face.accepted" if status == "approved" else "face.refused", face] == 1
    for verification, status in verifications.items():
        assert said["verification.started", verification] == 1
        assert said["verification.decided", verification] == (1 if status in FINAL_VERIFICATION else 0)

    # A good card is refused only when the machine died under it again and again.
    attempts = {str(s): n for s, n in rows(server, "SELECT subject, attempts FROM jobs WHERE kind = 'document.read'")}
    for document, status in stored.items():
        assert status == "approved" or attempts[document] > MOST_ATTEMPTS, (document, status, attempts[document])

    objects = {p.name for p in (server.data_dir / "objects").rglob("*") if p.is_file()}
    for (name,) in rows(server, "SELECT front_image_url FROM documents"):
        assert any(name in o for o in objects), "a document's picture is gone"
    assert server.cli("audit", "verify")["intact"] is True
    again = enter(server, crowd.people[0].email, crowd.people[0].password)
    assert again.wait_document(again.read_document(pictures.card("pan", 1), "pan")["id"])["verification_status"] == "approved"
    server.close()


def test_an_answered_registration_survives_a_kill_at_once(server_to_kill):
    for _ in range(3):
        person = new_person(server_to_kill)
        server_to_kill.kill()
        server_to_kill.start()
        assert enter(server_to_kill, person.email, person.password).id == person.id


@pytest.fixture(params=["sqlite", "postgres"])
def server_to_kill(request, servers):
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if request.param == "postgres" else {}
    server = servers(**settings).start()
    yield server
    server.close()
