"""The server that the hostile suite attacks, and the caller who does it."""

from __future__ import annotations

import itertools

import pytest

from support import pictures
from support.people import Person, data_of, new_person
from support.server import Server, sanitized

# What a reading needs (models, OCR, a decoded page per core) plus a margin; a bomb that is unpacked passes it at once.
BOUND_MB = 6000 if sanitized() else 1000
EVERY = 8  # tests: a whole good upload takes half a second
_count = itertools.count(1)


@pytest.fixture(scope="session")
def target(servers) -> Server:
    server = servers().start(models=True)
    attacker = new_person(server)
    for seed in range(4):  # so that what every server loads once is not blamed on an attack
        attacker.read_document(pictures.card("pan", seed), "pan")
    data_of(attacker.capture(pictures.stripes()))
    yield server
    good_upload(server)
    print(f"\nhostile input: peak resident memory {server.peak_mb():.0f} MB (bound {BOUND_MB})")


@pytest.fixture(scope="session")
def attacker(target) -> Person:
    return new_person(target)


def good_upload(target: Server) -> None:
    good = new_person(target)
    answer = good.upload(pictures.card("pan", 1), "pan")
    assert answer.status_code == 200, answer.text
    assert good.wait_document(answer.json()["data"]["document_id"])["verification_status"] == "approved"


@pytest.fixture(autouse=True)
def unharmed(request):
    """After an attack the same process runs on, within its memory, and serves good callers."""
    if "target" not in request.fixturenames and "attacker" not in request.fixturenames:
        yield
        return
    target = request.getfixturevalue("target")
    pid = target.pid
    yield
    assert target.alive() and target.pid == pid, target.log()[-3000:]
    assert target.peak_mb() < BOUND_MB, f"{target.peak_mb():.0f} MB"
    if next(_count) % EVERY == 0:
        good_upload(target)
    else:
        assert new_person(target).get("/users/me").status_code == 200
