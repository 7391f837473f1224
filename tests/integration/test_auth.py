"""Registration, login, the emailed link, and access tokens."""

from __future__ import annotations

import base64
import json
import re
import time

import jwt
import pytest
import requests

from support.people import PASSWORD, Person, data_of, error_of, faults_of, login, new_email, new_person, outbox, register

LINK = re.compile(r"/setup-password#token=(\S+)")
CONFIRMATION = re.compile(r"/verify-email#token=(\S+)")


def test_registration_with_a_password_answers_as_the_specification_says(server):
    data = data_of(register(server), 201)
    assert set(data) == {"user_id", "message", "verification_required"}
    assert data["message"] == "User registered successfully"
    assert data["verification_required"] is True


def test_registration_with_the_specifications_own_example(server):
    answer = register(server, name="John Doe", password=None, phone="+919876543210", dob="1990-01-01", address="123 Main St, Mumbai, India")
    assert answer.status_code == 201


def test_an_account_without_a_password_is_set_up_by_the_emailed_link(server):
    email = new_email()
    data_of(register(server, email=email, password=None), 201)
    error_of(login(server, email, "any password at all"), 401, "INVALID_CREDENTIALS")
    [message] = outbox(server, email)
    assert message["channel"] == "email"
    token = LINK.search(message["body"]).group(1)
    body = {"token": token, "password": "my very own password"}
    data = data_of(requests.post(server.base + "/auth/password/setup", json=body, timeout=30))
    assert set(data) == {"message"}
    entered = data_of(login(server, email, "my very own password"))
    me = requests.get(server.base + "/users/me", headers={"Authorization": "Bearer " + entered["access_token"]}, timeout=30)
    assert data_of(me)["email_verified"] is True  # only the address's owner had the link
    assert "token" in "".join(faults_of(requests.post(server.base + "/auth/password/setup", json=body, timeout=30)))


def test_an_address_is_confirmed_by_its_emailed_link(server):
    person = new_person(server)
    assert data_of(person.get("/users/me"))["email_verified"] is False
    [message] = outbox(server, person.email)
    body = {"token": CONFIRMATION.search(message["body"]).group(1)}
    setup = {**body, "password": "someone else's choice"}
    assert requests.post(server.base + "/auth/password/setup", json=setup, timeout=30).status_code == 400, "a link serves one purpose"
    data_of(requests.post(server.base + "/auth/email/verify", json=body, timeout=30))
    assert data_of(person.get("/users/me"))["email_verified"] is True
    assert set(faults_of(requests.post(server.base + "/auth/email/verify", json=body, timeout=30))) == {"$.token"}
    assert data_of(login(server, person.email, PASSWORD))["user"]["id"] == person.id


def test_a_made_up_setup_token_is_refused(server):
    answer = requests.post(server.base + "/auth/password/setup", json={"token": "x" * 43, "password": PASSWORD}, timeout=30)
    assert faults_of(answer) == {"$.token": "is unknown, used or expired"}


def test_registering_an_existing_address_answers_the_same_and_changes_nothing(server):
    email = new_email()
    first = register(server, email=email, name="First Owner")
    again = register(server, email=email.upper(), name="Somebody Else", password="another password")
    first_data, again_data = data_of(first, 201), data_of(again, 201)
    assert first_data.keys() == again_data.keys()
    assert first_data["message"] == again_data["message"]
    assert first_data["user_id"] != again_data["user_id"]
    assert {k for k in first.headers} == {k for k in again.headers}
    error_of(login(server, email, "another password"), 401, "INVALID_CREDENTIALS")
    assert data_of(login(server, email, PASSWORD))["user"]["name"] == "First Owner"
    assert any("already have an account" in m["subject"] for m in outbox(server, email))


def test_login_answers_as_the_specification_says(server):
    email = new_email()
    made = data_of(register(server, email=email, name="John Doe"), 201)
    data = data_of(login(server, email, PASSWORD))
    assert set(data) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert data["token_type"] == "bearer"
    assert data["expires_in"] == 3600
    assert {"id", "name", "email"} <= set(data["user"]) <= {"id", "name", "email", "role"}
    assert data["user"]["id"] == made["user_id"]
    assert (data["user"]["name"], data["user"]["email"]) == ("John Doe", email)


def test_addresses_do_not_depend_on_case(server):
    email = new_email()
    data_of(register(server, email=email.replace("person", "PerSon")), 201)
    assert data_of(login(server, email.upper(), PASSWORD))["user"]["email"] == email


def test_wrong_password_and_unknown_address_answer_alike(server):
    email = new_email()
    data_of(register(server, email=email), 201)
    wrong = error_of(login(server, email, "not the password"), 401, "INVALID_CREDENTIALS")
    unknown = error_of(login(server, new_email(), "not the password"), 401, "INVALID_CREDENTIALS")
    assert (wrong["message"], wrong["details"]) == (unknown["message"], unknown["details"])


