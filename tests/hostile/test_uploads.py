"""Hostile uploads: each is refused clearly, within bounded memory, and harms nobody."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import pictures
from support.corpus import CORPUS, Hostile
from support.people import Person, data_of, error_of, faults_of, new_person
from support.wire import Wire, form, upload_head

PLAIN_WORDS = 8  # a reason that a person can read has at least so many letters


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda h: h.name.replace(" ", "-"))
def test_a_hostile_document_is_refused_or_rejected(attacker: Person, hostile: Hostile):
    data = hostile.make()
    answer = attacker.upload(data, wait=30)
    assert answer.status_code < 500, answer.text
    if hostile.refused_at_once or answer.status_code != 200:
        assert answer.status_code in (400, 413), answer.text
        error = error_of(answer, answer.status_code, "VALIDATION_ERROR" if answer.status_code == 400 else "PAYLOAD_TOO_LARGE")
        assert error["details"]["field"] == "front_image"
        assert len(error["details"]["reason"]) >= PLAIN_WORDS
        return
    document = attacker.wait_document(data_of(answer)["document_id"])
    assert document["verification_status"] == "rejected", document
    assert document["reasons"] and all(len(r) >= PLAIN_WORDS for r in document["reasons"])


@pytest.mark.parametrize("hostile", [h for h in CORPUS if h.refused_at_once and "PDF" not in h.name][::2],
                         ids=lambda h: h.name.replace(" ", "-"))
def test_a_hostile_face_is_refused(attacker: Person, hostile: Hostile):
    answer = attacker.capture(hostile.make())
    assert set(faults_of(answer)) == {"$.face_image"}


def test_a_hostile_face_in_json_is_refused(attacker: Person):
    document = attacker.upload(pictures.stripes(), wait=30).json()["data"]["document_id"]
    for hostile in [h for h in CORPUS if h.refused_at_once][::6]:
        text = base64.b64encode(hostile.make()).decode()
        answer = attacker.post("/face/verify", json={"document_id": document, "face_image": text})
        assert 400 <= answer.status_code < 500, (hostile.name, answer.text)


def test_50_megabytes_are_refused(attacker: Person, target):
    before = target.resident_mb()
    big = bytes(50 << 20)
    error_of(attacker.upload(big), 413, "PAYLOAD_TOO_LARGE")
    error_of(attacker.upload(pictures.stripes() + big[:20 << 20]), 413, "PAYLOAD_TOO_LARGE")
    with Wire(target.port) as wire:  # of unannounced length
        wire.send(upload_head(attacker.token, None))
        try:
            wire.send(form({}, {"front_image": b""})[:80])
            for _ in range(60):
                wire.send(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
        except OSError:
            pass  # it stopped listening, as it may
        answer = wire.answer()
        assert answer is None or answer.status in (400, 413)
    assert target.resident_mb() < before + 120


@pytest.mark.parametrize("name", [
    "../../../../etc/passwd", "..\\..\\windows\\system32\\drivers\\etc\\hosts", "/etc/shadow", "a\0.jpg", "x" * 3000, "con.jpg", "\u202egpj.exe",
    "; rm -rf /", "$(touch /tmp/owned)", "<script>alert(1)</script>.jpg", "'; DROP TABLE documents; --", "%2e%2e%2f", "💣.jpg", ""])
def test_a_files_name_means_nothing(attacker: Person, target, name):
    body = b"--B\r\nContent-Disposition: form-data; name=\"wait_seconds\"\r\n\r\n0\r\n"
    body += b'--B\r\nContent-Disposition: form-data; name="front_image"; filename="' + name.encode() + b'"\r\nContent-Type: image/jpeg\r\n\r\n'
    body += pictures.stripes(200, 150) + b"\r\n--B--\r\n"
    answer = attacker.post("/documents/upload", data=body, headers={"Content-Type": "multipart/form-data; boundary=B"})
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 200 and len(name) > 5:
        document = attacker.get(f"/documents/{answer.json()['data']['document_id']}").text
        assert name not in document
    names = [p.name for p in target.data_dir.rglob("*")]
    assert not any(n in name for n in names if len(n) > 3 and n in name)


PART = b'--B\r\nContent-Disposition: form-data; name="wait_seconds"\r\n\r\n0\r\n'
FILE = b'--B\r\nContent-Disposition: form-data; name="front_image"; filename="f"\r\n\r\n'
END = b"\r\n--B--\r\n"


def raw(attacker: Person, body: bytes, kind: str = "multipart/form-data; boundary=B"):
    return attacker.post("/documents/upload", data=body, headers={"Content-Type": kind})


def picture() -> bytes:
    return pictures.stripes(200, 150)


def test_the_plain_form_of_these_tests_is_accepted(attacker: Person):
    assert raw(attacker, PART + FILE + picture() + END).status_code == 200


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
                                  "multipart/form-data; boundary=" + "x" * 71, "multipart/form-data; boundary=C", "multipart/mixed; boundary=B",
                                  "multipart/form-datax; boundary=B", "multipart/form-data; boundary=\"B", "multipart/form-data;;;;"])
def test_boundaries_that_are_none_are_refused(attacker: Person, kind):
    answer = raw(attacker, PART + FILE + picture() + END, kind)
    assert answer.status_code in (400, 415), (kind, answer.text)
    error_of(answer, answer.status_code, "VALIDATION_ERROR" if answer.status_code == 400 else "UNSUPPORTED_MEDIA_TYPE")


BAD_FORMS = {
    "empty": b"",
    "only the end": b"--B--\r\n",
    "no end": PART + FILE + picture(),
    "cut boundary": PART + FILE + picture() + b"\r\n--",
    "text before the first part": b"hello" + PART + FILE + picture() + END,
    "bytes after a boundary": b"--Bxx\r\n" + FILE + picture() + END,
    "part without a name": b'--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n' + FILE + picture() + END,
    "part without headers": b"--B\r\n\r\nx\r\n" + FILE + picture() + END,
    "header without a colon": b"--B\r\nContent-Disposition form-data\r\n\r\nx\r\n" + FILE + picture() + END,
    "endless part header": b"--B\r\nX: " + b"y" * 100_000,
    "field given twice": PART + PART + FILE + picture() + END,
    "file given twice": PART + FILE + picture() + b"\r\n" + FILE + picture() + END,
    "file and field of one name": PART + FILE + picture() + b'\r\n--B\r\nContent-Disposition: form-data; name="front_image"\r\n\r\nx' + END,
    "thousands of parts": b"".join(b'--B\r\nContent-Disposition: form-data; name="p%d"\r\n\r\nx\r\n' % i for i in range(5000)) + END,
    "thousands of files": b"".join(b'--B\r\nContent-Disposition: form-data; name="p%d"; filename="f"\r\n\r\nx\r\n' % i for i in range(5000)) + END,
    "a huge field": b'--B\r\nContent-Disposition: form-data; name="document_type"\r\n\r\n' + b"x" * 2_000_000 + END,
    "a name with a NUL": b'--B\r\nContent-Disposition: form-data; name="front\0_image"; filename="f"\r\n\r\nx' + END,
    "a name of brackets": b'--B\r\nContent-Disposition: form-data; name="front_image[]"; filename="f"\r\n\r\nx' + END,
    "the file as a text field": b'--B\r\nContent-Disposition: form-data; name="front_image"\r\n\r\nAAAA' + END,
    "the type as a file": FILE + picture() + b'\r\n--B\r\nContent-Disposition: form-data; name="document_type"; filename="f"\r\n\r\npan' + END,
    "an empty file": PART + FILE + END,
    "boundaries without end": b"--B\r\n" * 50_000,
    "line feeds alone": PART.replace(b"\r\n", b"\n") + FILE.replace(b"\r\n", b"\n") + picture() + b"\n--B--\n",
}


@pytest.mark.parametrize("what", BAD_FORMS)
def test_a_form_that_is_none_is_refused(attacker: Person, what):
    answer = raw(attacker, BAD_FORMS[what])
    error_of(answer, 400, "VALIDATION_ERROR")


def test_a_boundary_inside_the_picture_does_not_cut_it(attacker: Person):
    """Only CR LF, two dashes and the whole boundary end a part."""
    good = pictures.card("pan")
    near = b"\r\n--\r\n--A\r\n--C--\r\n-B\r\n--b\r\n"
    comment = b"\xff\xfe" + (len(near) + 2).to_bytes(2, "big") + near
    answer = raw(attacker, PART + FILE + good[:2] + comment + good[2:] + END)
    assert attacker.wait_document(data_of(answer)["document_id"])["verification_status"] == "approved"


def test_huge_numbers_of_headers_are_refused(target):
    with Wire(target.port) as wire:
        try:
            wire.send("GET /health/live HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{i}: y\r\n" for i in range(20_000)) + "\r\n")
        except OSError:
            pass
        answer = wire.answer()
        assert answer is None or 400 <= answer.status < 500


def test_many_hostile_uploads_at_once(attacker: Person, target):
    """All of it again, twelve at a time: still bounded, still nobody's server error."""
    people = [new_person(target) for _ in range(12)]

    def attack(n: int) -> int:
        return people[n % 12].upload(CORPUS[n % len(CORPUS)].make(), wait=0).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = set(pool.map(attack, range(len(CORPUS))))
    assert statuses <= {200, 400, 413, 503}, statuses
    for person in people:
        for item in data_of(person.get("/documents?limit=100"))["items"]:
            assert person.wait_document(item["id"])["verification_status"] == "rejected"
