"""The main job: document, face, decision; its progress over the WebSocket; its replay."""

from __future__ import annotations

import itertools
import json
import random
import tempfile
import time
from pathlib import Path

import pytest
import websocket
from PIL import Image, ImageEnhance, ImageOps

from support import fingers, pictures
from support.people import Person, data_of, error_of, faults_of, new_person

STATUS_KEYS = {"verification_id", "status", "current_step", "progress_percentage", "estimated_completion", "steps"}


cards = itertools.count(100)


def own_card(portrait: str = pictures.PORTRAIT, seed: int | None = None) -> bytes:
    """A card that no other account has given, with another take of the portrait: a number or a picture that is used twice is for
    a person to decide."""
    seed = next(cards) if seed is None else seed
    rng = random.Random(seed)
    photo = Image.open(pictures.photo(portrait)).convert("RGB")
    cut = [rng.uniform(0, 0.12) for _ in range(4)]
    photo = photo.crop((int(photo.width * cut[0]), int(photo.height * cut[1]), int(photo.width * (1 - cut[2])), int(photo.height * (1 - cut[3]))))
    photo = ImageEnhance.Brightness(ImageOps.mirror(photo) if rng.random() < 0.5 else photo).enhance(rng.uniform(0.85, 1.15))
    with tempfile.TemporaryDirectory(prefix="authx-portrait-") as folder:
        path = Path(folder) / "portrait.png"
        photo.save(path)
        return pictures.specimen("aadhaar", seed, str(path))


def decided(person: Person, portrait: str = pictures.PORTRAIT, selfie: str = pictures.SELFIE, **more) -> dict:
    document = person.read_document(own_card(portrait))
    data_of(person.capture(pictures.photo(selfie).read_bytes()))
    started = data_of(person.start(document["id"], **more))
    return person.wait_verification(started["verification_id"])


def test_a_start_answers_as_the_specification_says(person: Person):
    document = data_of(person.upload(pictures.card("aadhaar"), wait=0))["document_id"]
    data = data_of(person.start(document, include_biometrics=True, biometric_types=["fingerprint", "iris"]))
    assert set(data) == {"verification_id", "status", "estimated_duration_minutes", "steps"}
    assert data["status"] == "initiated"
    assert data["estimated_duration_minutes"] == 10
    assert data["steps"] == [{"name": "document_verification", "status": "pending", "estimated_time": 3},
                             {"name": "face_matching", "status": "pending", "estimated_time": 2},
                             {"name": "biometric_verification", "status": "pending", "estimated_time": 5}]


def test_the_right_person_with_a_good_document_is_approved(server):
    person = new_person(server, dob="1990-01-01")
    data = decided(person)
    assert STATUS_KEYS <= set(data)
    assert data["status"] == "approved", data
    assert data["progress_percentage"] == 100 and data["current_step"] is None
    assert [s["status"] for s in data["steps"]] == ["completed", "completed"]
    assert data["decision"]["outcome"] == "approved"
    assert 0.5 < data["decision"]["confidence_score"] <= 1
    replayed = server.cli("decision", "replay", data["verification_id"])
    assert replayed["same"] is True and replayed["stored"]["outcome"] == "approved"


def test_another_persons_face_is_rejected_with_a_reason(server):
    person = new_person(server, dob="1990-01-01")
    data = decided(person, selfie=pictures.STRANGER)
    assert data["status"] == "rejected", data
    assert data["decision"]["reasons"] and all(r["code"] and r["message"] for r in data["decision"]["reasons"])
    assert data["steps"][1]["status"] == "failed"
    assert server.cli("decision", "replay", data["verification_id"])["same"] is True


@pytest.mark.parametrize("account", [{"name": "Somebody Else"}, {"dob": "1971-11-30"}])
def test_a_document_of_another_account_is_not_approved(server, account):
    data = decided(new_person(server, **{"dob": "1990-01-01", **account}))
    assert data["status"] in {"rejected", "needs_review"}, data
    assert data["decision"]["reasons"]


def capture_finger(person: Person, seed: int, **more) -> dict:
    picture = pictures.base64_of(fingers.picture(seed))
    return data_of(person.post("/biometrics/capture", json={"biometric_type": "fingerprint", "biometric_data": picture, "wait_seconds": 30, **more}))


def test_a_verification_waits_for_the_fingerprint_and_uses_it(server):
    person = new_person(server, dob="1990-01-01")
    document = person.read_document(own_card(seed=5000))
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    started = data_of(person.start(document["id"], include_biometrics=True, biometric_types=["fingerprint"]))["verification_id"]
    deadline = time.monotonic() + 60
    while data_of(person.get(f"/verification/{started}/status"))["current_step"] != "biometric_verification":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert capture_finger(person, 1)["verification_status"] == "approved"
    data = person.wait_verification(started)
    assert data["status"] == "approved", data
    assert [s["status"] for s in data["steps"]] == ["completed", "completed", "completed"]
    assert "biometric_enrolled" in {r["code"] for r in data["decision"]["reasons"]}
    assert server.cli("decision", "replay", started)["same"] is True


