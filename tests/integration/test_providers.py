"""Look-ups at issuers: asked only with consent, by each scheme, safely, and never taken for more than they said."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest

from support import pictures
from support.database import rows
from support.people import Person, data_of, new_person
from support.provider import Provider, detached_jws, new_key

NUMBERS = iter(f"ABCPT{n:04d}K" for n in range(1000, 9999))
CONFIRMED = {"status": "valid", "name_match": True, "date_of_birth_match": True, "reference": "txn-123"}


@pytest.fixture
def provider(tmp_path_factory):
    made = []

    def make(**options) -> Provider:
        made.append(Provider(tmp_path_factory.mktemp("provider"), **options))
        return made[-1]

    yield make
    for p in made:
        p.close()


def pan(number: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="authx-card-") as folder:
        out = Path(folder) / "card.jpg"
        pictures.tool("specimen", "generate", "--type", "pan", "--number", number, "--name", "Test User", "--dob", "1990-01-01", "--out", str(out))
        return out.read_bytes()


def decided(server, consent: bool = True) -> tuple[Person, dict, str]:
    """A person whose PAN card goes through a verification; the face plays no part."""
    person = new_person(server, dob="1990-01-01")
    number = next(NUMBERS)
    document = person.read_document(pan(number), "pan")
    assert document["verification_status"] == "approved" and document["document_number"] == number, document
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    more = {"consent": True} if consent else {}
    started = data_of(person.start(document["id"], **more))
    return person, person.wait_verification(started["verification_id"]), number


def check_of(server, person: Person) -> dict:
    found = [json.loads(d) if isinstance(d, str) else d
             for (d,) in rows(server, f"SELECT details FROM audit_logs WHERE action = 'provider.checked' AND user_id = '{person.id}'")]
    assert len(found) == 1, found
    return found[0]


def codes(verification: dict) -> set[str]:
    return {r["code"] for r in verification["decision"]["reasons"]}


def step(verification: dict) -> str:
    return next(s["status"] for s in verification["steps"] if s["name"] == "issuer_verification")


@pytest.mark.parametrize("scheme,mutual,signed", [("hmac", False, False), ("jws", False, True), ("bearer", False, False),
                                                  ("oauth2", False, False), ("none", True, False), ("hmac", True, True)])
def test_each_scheme_is_spoken_as_its_server_demands(servers, provider, scheme, mutual, signed):
    stand_in = provider(scheme=scheme, mutual=mutual, sign_answers=signed, answers=[CONFIRMED])
    server = servers(LOG_LEVEL="DEBUG", **stand_in.settings()).start(models=True)
    person, verification, number = decided(server)
    assert check_of(server, person) | {"verification_id": "", "document_id": ""} == {
        "verification_id": "", "document_id": "", "kind": "pan", "answer": "confirmed", "reason": "matches", "attempts": 1}
    assert step(verification) == "completed" and "issuer_confirmed" in codes(verification)
    assert [s.refused for s in stand_in.seen] == [""]
    said = json.loads(stand_in.seen[0].body)
    assert said == {"pan": number, "consent": "Y", "reason": "KYC verification", "name": said["name"], "date_of_birth": "1990-01-01"}
    assert said["name"].upper() == "TEST USER"
    for secret in (number, stand_in.secret, "txn-123"):
        assert secret not in server.log()
    assert server.cli("decision", "replay", verification["verification_id"])["same"] is True
    if scheme == "oauth2":
        decided(server)
        assert stand_in.token_requests == 1  # the token is kept
        stand_in.tokens.clear()  # revoked before its time
        person, _, _ = decided(server)
        assert stand_in.token_requests == 2 and check_of(server, person)["answer"] == "confirmed"
    server.close()


def test_a_look_up_and_its_records_are_the_same_on_postgresql(servers, provider, private_postgres):
    stand_in = provider(answers=[CONFIRMED])
    server = servers(DATABASE_URL=private_postgres.database(), **stand_in.settings()).start(models=True)
    person, verification, _ = decided(server)
    assert check_of(server, person)["answer"] == "confirmed" and step(verification) == "completed"
    assert data_of(person.request("DELETE", f"/documents/{check_of(server, person)['document_id']}"))["receipt"]["what"]["rows"]["provider_checks"] == 1
    assert rows(server, "SELECT COUNT(*) FROM provider_checks")[0][0] == 0
    assert server.cli("decision", "replay", verification["verification_id"])["same"] is True
    server.close()


def test_without_consent_or_configuration_nothing_is_asked(servers, provider):
    stand_in = provider()
    server = servers(**stand_in.settings("VOTER_ID")).start(models=True)
    _, verification, _ = decided(server)  # consent, but no provider for PAN
    assert step(verification) == "not_checked" and "issuer_not_checked" in codes(verification) and "issuer_confirmed" not in codes(verification)
    assert server.stop() == 0
    server.environment |= stand_in.settings("PAN")
    server.start(models=True)
    _, verification, _ = decided(server, consent=False)
    assert all(s["name"] != "issuer_verification" for s in verification["steps"])
    assert "issuer_not_checked" in codes(verification)
    assert stand_in.seen == []
    server.close()


def malformed(handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"a\"")
    handler.wfile.flush()
    handler.close_connection = True


def slow(handler) -> None:
    time.sleep(2.5)
    handler.close_connection = True


def endless(handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(10_000):
            handler.wfile.write(b" " * 65_536)
    except OSError:
        pass
    handler.close_connection = True


NOT_CONFIRMED = {
    "unknown number": ([(404, {"status": "not_found"}, {})], "refuted", "number_unknown", 1),
    "invalid number": ([{"data": {"status": "invalid", "remarks": "Deleted"}}], "refuted", "number_invalid", 1),
    "another name": ([{"status": "valid", "name_match": False, "date_of_birth_match": True}], "refuted", "name_differs", 1),
    "another birth date": ([{"data": {"status": "valid", "name_as_per_pan_match": True, "dob_match": False}}], "refuted", "birth_date_differs", 1),
    "nothing compared": ([{"status": "valid"}], "unknown", "nothing_compared", 1),
    "no JSON": ([(200, b"<html>ok</html>", {})], "unknown", "answer_malformed", 1),
    "another form": ([{"ok": True}], "unknown", "answer_malformed", 1),
    "a list": ([[1, 2]], "unknown", "answer_malformed", 1),
    "matches that are words": ([{"status": "valid", "name_match": "true"}], "unknown", "nothing_compared", 1),
    "bad request": ([(422, {"error": "pan"}, {})], "unknown", "request_refused", 1),
    "forbidden": ([(403, {"status": "valid", "name_match": True}, {})], "unknown", "provider_refused", 1),
    "a redirect": ([(302, {}, {"Location": "https://127.0.0.1:1/"})], "unknown", "answer_malformed", 1),
    "always failing": ([(500, {"status": "valid", "name_match": True}, {})], "unknown", "provider_unavailable", 3),
    "always busy": ([(429, {}, {"Retry-After": "0"})], "unknown", "provider_busy", 3),
    "busy for an hour": ([(429, {}, {"Retry-After": "3600"})], "unknown", "provider_busy", 1),
    "broken answer": ([malformed], "unknown", "provider_unavailable", 3),
    "endless answer": ([endless], "unknown", "answer_malformed", 1),
    "slow": ([slow], "unknown", "provider_unavailable", 3),
}


@pytest.fixture(scope="module")
def answering(servers, tmp_path_factory):
    """One server and one stand-in whose answers the tests change."""
    stand_in = Provider(tmp_path_factory.mktemp("answering"))
    server = servers(**stand_in.settings(TIMEOUT_MS="800")).start(models=True)
    yield server, stand_in
    server.close()
    stand_in.close()


def rest(server, stand_in: Provider) -> None:
    """Closes the circuit again: one good answer, without regard to the pause."""
    stand_in.answers, stand_in.turn = [CONFIRMED], 0


@pytest.mark.parametrize("case", NOT_CONFIRMED)
def test_what_is_no_confirmation_is_never_taken_for_one(answering, case):
    server, stand_in = answering
    answers, answer, reason, attempts = NOT_CONFIRMED[case]
    rest(server, stand_in)
    decided(server)
    stand_in.answers, stand_in.turn = answers, 0
    before = len(stand_in.seen)
    person, verification, _ = decided(server)
    check = check_of(server, person)
    assert (check["answer"], check["reason"], check["attempts"]) == (answer, reason, attempts)
    assert len(stand_in.seen) - before == attempts
    assert len({s.headers["idempotency-key"] for s in stand_in.seen[before:]}) == 1  # one look-up, however often it was tried
    assert step(verification) == ("failed" if answer == "refuted" else "unavailable")
    assert verification["status"] != "approved"
    assert "issuer_confirmed" not in codes(verification)


def test_a_failure_that_passes_is_tried_again(answering):
    server, stand_in = answering
    rest(server, stand_in)
    decided(server)
    stand_in.answers, stand_in.turn = [(503, {}, {}), (429, {}, {"Retry-After": "0"}), CONFIRMED], 0
    person, _, _ = decided(server)
    assert check_of(server, person)["answer"] == "confirmed" and check_of(server, person)["attempts"] == 3


def test_a_provider_that_keeps_failing_is_left_alone(servers, provider):
    stand_in = provider(answers=[(500, {}, {})])
    server = servers(**stand_in.settings()).start(models=True)
    for _ in range(2):
        decided(server)
    asked = len(stand_in.seen)
    assert asked == 5  # three, then two until the circuit opens
    person, _, _ = decided(server)
    assert check_of(server, person) | {"verification_id": 0, "document_id": 0, "kind": 0} == {
        "verification_id": 0, "document_id": 0, "kind": 0, "answer": "unknown", "reason": "provider_paused", "attempts": 0}
    assert len(stand_in.seen) == asked
    server.close()


@pytest.mark.parametrize("case", ["another authority", "another name", "out of date", "a private address", "no client certificate",
                                  "another secret", "unsigned answer", "an answer signed by another"])
def test_a_peer_that_does_not_prove_itself_is_not_believed(servers, provider, tmp_path, case):
    options: dict = {"answers": [CONFIRMED]}
    host = "127.0.0.1"
    if case == "another name":
        options["certificate_for"] = ("10.9.9.9",)
    if case == "out of date":
        options["certificate_days"] = -1
    if case == "no client certificate":
        options["mutual"] = True
    if case in ("unsigned answer", "an answer signed by another"):
        options["sign_answers"] = True
    stand_in = provider(**options)
    if case == "unsigned answer":
        stand_in.answers = [(200, CONFIRMED, {"x-jws-signature": ""})]
    if case == "an answer signed by another":
        stand_in.answers = [(200, CONFIRMED, {"x-jws-signature": detached_jws(new_key(), json.dumps(CONFIRMED).encode())})]
    settings = stand_in.settings(host=host)
    prefix = "AUTHX_PROVIDER_PAN_"
    if case == "another authority":
        settings[prefix + "CA_FILE"] = str(provider().files["ca.pem"])
    if case == "a private address":
        settings[prefix + "ALLOW_PRIVATE"] = "false"
    if case == "no client certificate":
        del settings[prefix + "CLIENT_CERT_FILE"], settings[prefix + "CLIENT_KEY_FILE"]
    if case == "another secret":
        (tmp_path / "secret").write_text("a secret of somebody else")
        settings[prefix + "KEY_FILE"] = str(tmp_path / "secret")
    server = servers(**settings).start(models=True)
    person, verification, _ = decided(server)
    assert check_of(server, person)["answer"] == "unknown"
    assert verification["status"] != "approved"
    taken = [s for s in stand_in.seen if not s.refused]
    assert len(taken) == (1 if "answer" in case else 0)
    server.close()


@pytest.mark.parametrize("broken,why", [({"URL": "http://example.org/"}, "https"), ({"URL": "https://user:pw@example.org/"}, "https"),
                                        ({"SCHEME": "magic"}, "hmac"), ({"KEY_ID": "", "KEY": ""}, "key"),
                                        ({"SCHEME": "jws", "KEY": "no PEM"}, "RSA"), ({"SCHEME": "none"}, "certificate")])
def test_a_provider_that_is_configured_badly_stops_the_start(servers, broken, why):
    settings = {"URL": "https://example.org/lookup", "KEY_ID": "a", "KEY": "b", **broken}
    server = servers(**{f"AUTHX_PROVIDER_PAN_{k}": v for k, v in settings.items()})
    with pytest.raises(RuntimeError, match=why):
        server.start()
