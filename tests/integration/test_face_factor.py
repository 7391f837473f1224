"""The face as a second factor and an identity proven anew, from the document to the session: with real photographs, on both databases."""

from __future__ import annotations

import jwt
import pytest
import requests

from support import pictures
from support.factors import challenge, enrol, prove, strong
from support.people import Person, data_of, error_of, faults_of, login, new_person, outbox
from support.server import Server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request, servers) -> Server:
    pictures.photo(pictures.PORTRAIT)
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if request.param == "postgres" else {}
    return servers(**settings).start(models=True)


def card(kind: str) -> bytes:
    """Each person here shows a document of another kind: a picture that another account gave is a reason to look closer."""
    return pictures.card(kind, 8 if kind == "aadhaar_letter" else 7, portrait=pictures.PORTRAIT)


def verified_person(server: Server, kind: str) -> Person:
    person = new_person(server, dob="1990-01-01")
    prove_identity(person, kind)
    return person


def prove_identity(person: Person, kind: str) -> None:
    document = person.read_document(card(kind), "aadhar" if kind.startswith("aadhaar") else kind)
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    decided = person.wait_verification(data_of(person.start(document["id"]))["verification_id"])
    assert decided["status"] == "approved", decided["decision"]


def with_face(server: Server, kind: str) -> Person:
    """A verified person whose face counts beside the authenticator app."""
    person = verified_person(server, kind)
    secret, _ = enrol(person)
    data_of(strong(person, secret).post("/auth/factors/face/enable"))
    return person


def show(server: Server, token: str, picture: bytes) -> requests.Response:
    return requests.post(server.base + "/auth/mfa/face", data={"challenge_token": token}, files={"face_image": ("me.jpg", picture, "image/jpeg")},
                         timeout=60)


def selfie() -> bytes:
    return pictures.photo(pictures.SELFIE).read_bytes()


def stranger() -> bytes:
    return pictures.photo(pictures.STRANGER).read_bytes()


def test_a_verified_face_finishes_a_sign_in_and_a_step_up(server):
    person = with_face(server, "aadhaar")
    asked = challenge(person)
    assert "face" in asked["methods"]
    entered = data_of(show(server, asked["challenge_token"], selfie()))
    claims = jwt.decode(entered["access_token"], options={"verify_signature": False})
    assert claims["acr"] == "aal2" and {"pwd", "face", "mfa"} <= set(claims["amr"]), claims
    error_of(show(server, asked["challenge_token"], selfie()), 401, "INVALID_CREDENTIALS")  # once

    inside = Person(server, person.id, person.email, person.password, "user", entered["access_token"])
    stepped = data_of(inside.post("/auth/step-up", json={"password": person.password}))
    data_of(show(server, stepped["challenge_token"], selfie()))


def test_another_face_no_face_and_no_picture_are_refused(server):
    person = with_face(server, "pan")
    error_of(show(server, challenge(person)["challenge_token"], stranger()), 401, "INVALID_CREDENTIALS")
    for picture in (pictures.stripes(), b"no picture at all"):
        assert "$.face_image" in faults_of(show(server, challenge(person)["challenge_token"], picture))
    data_of(show(server, challenge(person)["challenge_token"], selfie()))


def test_a_challenge_takes_no_more_than_its_tries(server):
    person = with_face(server, "passport")
    token = challenge(person)["challenge_token"]
    seen = [show(server, token, stranger()).status_code for _ in range(6)]
    assert set(seen) <= {401, 429} and seen[0] == 401, seen
    assert show(server, token, selfie()).status_code in (401, 429), "the owner's face comes too late for this challenge"


def test_the_face_is_no_factor_without_a_verified_identity_and_never_the_only_one(server):
    person = new_person(server)
    secret, _ = enrol(person)
    error_of(strong(person, secret).post("/auth/factors/face/enable"), 409, "CONFLICT")
    assert "face" not in challenge(person)["methods"]
    verified = verified_person(server, "driving_license")
    error_of(verified.post("/auth/factors/face/enable"), 409, "CONFLICT")  # something that is no biometric comes first
    secret, _ = enrol(verified)
    data_of(strong(verified, secret).post("/auth/factors/face/enable"))
    error_of(login(server, verified.email, "not the password"), 401, "INVALID_CREDENTIALS")


def test_the_face_of_an_account_does_not_open_another(server):
    first, second = with_face(server, "voter_id"), new_person(server)
    enrol(second)
    error_of(show(server, challenge(second)["challenge_token"], selfie()), 401, "INVALID_CREDENTIALS")
    error_of(prove(server, challenge(first)["challenge_token"], "totp", "000000"), 401, "INVALID_CREDENTIALS")


def test_lost_factors_are_recovered_with_document_and_face(server):
    person = verified_person(server, "aadhaar_letter")
    enrol(person)
    begun = data_of(requests.post(server.base + "/auth/recovery/start", json={"challenge_token": challenge(person)["challenge_token"]}, timeout=30))
    limited = Person(server, person.id, person.email, person.password, "user", begun["access_token"])
    error_of(limited.post("/auth/recovery/complete"), 409, "CONFLICT")
    prove_identity(limited, "aadhaar_letter")
    data_of(limited.post("/auth/recovery/complete"))
    assert "access_token" in data_of(login(server, person.email, person.password))
    assert any("recovered" in m["subject"] for m in outbox(server, person.email))
