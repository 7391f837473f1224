"""Second factors: authenticator apps, recovery codes, codes by e-mail and SMS; step-up; what their guessing meets."""

from __future__ import annotations

import base64
import re
import time
import uuid

import jwt
import pytest
import requests
import zxingcpp
from PIL import Image

from support import database
from support.factors import challenge, enrol, forget_step, oathtool, prove, strong
from support.people import PASSWORD, Person, data_of, enter, error_of, faults_of, login, new_email, new_person, new_worker, outbox, register
from support.server import Server

CODE = re.compile(r"^(\d{6}) is your code")


def claims_of(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


# Authenticator apps


def test_an_authenticator_app_is_enrolled_with_a_qr_code_and_asked_at_sign_in(server):
    person = new_person(server)
    made = data_of(person.post("/auth/factors/totp"))
    assert made["otpauth_uri"].startswith("otpauth://totp/AuthX:") and f"secret={made['secret']}" in made["otpauth_uri"]
    assert made["qr_svg"].startswith("<svg ")
    # Unconfirmed, it changes nothing.
    assert "access_token" in data_of(login(server, person.email, PASSWORD))
    codes = data_of(person.post("/auth/factors/totp/confirm", json={"code": oathtool(made["secret"])}))["recovery_codes"]
    assert len(set(codes)) == 10
    asked = challenge(person)
    assert asked["methods"] == ["totp", "recovery_code"]
    forget_step(server, person.id)
    data = data_of(prove(server, asked["challenge_token"], "totp", oathtool(made["secret"])))
    claims = claims_of(data["access_token"])
    assert claims["acr"] == "aal2" and set(claims["amr"]) == {"pwd", "otp", "mfa"}


def test_the_qr_code_says_what_the_answer_says(plain_server):
    made = data_of(new_person(plain_server).post("/auth/factors/totp"))
    squares = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", made["qr_svg"])}
    side = int(re.search(r'viewBox="0 0 (\d+)', made["qr_svg"]).group(1))
    picture = Image.new("L", (side, side), 255)
    for square in squares:
        picture.putpixel(square, 0)
    read = zxingcpp.read_barcodes(picture.resize((side * 4, side * 4), Image.Resampling.NEAREST))
    assert [code.text for code in read] == [made["otpauth_uri"]]


def test_codes_are_those_of_oathtool_within_one_step(server):
    person = new_person(server)
    secret, _ = enrol(person)
    for offset, accepted in ((-90, False), (-30, True), (30, True), (90, False)):
        forget_step(server, person.id)
        answer = prove(server, challenge(person)["challenge_token"], "totp", oathtool(secret, time.time() + offset))
        assert answer.status_code == (200 if accepted else 401), offset


def test_a_totp_code_serves_once(server):
    person = new_person(server)
    secret, _ = enrol(person)
    code = oathtool(secret)
    data_of(prove(server, challenge(person)["challenge_token"], "totp", code))
    error_of(prove(server, challenge(person)["challenge_token"], "totp", code), 401, "INVALID_CREDENTIALS")


def test_the_secret_is_sealed_in_the_database(server):
    person = new_person(server)
    secret, _ = enrol(person)
    stored = database.value(server, f"SELECT secret FROM totp_factors WHERE user_id = '{person.id}'")
    assert base64.b32decode(secret + "=" * (-len(secret) % 8)) not in bytes(stored)


def test_guessing_codes_ends_the_challenge(server):
    """Against guessing without a cap: five tries for one sign-in, the right code after them included."""
    person = new_person(server)
    secret, _ = enrol(person)
    token = challenge(person)["challenge_token"]
    wrong = f"{(int(oathtool(secret)) + 1) % 1_000_000:06}"
    statuses = [prove(server, token, "totp", wrong).status_code for _ in range(5)]
    assert set(statuses) <= {401, 429}
    assert prove(server, token, "totp", oathtool(secret)).status_code in (401, 429)


def test_guessing_over_many_sign_ins_is_delayed(server):
    """A new sign-in gives five new tries, and still no more guesses."""
    person = new_person(server)
    enrol(person)
    answers = [prove(server, challenge(person)["challenge_token"], "totp", "000000") for _ in range(9)]
    limited = [a for a in answers if a.status_code == 429]
    assert limited and int(limited[0].headers["Retry-After"]) >= 1


def test_a_challenge_token_serves_once_and_one_account(server):
    person, other = new_person(server), new_person(server)
    secret, _ = enrol(person)
    others_secret, _ = enrol(other)
    token = challenge(person)["challenge_token"]
    error_of(prove(server, token, "totp", oathtool(others_secret)), 401, "INVALID_CREDENTIALS")
    data_of(prove(server, token, "totp", oathtool(secret)))
    forget_step(server, person.id)
    error_of(prove(server, token, "totp", oathtool(secret)), 401, "INVALID_CREDENTIALS")
    error_of(prove(server, "x" * 43, "totp", oathtool(secret)), 401, "INVALID_CREDENTIALS")


def test_a_challenge_token_is_no_access_token(server):
    person = new_person(server)
    enrol(person)
    token = challenge(person)["challenge_token"]
    assert requests.get(server.base + "/users/me", headers={"Authorization": "Bearer " + token}, timeout=30).status_code == 401
    assert requests.post(server.base + "/auth/refresh", json={"refresh_token": token}, timeout=30).status_code == 401


def test_a_method_that_is_not_switched_on_is_refused(server):
    """Against re-enabling by a parameter what the account did not switch on."""
    person = new_person(server)
    enrol(person)
    token = challenge(person)["challenge_token"]
    faults_of(requests.post(server.base + "/auth/mfa/code", json={"challenge_token": token, "method": "email"}, timeout=30))
    error_of(prove(server, token, "email", "000000"), 401, "INVALID_CREDENTIALS")
    error_of(prove(server, token, "sms", "000000"), 401, "INVALID_CREDENTIALS")


# Recovery codes


def test_a_recovery_code_serves_once_and_its_owner_is_told(server):
    person = new_person(server)
    _, codes = enrol(person)
    data_of(prove(server, challenge(person)["challenge_token"], "recovery_code", codes[0].upper().replace("-", " ")))
    assert any("recovery code" in m["subject"] for m in outbox(server, person.email))
    error_of(prove(server, challenge(person)["challenge_token"], "recovery_code", codes[0]), 401, "INVALID_CREDENTIALS")
    data_of(prove(server, challenge(person)["challenge_token"], "recovery_code", codes[1]))


def test_new_recovery_codes_replace_the_old(server):
    person = new_person(server)
    secret, old = enrol(person)
    now = strong(person, secret)
    fresh = data_of(now.post("/auth/factors/recovery-codes"))["recovery_codes"]
    assert not set(old) & set(fresh)
    error_of(prove(server, challenge(person)["challenge_token"], "recovery_code", old[0]), 401, "INVALID_CREDENTIALS")
    assert data_of(now.get("/auth/factors"))["recovery_codes_left"] == 10


# Codes by e-mail and SMS


def verified_email(server: Server) -> Person:
    person = new_person(server)
    token = re.search(r"/verify-email#token=(\S+)", outbox(server, person.email)[-1]["body"]).group(1)
    data_of(requests.post(server.base + "/auth/email/verify", json={"token": token}, timeout=30))
    return person


def code_for(server: Server, token: str, to: str, method: str = "email") -> str:
    data_of(requests.post(server.base + "/auth/mfa/code", json={"challenge_token": token, "method": method}, timeout=30))
    return next(CODE.match(m["body"]).group(1) for m in outbox(server, to) if CODE.match(m["body"]))


def test_codes_by_email_need_a_confirmed_address(server):
    person = new_person(server)
    error_of(person.post("/auth/factors/email/enable"), 409, "CONFLICT")
    sure = verified_email(server)
    data_of(sure.post("/auth/factors/email/enable"))
    asked = challenge(sure)
    assert asked["methods"] == ["email"]
    code = code_for(server, asked["challenge_token"], sure.email)
    data_of(prove(server, asked["challenge_token"], "email", code))


def test_an_emailed_code_counts_for_its_own_sign_in_once_and_in_time(server):
    person = verified_email(server)
    data_of(person.post("/auth/factors/email/enable"))
    first, second = challenge(person), challenge(person)
    code = code_for(server, first["challenge_token"], person.email)
    error_of(prove(server, second["challenge_token"], "email", code), 401, "INVALID_CREDENTIALS")
    database.run(server, f"UPDATE one_time_codes SET expires_at = '2020-01-01T00:00:00.000000Z' WHERE user_id = '{person.id}'")
    error_of(prove(server, first["challenge_token"], "email", code), 401, "INVALID_CREDENTIALS")
    code = code_for(server, first["challenge_token"], person.email)
    data_of(prove(server, first["challenge_token"], "email", code))
    error_of(prove(server, first["challenge_token"], "email", code), 401, "INVALID_CREDENTIALS")


def test_an_emailed_code_has_five_tries(server):
    """Per code, whatever the counters of account and address say."""
    person = verified_email(server)
    data_of(person.post("/auth/factors/email/enable"))
    token = challenge(person)["challenge_token"]
    code = code_for(server, token, person.email)
    database.run(server, f"UPDATE one_time_codes SET failures = 5 WHERE user_id = '{person.id}'")
    error_of(prove(server, token, "email", code), 401, "INVALID_CREDENTIALS")


def test_no_more_than_a_few_codes_are_sent(server):
    person = verified_email(server)
    data_of(person.post("/auth/factors/email/enable"))
    token = challenge(person)["challenge_token"]
    statuses = [requests.post(server.base + "/auth/mfa/code", json={"challenge_token": token, "method": "email"}, timeout=30).status_code for _ in range(8)]
    assert statuses[0] == 200 and 429 in statuses


def test_sms_stands_only_beside_something_stronger(server):
    person = new_person(server, phone="+919812345678")
    token = data_of(person.post("/auth/phone/change", json={"phone": "+919812345679"}))["change_token"]
    code = next(CODE.match(m["body"]).group(1) for m in outbox(server, "+919812345679"))
    assert faults_of(person.post("/auth/phone/change/confirm", json={"change_token": token, "code": "000000" if code != "000000" else "000001"}))
    data_of(person.post("/auth/phone/change/confirm", json={"change_token": token, "code": code}))
    me = data_of(person.get("/users/me"))
    assert me["phone"] == "+919812345679" and me["phone_verified"] is True
    error_of(person.post("/auth/factors/sms/enable"), 409, "CONFLICT")
    secret, _ = enrol(person)
    now = strong(person, secret)
    data_of(now.post("/auth/factors/sms/enable"))
    asked = challenge(person)
    assert asked["methods"] == ["totp", "sms", "recovery_code"]
    data_of(prove(server, asked["challenge_token"], "sms", code_for(server, asked["challenge_token"], "+919812345679", "sms")))


# Step-up


def test_a_sensitive_change_asks_for_a_recent_sign_in(server):
    """RFC 9470's answer; a session that is a few minutes old is not enough, and a step-up is."""
    person = new_person(server)
    tokens = data_of(requests.post(server.base + "/auth/login", json={"email": person.email, "password": PASSWORD}, timeout=30))
    sid = claims_of(tokens["access_token"])["sid"]
    database.run(server, f"UPDATE sessions SET auth_time = '2020-01-01T00:00:00.000000Z' WHERE id = '{sid}'")
    old = data_of(requests.post(server.base + "/auth/refresh", json={"refresh_token": tokens["refresh_token"]}, timeout=30))
    header = {"Authorization": "Bearer " + old["access_token"]}
    answer = requests.post(server.base + "/auth/factors/totp", headers=header, timeout=30)
    error_of(answer, 401, "INSUFFICIENT_USER_AUTHENTICATION")
    said = answer.headers["WWW-Authenticate"]
    assert said.startswith('Bearer error="insufficient_user_authentication"') and 'max_age="300"' in said and 'acr_values="aal1"' in said
    assert requests.get(server.base + "/users/me", headers=header, timeout=30).status_code == 200
    error_of(requests.post(server.base + "/auth/step-up", headers=header, json={"password": "not the password"}, timeout=30), 401, "INVALID_CREDENTIALS")
    risen = data_of(requests.post(server.base + "/auth/step-up", headers=header, json={"password": PASSWORD}, timeout=30))
    assert claims_of(risen["access_token"])["sid"] == sid
    data_of(requests.post(server.base + "/auth/factors/totp", headers={"Authorization": "Bearer " + risen["access_token"]}, timeout=30))



def test_a_session_without_the_second_factor_cannot_remove_it(server):
    """A session of before the enrolment, or a stolen one, must prove the factor first."""
    person = new_person(server)
    secret, _ = enrol(person)
    answer = person.request("DELETE", "/auth/factors/totp")
    error_of(answer, 401, "INSUFFICIENT_USER_AUTHENTICATION")
    assert 'acr_values="aal2"' in answer.headers["WWW-Authenticate"]
    for path, body in (("/auth/email/change", {"email": new_email()}), ("/auth/password/change", {"current_password": PASSWORD, "new_password": "another good choice"})):
        error_of(person.post(path, json=body), 401, "INSUFFICIENT_USER_AUTHENTICATION")
    error_of(person.request("DELETE", "/users/me"), 401, "INSUFFICIENT_USER_AUTHENTICATION")
    asked = data_of(person.post("/auth/step-up", json={"password": PASSWORD}))
    assert asked["mfa_required"] is True
    data = data_of(prove(server, asked["challenge_token"], "totp", oathtool(secret)))
    assert data["refresh_token"] is None and claims_of(data["access_token"])["sid"] == claims_of(person.token)["sid"]
    risen = Person(server, person.id, person.email, PASSWORD, "user", data["access_token"])
    data_of(risen.request("DELETE", "/auth/factors/totp"))
    assert "access_token" in data_of(login(server, person.email, PASSWORD))


def test_a_roles_policy_asks_for_its_assurance(servers):
    server = servers(AUTHX_REQUIRED_AAL="verifier=2").start()
    verifier = new_worker(server, "verifier")
    answer = verifier.get("/documents")
    error_of(answer, 401, "INSUFFICIENT_USER_AUTHENTICATION")
    assert 'acr_values="aal2"' in answer.headers["WWW-Authenticate"]
    data_of(verifier.get("/users/me"))
    secret, _ = enrol(verifier)
    risen = strong(verifier, secret)
    data_of(risen.get("/documents"))
    data_of(new_person(server).get("/documents"))  # other roles as before
    server.close()


def test_assurance_survives_the_refresh_and_is_not_raised_by_it(server):
    person = new_person(server)
    secret, _ = enrol(person)
    data = data_of(prove(server, challenge(person)["challenge_token"], "totp", oathtool(secret)))
    renewed = data_of(requests.post(server.base + "/auth/refresh", json={"refresh_token": data["refresh_token"]}, timeout=30))
    before, after = claims_of(data["access_token"]), claims_of(renewed["access_token"])
    assert (before["acr"], before["auth_time"], before["amr"]) == (after["acr"], after["auth_time"], after["amr"])


# Losing every factor


def test_without_a_verified_identity_there_is_no_recovery(server):
    person = new_person(server)
    enrol(person)
    token = challenge(person)["challenge_token"]
    error_of(requests.post(server.base + "/auth/recovery/start", json={"challenge_token": token}, timeout=30), 409, "CONFLICT")


def proofed(server: Server, person: Person, number: str, at: str) -> None:
    """A row as an approved verification leaves it."""
    document, verification = uuid.uuid4(), uuid.uuid4()
    index = f"decode('{number}', 'hex')" if server.environment.get("DATABASE_URL") else f"x'{number}'"
    blob = "decode('00', 'hex')" if server.environment.get("DATABASE_URL") else "x'00'"
    database.run(server, "INSERT INTO documents (id, user_id, document_type, document_number_index, front_image_url, image_sha256, job_id, created_at, updated_at, "
                         f"verification_status) VALUES ('{document}', '{person.id}', 'passport', {index}, 'none', {blob}, '{uuid.uuid4()}', '{at}', '{at}', 'approved')")
    database.run(server, "INSERT INTO verifications (id, user_id, verification_type, steps, status, created_at, updated_at) "
                         f"VALUES ('{verification}', '{person.id}', 'comprehensive', '[]', 'approved', '{at}', '{at}')")
    database.run(server, f"INSERT INTO verification_documents (verification_id, document_id, position) VALUES ('{verification}', '{document}', 0)")


def test_lost_factors_are_recovered_by_proving_the_same_identity_anew(server):
    person = new_person(server)
    enrol(person)
    proofed(server, person, "aa01", "2024-01-01T00:00:00.000000Z")
    begun = data_of(requests.post(server.base + "/auth/recovery/start", json={"challenge_token": challenge(person)["challenge_token"]}, timeout=30))
    limited = Person(server, person.id, person.email, PASSWORD, "user", begun["access_token"])
    assert any("Recovery" in m["subject"] for m in outbox(server, person.email))
    # It may prove an identity and change nothing.
    data_of(limited.get("/verification"))
    for method, path in (("POST", "/auth/factors/totp"), ("DELETE", "/auth/factors/totp"), ("DELETE", "/users/me"), ("POST", "/auth/factors/recovery-codes")):
        error_of(limited.request(method, path), 401, "INSUFFICIENT_USER_AUTHENTICATION")
    error_of(limited.post("/auth/recovery/complete"), 409, "CONFLICT")
    later = "2096-01-01T00:00:00.000000Z"
    proofed(server, person, "bb02", later)  # somebody else's document
    error_of(limited.post("/auth/recovery/complete"), 409, "CONFLICT")
    proofed(server, person, "aa01", later)
    data_of(limited.post("/auth/recovery/complete"))
    assert requests.get(server.base + "/users/me", headers={"Authorization": "Bearer " + begun["access_token"]}, timeout=30).status_code == 401
    assert "access_token" in data_of(login(server, person.email, PASSWORD))


def test_an_ordinary_session_completes_no_recovery(server):
    person = new_person(server)
    proofed(server, person, "aa01", "2024-01-01T00:00:00.000000Z")
    proofed(server, person, "aa01", "2096-01-01T00:00:00.000000Z")
    error_of(person.post("/auth/recovery/complete"), 403, "PERMISSION_DENIED")


def test_an_administrators_recovery_session_is_no_administrator(server, servers):
    worker = new_worker(server, "verifier")
    enrol(worker)
    proofed(server, worker, "cc03", "2024-01-01T00:00:00.000000Z")
    begun = data_of(requests.post(server.base + "/auth/recovery/start", json={"challenge_token": challenge(worker)["challenge_token"]}, timeout=30))
    assert "review_verifications" not in claims_of(begun["access_token"])["permissions"]
    renewed = data_of(requests.post(server.base + "/auth/refresh", json={"refresh_token": begun["refresh_token"]}, timeout=30))
    assert "review_verifications" not in claims_of(renewed["access_token"])["permissions"]


@pytest.mark.parametrize("body", [{}, {"challenge_token": "x"}, {"challenge_token": "x" * 43, "method": "totp"},
                                  {"challenge_token": "x" * 43, "method": "magic", "code": "000000"},
                                  {"challenge_token": "x" * 43, "method": "passkey"},
                                  {"challenge_token": "x" * 43, "method": "totp", "code": "0" * 200}])
def test_malformed_proofs_are_validation_errors(plain_server, body):
    error_of(requests.post(plain_server.base + "/auth/mfa/verify", json=body, timeout=30), 400, "VALIDATION_ERROR")


def test_registration_takes_no_factor_or_status(plain_server):
    """Against mass assignment."""
    for extra in ({"email_verified": True}, {"phone_verified": True}, {"role": "admin"}, {"status": "active"}, {"id": "x"}, {"permissions": []}):
        assert register(plain_server, **extra).status_code == 400
    assert enter(plain_server, new_person(plain_server).email, PASSWORD)
