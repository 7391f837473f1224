"""The server that the hostile suite attacks, and the caller who does it."""

from __future__ import annotations

import pytest

from support import pictures
from support.people import Person, data_of, new_person
from support.server import Server, sanitized

# What a reading needs (models, OCR, one decoded page per core) plus a margin; a bomb that is unpacked passes it at once.
BOUND_MB = 6000 if sanitized() else 1200


@pytest.fixture(scope="session")
def target(servers) -> Server:
    server = servers().start(models=True)
    attacker = new_person(server)
    for seed in range(4):  # so that what every server loads once is not blamed on an attack
        attacker.read_document(pictures.card("pan", seed), "pan")
    data_of(attacker.capture(pictures.stripes()))
    return server


@pytest.fixture(scope="session")
def attacker(target) -> Person:
    return new_person(target)


@pytest.fixture(autouse=True)
def unharmed(request):
    """After every attack the same process runs on, within its memory, and serves the next good caller."""
    if "target" not in request.fixturenames and "attacker" not in request.fixturenames:
        yield
        return
    target = request.getfixturevalue("target")
    pid = target.pid
    yield
    assert target.alive() and target.pid == pid, target.log()[-3000:]
    assert target.peak_mb() < BOUND_MB, f"{target.peak_mb():.0f} MB"
    good = new_person(target)
    answer = good.upload(pictures.card("pan", 1), "pan")
    assert answer.status_code == 200, answer.text
    assert good.wait_document(answer.json()["data"]["document_id"])["verification_status"] == "approved"
