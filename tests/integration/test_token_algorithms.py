"""The server's own access tokens under each algorithm, while the setting changes and keys rotate."""

from __future__ import annotations

import json
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization

from support.people import Person, administrator, data_of, enter, login, new_person
from support.relying import authorize, handle_of, hmac_signed, issuing_server, new_app, tokens_for
from support.server import Server

ALGORITHMS = ["ES256", "EdDSA", "RS256"]


def status(server: Server, token: str) -> int:
    return requests.get(server.base + "/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code


def keys_of(server: Server) -> dict[str, dict]:
    return {k["kid"]: k for k in requests.get(server.root + "/oauth/jwks", timeout=30).json()["keys"]}


def signed_login(server: Server, person: Person, algorithm: str) -> Person:
    """Signs in until the algorithm's first key is known everywhere, which takes seconds once."""
    deadline = time.monotonic() + 20
    while True:
        again = enter(server, person.email, person.password)
        if jwt.get_unverified_header(again.token)["alg"] == algorithm:
            return again
        assert time.monotonic() < deadline, jwt.get_unverified_header(again.token)
        time.sleep(0.3)


def refreshed(server: Server, token: str) -> dict:
    return data_of(requests.post(server.base + "/auth/refresh", json={"refresh_token": token}, timeout=30))


@pytest.fixture(scope="module", params=ALGORITHMS)
def signing(request, servers) -> Server:
    server = issuing_server(servers, JWT_ALGORITHM=request.param)
    server.algorithm = request.param
    return server


@pytest.fixture(scope="module")
def signer(signing) -> Person:
    return signed_login(signing, new_person(signing), signing.algorithm)


def test_others_verify_the_tokens_with_the_published_keys(signing, signer):
    header = jwt.get_unverified_header(signer.token)
    assert set(header) == {"alg", "typ", "kid"} and header["typ"] == "authx+jwt"
    key = keys_of(signing)[header["kid"]]
    assert key["alg"] == signing.algorithm and key["use"] == "sig" and "d" not in key
    claims = jwt.decode(signer.token, jwt.PyJWK(key).key, algorithms=[signing.algorithm], audience=signing.root, issuer=signing.root)
    assert claims["sub"] == signer.id and claims["role"] == "user" and "view_dashboard" in claims["permissions"]
    assert status(signing, signer.token) == 200


def test_a_refresh_brings_tokens_of_the_same_algorithm(signing, signer):
    first = data_of(login(signing, signer.email, signer.password))
    second = refreshed(signing, first["refresh_token"])
    assert jwt.get_unverified_header(second["access_token"])["alg"] == signing.algorithm
    assert status(signing, second["access_token"]) == 200


def test_no_header_makes_another_algorithm_of_a_key(signing, signer):
    header = jwt.get_unverified_header(signer.token)
    key = keys_of(signing)[header["kid"]]
    claims = jwt.decode(signer.token, options={"verify_signature": False})
    claims |= {"role": "admin", "permissions": ["manage_users", "read_audit"]}
    public = jwt.PyJWK(key).key
    secrets = [json.dumps(key).encode(), header["kid"].encode(), b"",
               public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
               public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)]
    for secret in secrets:
        for typ in ("JWT", "authx+jwt", "at+jwt"):
            for more in ({}, {"kid": header["kid"]}):
                forged = hmac_signed(claims, {"alg": "HS256", "typ": typ, **more}, secret)
                assert status(signing, forged) == 401, (typ, more)
    plain, payload, signature = signer.token.split(".")
    for algorithm in ("none", "HS256", *ALGORITHMS):
        if algorithm != signing.algorithm:
            changed = hmac_signed(claims, {**header, "alg": algorithm}, b"x").split(".")[0]
            assert status(signing, f"{changed}.{payload}.{signature}") == 401, algorithm
            assert status(signing, f"{changed}.{payload}.") == 401, algorithm
    for member in ("jku", "x5u", "jwk"):
        changed = hmac_signed(claims, {**header, member: "https://evil.example/jwks"}, b"x").split(".")[0]
        assert status(signing, f"{changed}.{payload}.{signature}") == 401


def test_id_tokens_and_access_tokens_of_applications_open_no_account(signing, signer, admins):
    boss = admins(signing)
    tokens = tokens_for(signer, new_app(boss, id_token_signed_response_alg=signing.algorithm))
    assert status(signing, tokens["id_token"]) == 401
    assert status(signing, tokens["access_token"]) in (401, 403)
    asked = requests.get(signing.root + "/oauth/userinfo", headers={"Authorization": "Bearer " + signer.token}, timeout=30)
    assert asked.status_code == 401


def test_keys_rotate_without_logging_anyone_out(signing, signer):
    before = signed_login(signing, signer, signing.algorithm)
    old = jwt.get_unverified_header(before.token)["kid"]
    data_of(administrator(signing).post("/admin/oauth/keys/rotate", json={"at_once": True}))
    deadline = time.monotonic() + 20
    while jwt.get_unverified_header((after := enter(signing, signer.email, signer.password)).token)["kid"] == old:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    for token in (before.token, after.token):
        assert status(signing, token) == 200 and jwt.get_unverified_header(token)["kid"] in keys_of(signing)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_changing_the_setting_logs_nobody_out(servers, request, database):
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if database == "postgres" else {}
    server = issuing_server(servers, **settings)
    person = new_person(server)
    session = data_of(login(server, person.email, person.password))
    kept = [session["access_token"]]
    refresh = session["refresh_token"]
    for algorithm in ("ES256", "EdDSA", "HS256"):
        server.stop()
        server.environment["JWT_ALGORITHM"] = algorithm
        server.start()
        signed_login(server, person, algorithm)
        for token in kept:
            assert status(server, token) == 200, (algorithm, jwt.get_unverified_header(token))
        session = refreshed(server, refresh)
        refresh = session["refresh_token"]
        assert jwt.get_unverified_header(session["access_token"])["alg"] == algorithm
        kept.append(session["access_token"])
    server.close()


def test_processes_of_different_settings_agree_from_the_first_token_on(servers, private_postgres):
    url = private_postgres.database()
    old = issuing_server(servers, DATABASE_URL=url)
    person = new_person(old)
    shared = {"DATABASE_URL": url, "AUTHX_PUBLIC_URL": old.root}
    new = servers(**shared, JWT_ALGORITHM="ES256", AUTHX_DATA_DIR=str(old.data_dir)).start()
    documents = servers(**shared, AUTHX_DATA_DIR=str(old.data_dir), AUTHX_SERVICES="documents").start()
    everyone = (old, new, documents)
    seen = set()
    deadline = time.monotonic() + 20
    while "ES256" not in seen:  # from the new process's first token on, every process takes every token
        token = enter(new, person.email, person.password).token
        seen.add(jwt.get_unverified_header(token)["alg"])
        answers = [requests.get(s.base + "/documents", headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code for s in everyone]
        assert answers == [200, 200, 200], (seen, answers)
        assert time.monotonic() < deadline
    back = enter(old, person.email, person.password).token
    assert jwt.get_unverified_header(back)["alg"] == "HS256" and status(new, back) == 200


def test_an_unknown_algorithm_is_refused_at_the_start(servers):
    server = servers(JWT_ALGORITHM="HS512")
    with pytest.raises(RuntimeError, match="JWT_ALGORITHM"):
        server.start()


def test_a_signed_login_decides_about_an_application(signing, signer, admins):
    app = new_app(admins(signing))
    asked = handle_of(authorize(app, scope="openid"))
    assert data_of(signer.post("/oauth/requests/look", json={"request": asked}))["client_id"] == app.id