def test_a_fingerprint_that_differs_from_the_enrolled_one_is_reviewed(server):
    person = new_person(server, dob="1990-01-01")
    assert capture_finger(person, 1, position=1)["verification_status"] == "approved"
    assert capture_finger(person, 7, position=1)["verification_status"] == "rejected"
    data = decided(person, include_biometrics=True, biometric_types=["fingerprint"])
    assert data["status"] != "approved", data["decision"]
    assert data["steps"][2]["status"] == "failed" and "biometric_differs" in {r["code"] for r in data["decision"]["reasons"]}


def test_a_rejected_document_ends_in_no_approval(person: Person):
    document = person.read_document(pictures.scene(21))
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    data = person.wait_verification(data_of(person.start(document["id"]))["verification_id"])
    assert data["status"] in {"rejected", "needs_review"}


def test_a_verification_waits_for_the_face(person: Person):
    document = person.read_document(pictures.card("aadhaar"))
    started = data_of(person.start(document["id"]))["verification_id"]
    data = data_of(person.get(f"/verification/{started}/status"))
    assert STATUS_KEYS <= set(data)
    assert data["status"] in {"initiated", "in_progress"} and data["progress_percentage"] < 100 and data["decision"] is None


def test_the_face_may_come_after_the_start(server):
    person = new_person(server, dob="1990-01-01")
    document = person.read_document(own_card())
    started = data_of(person.start(document["id"]))["verification_id"]
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    assert person.wait_verification(started)["status"] == "approved"


def test_documents_of_others_cannot_be_named(server):
    owner, other = new_person(server), new_person(server)
    document = data_of(owner.upload(pictures.scene(1), wait=0))["document_id"]
    unknown = "0190163d-8694-739b-aea5-966c26f8ad91"
    faults = faults_of(other.start(document, unknown))
    assert faults == {"$.document_ids[0]": "no such document", "$.document_ids[1]": "no such document"}


def test_a_document_given_twice_is_refused(person: Person):
    document = data_of(person.upload(pictures.scene(1), wait=0))["document_id"]
    assert set(faults_of(person.start(document, document))) == {"$.document_ids[1]"}


def test_an_undecided_verification_cannot_be_replayed(plain_person: Person):
    document = plain_person.read_document(pictures.card("aadhaar"))
    started = data_of(plain_person.start(document["id"]))["verification_id"]
    plain_person.server.cli("decision", "replay", started, code=3)
    plain_person.server.cli("decision", "replay", "0190163d-8694-739b-aea5-966c26f8ad91", code=3)
    plain_person.server.cli("decision", "replay", "nonsense", code=3)


# The WebSocket


def connect(person: Person, **more) -> websocket.WebSocket:
    return websocket.create_connection(person.server.root.replace("http", "ws", 1) + "/ws", timeout=60, **more)


def say(socket: websocket.WebSocket, **message) -> None:
    socket.send(json.dumps(message))


def entered(person: Person) -> websocket.WebSocket:
    socket = connect(person)
    say(socket, type="authenticate", token=person.token)
    assert json.loads(socket.recv()) == {"type": "authenticated"}
    return socket


def test_the_socket_follows_a_verification_to_its_decision(server):
    person = new_person(server, dob="1990-01-01")
    document = person.read_document(own_card())
    started = data_of(person.start(document["id"]))["verification_id"]
    socket = entered(person)
    say(socket, type="subscribe", verification_id=started)
    first = json.loads(socket.recv())
    assert first["type"] == "verification" and first["data"]["verification_id"] == started
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    progress = [first["data"]["progress_percentage"]]
    while True:
        message = json.loads(socket.recv())["data"]
        progress.append(message["progress_percentage"])
        if message["status"] in {"approved", "rejected", "needs_review"}:
            break
    assert message["status"] == "approved" and message["decision"]["outcome"] == "approved"
    assert progress == sorted(progress) and progress[-1] == 100
    socket.close()


def test_the_socket_shows_nobody_elses_verification(server):
    owner, other = new_person(server), new_person(server)
    document = data_of(owner.upload(pictures.scene(1), wait=0))["document_id"]
    started = data_of(owner.start(document))["verification_id"]
    socket = entered(other)
    say(socket, type="subscribe", verification_id=started)
    assert json.loads(socket.recv())["type"] == "error"
    socket.close()


@pytest.mark.parametrize("message", ['{"type":"subscribe","verification_id":"0190163d-8694-739b-aea5-966c26f8ad91"}',
                                     '{"type":"authenticate","token":"forged"}', "not json", "{}", "[]"])
def test_the_socket_is_closed_to_whoever_does_not_authenticate(plain_person: Person, message):
    socket = connect(plain_person)
    socket.send(message)
    with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
        while True:
            assert socket.recv() in ("", b"")
            if not socket.connected:
                raise ConnectionError
    socket.close()


def test_the_socket_answers_nonsense_with_an_error(plain_person: Person):
    socket = entered(plain_person)
    say(socket, type="dance")
    assert json.loads(socket.recv())["type"] == "error"
    say(socket, type="subscribe", verification_id="test_id")
    assert json.loads(socket.recv())["type"] == "error"
    socket.close()


def test_a_page_of_another_origin_may_not_open_the_socket(plain_person: Person):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(plain_person, origin="https://evil.example")
    assert refused.value.status_code == 403


def test_an_unknown_verification_is_not_found(person: Person):
    error_of(person.get("/verification/0190163d-8694-739b-aea5-966c26f8ad91/status"), 404, "NOT_FOUND")