def test_the_profile_holds_what_was_registered(server):
    person = new_person(server, name="Asha Rao", phone="+919812345678", dob="1988-02-29", address="4 Lake Road, Pune")
    data = data_of(person.get("/users/me"))
    assert set(data) == {"id", "name", "email", "phone", "dob", "address", "role", "email_verified", "phone_verified", "created_at"}
    assert data["name"] == "Asha Rao" and data["phone"] == "+919812345678" and data["dob"] == "1988-02-29"
    assert data["address"] == "4 Lake Road, Pune" and data["role"] == "user"
    assert data["email_verified"] is False


def test_a_name_of_any_script_survives(server):
    name = "ஆஷா ரெட்டி 王小明 O’Brien 🙂"
    assert data_of(new_person(server, name=name).get("/users/me"))["name"] == name


# Tokens


def test_a_token_has_the_specifications_header_and_claims(person):
    header = jwt.get_unverified_header(person.token)
    assert header == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(person.token, options={"verify_signature": False})
    assert set(claims) == {"sub", "email", "role", "permissions", "iat", "exp", "jti", "sid", "auth_time", "acr", "amr"}
    assert claims["acr"] == "aal1" and claims["amr"] == ["pwd"]
    assert claims["sub"] == person.id and claims["email"] == person.email and claims["role"] == "user"
    assert {"verify_documents", "view_dashboard"} <= set(claims["permissions"])
    assert not {"manage_users", "read_audit", "review_verifications"} & set(claims["permissions"])
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - time.time()) < 600


def test_tokens_are_signed_with_the_configured_key(servers):
    key = "0123456789abcdef0123456789abcdef-of-this-test"
    server = servers(JWT_SECRET_KEY=key, JWT_EXPIRE_MINUTES="5").start()
    person = new_person(server)
    claims = jwt.decode(person.token, key, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 300
    now = int(time.time())
    good = {**claims, "iat": now, "exp": now + 60}

    def status(token: str) -> int:
        return requests.get(server.base + "/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code

    assert status(jwt.encode(good, key, "HS256")) == 200  # so the refusals below are for their own reasons
    assert status(jwt.encode({**good, "iat": now - 7200, "exp": now - 3600}, key, "HS256")) == 401
    assert status(jwt.encode({k: v for k, v in good.items() if k != "exp"}, key, "HS256")) == 401
    assert status(jwt.encode({**good, "nbf": now + 3600}, key, "HS256")) == 401
    assert status(jwt.encode({**good, "iat": now + 3600, "exp": now + 7200}, key, "HS256")) == 401
    assert status(jwt.encode({**good, "role": "emperor"}, key, "HS256")) == 401
    assert status(jwt.encode({**good, "sub": "1"}, key, "HS256")) == 401
    assert status(jwt.encode(good, key, "HS384")) == 401
    assert status(jwt.encode(good, key, "HS512")) == 401
    assert status(jwt.encode(good, key + "x", "HS256")) == 401
    assert status(jwt.encode(good, key, "HS256", headers={"jwk": {"kty": "oct", "k": "AAAA"}})) == 401
    server.close()


def piece(data: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def forgeries(token: str) -> dict[str, str]:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    admin = piece({**claims, "role": "admin", "permissions": ["manage_users", "read_audit", "review_verifications"]})
    none = piece({"alg": "none", "typ": "JWT"})
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "claims changed": f"{header}.{admin}.{signature}",
        "signature changed": f"{header}.{payload}.{flipped}",
        "signature absent": f"{header}.{payload}.",
        "signature cut": f"{header}.{payload}.{signature[:20]}",
        "algorithm none": f"{none}.{admin}.",
        "algorithm None": f"{piece({'alg': 'None', 'typ': 'JWT'})}.{admin}.",
        "algorithm none with the old signature": f"{none}.{payload}.{signature}",
        "another algorithm": jwt.encode(claims, pem, "ES256"),
        "another key": jwt.encode(claims, "k" * 40, "HS256"),
        "empty key": f"{header}.{payload}.{'A' * 43}",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.{signature}",
        "empty": "",
        "garbage": "garbage",
        "not base64": "!!!.???.***",
        "huge": "A" * 9000,
    }


def test_forged_tokens_are_refused(person):
    for what, token in forgeries(person.token).items():
        answer = requests.get(person.server.base + "/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 401, f"{what}: {answer.status_code}"
        error_of(answer, 401, "AUTHENTICATION_REQUIRED")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), what


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Token abc", "bearer  "])
def test_other_schemes_are_refused(plain_server, header):
    answer = requests.get(plain_server.base + "/users/me", headers={"Authorization": header} if header else {}, timeout=30)
    error_of(answer, 401, "AUTHENTICATION_REQUIRED")


def test_a_token_in_the_query_does_not_count(plain_person: Person):
    answer = requests.get(plain_person.server.base + "/users/me", params={"access_token": plain_person.token}, timeout=30)
    assert answer.status_code in (400, 401)
