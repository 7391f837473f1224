"""What bit other providers, each as a test that fails without its defence."""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import database
from support.people import Person, data_of, error_of, new_person, new_worker
from support.relying import (REDIRECT, VERIFIER, App, answer_of, approve, authorize, b64, challenge_of, code_for, dpop_proof, exchange, handle_of,
                             hmac_signed, issuing_server, new_app, refused, tokens_for)
from support.server import Server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def issuer(request, servers) -> Server:
    settings = {}
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    return issuing_server(servers, **settings)


@pytest.fixture(scope="module")
def boss(issuer, admins) -> Person:
    return admins(issuer)


@pytest.fixture(scope="module")
def person(issuer) -> Person:
    return new_person(issuer)


@pytest.fixture(scope="module")
def app(boss) -> App:
    return new_app(boss)


def userinfo(server: Server, token: str, scheme: str = "Bearer", **headers) -> requests.Response:
    return requests.get(server.root + "/oauth/userinfo", headers={"Authorization": f"{scheme} {token}", **headers}, timeout=30)


# Codes


def test_a_replayed_code_revokes_what_the_first_use_got(app, person, issuer):
    code = code_for(person, app)
    tokens = exchange(app, code).json()
    assert userinfo(issuer, tokens["access_token"]).status_code == 200
    refused(exchange(app, code), "invalid_grant")
    assert userinfo(issuer, tokens["access_token"]).status_code == 401
    refused(app.token("refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")


def test_of_parallel_uses_of_a_code_one_wins_at_most(app, person):
    code = code_for(person, app)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: exchange(app, code).status_code, range(8)))
    assert answers.count(200) <= 1 and set(answers) <= {200, 400}


def test_a_code_is_its_clients_alone(app, person, boss):
    other = new_app(boss)
    refused(exchange(other, code_for(person, app)), "invalid_grant")


def test_a_code_expires(app, person, issuer):
    code = code_for(person, app)
    past = "'2020-01-01T00:00:00.000000Z'"
    database.run(issuer, f"UPDATE oauth_codes SET expires_at = {past} WHERE used_at IS NULL")
    refused(exchange(app, code), "invalid_grant")


# PKCE


@pytest.mark.parametrize("change", [{"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"},
                                    {"code_challenge_method": None}, {"code_challenge": "short"}])
def test_pkce_cannot_be_downgraded(app, change):
    answer = answer_of(authorize(app, **change).headers["Location"])
    assert answer["error"] == "invalid_request" and "code" not in answer and answer["state"] == "a-state"


@pytest.mark.parametrize("verifier", [None, "", VERIFIER + "x", challenge_of(VERIFIER), "a" * 42, "a" * 129])
def test_a_wrong_verifier_gets_nothing(app, person, verifier):
    refused(exchange(app, code_for(person, app), code_verifier=verifier), "invalid_grant")


# Registration


def test_registering_without_an_initial_token_makes_no_key(servers):
    server = issuing_server(servers)
    refused = requests.post(server.root + "/oauth/register", timeout=30, json={
        "client_name": "x", "redirect_uris": ["https://app.example.org/cb"], "id_token_signed_response_alg": "RS256"})
    assert refused.status_code == 401
    assert database.value(server, "SELECT count(*) FROM signing_keys WHERE algorithm = 'RS256'") == 0
    server.close()


# Redirects


@pytest.mark.parametrize("uri", [
    None, "https://app.example.org/callback/", "https://app.example.org/callback?x=1", "https://app.example.org/callback#f",
    "https://app.example.org.evil.example/callback", "https://app.example.org@evil.example/callback", "https://evil.example/callback",
    "http://app.example.org/callback", "https://APP.example.org/callback", "https://app.example.org/callback/../evil",
    "https://app.example.org/%63allback", "https://app.example.org:443/callback", "//app.example.org/callback", "/callback",
    "javascript:alert(1)", "https://app.example.org\\@evil.example/callback", "https://app.example.org/callback\r\nSet-Cookie: a=b"])
def test_nobody_is_sent_where_nobody_registered(app, uri):
    answer = authorize(app, redirect=uri)
    assert answer.status_code == 400 and "Location" not in answer.headers, answer.headers


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "data:text/html,x", "http://app.example.org/cb", "https://a.example/cb#f",
                                 "https://user@a.example/cb", "https://*.a.example/cb*\n", "ftp://a.example/", "app:cb", "/cb", "https:///cb", ""])
def test_addresses_that_could_be_abused_are_not_registered(boss, uri):
    answer = boss.post("/admin/oauth/clients", json={"client_name": "x", "redirect_uris": [uri]})
    error_of(answer, 400, "VALIDATION_ERROR")


def test_only_the_port_of_a_loopback_address_may_differ(boss):
    native = new_app(boss, token_endpoint_auth_method="none", redirect_uris=["http://127.0.0.1/cb", "com.example.app:/cb"])
    assert authorize(native, redirect="http://127.0.0.1:49152/cb").status_code == 302
    assert authorize(native, redirect="com.example.app:/cb").status_code == 302
    for other in ("http://127.0.0.1:49152/other", "http://127.0.0.2:49152/cb", "http://localhost:49152/cb", "https://127.0.0.1/cb"):
        assert authorize(native, redirect=other).status_code == 400, other
    web = new_app(boss, redirect_uris=["http://127.0.0.1/cb"])
    assert authorize(web, redirect="http://127.0.0.1:49152/cb").status_code == 400


def test_the_code_goes_only_with_the_address_it_was_asked_for(boss, person):
    app = new_app(boss, redirect_uris=[REDIRECT, "https://app.example.org/other"])
    refused(exchange(app, code_for(person, app), redirect_uri="https://app.example.org/other"), "invalid_grant")


def test_no_header_is_injected_by_what_a_client_sends(app, person, issuer):
    for state in ("a\r\nSet-Cookie: x=y", "a%0d%0aSet-Cookie: x=y"):
        answer = authorize(app, state=state)
        assert "Set-Cookie" not in answer.headers
    answer = approve(person, handle_of(authorize(app, state="%0d%0aLocation: https://evil.example")))
    assert answer["state"] == "%0d%0aLocation: https://evil.example"
    broken = authorize(app, scope="nonsense", state="a&b=c#d")
    assert answer_of(broken.headers["Location"])["state"] == "a&b=c#d"


def test_errors_show_nothing_that_a_client_wrote(app):
    answer = authorize(app, redirect="https://evil.example/<script>alert(1)</script>")
    assert "<script>" not in answer.text and answer.headers["Content-Type"].startswith("text/plain")


def test_a_parameter_that_comes_twice_is_refused(app, issuer):
    answer = requests.get(issuer.root + f"/oauth/authorize?client_id={app.id}&client_id={app.id}&response_type=code", allow_redirects=False, timeout=30)
    refused(answer, "invalid_request")
    doubled = requests.post(issuer.root + "/oauth/token", data="grant_type=authorization_code&grant_type=refresh_token", auth=app.auth, timeout=30,
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
    refused(doubled, "invalid_request")


@pytest.mark.parametrize("kind", ["token", "id_token", "code token", "none", ""])
def test_there_is_no_implicit_flow(app, kind):
    answer = answer_of(authorize(app, response_type=kind).headers["Location"])
    assert answer["error"] == "unsupported_response_type"


def test_what_was_registered_is_not_switched_off_by_a_request(boss, person):
    """A flow that the administrator closed stays closed whatever parameters say."""
    from cryptography.hazmat.primitives.asymmetric import ec as curves

    pushing = new_app(boss, require_pushed_authorization_requests=True)
    for more in ({}, {"request_uri": "urn:ietf:params:oauth:request_uri:made-up"}, {"request": "e30.e30."}, {"response_mode": "fragment"},
                 {"prompt": "none"}):
        answer = authorize(pushing, **more)
        assert answer.status_code == 400 or answer_of(answer.headers["Location"])["error"] in ("invalid_request", "request_not_supported")
    bound = new_app(boss, dpop_bound_access_tokens=True)
    refused(exchange(bound, code_for(person, bound)), "invalid_dpop_proof")
    jkt = challenge_of("somebody's key")
    code = code_for(person, bound, dpop_jkt=jkt)
    proof = dpop_proof(curves.generate_private_key(curves.SECP256R1()), "POST", bound.server.root + "/oauth/token")
    refused(bound.token("authorization_code", headers={"DPoP": proof}, code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER), "invalid_grant")
    limited = new_app(boss, grant_types=["authorization_code"], scope="openid")
    tokens = tokens_for(person, limited, scope="openid")
    assert "refresh_token" not in tokens
    assert answer_of(authorize(limited, scope="openid offline_access").headers["Location"])["error"] == "invalid_scope"
    refused(limited.token("urn:ietf:params:oauth:grant-type:device_code", device_code="x"), "unauthorized_client")


def test_there_is_no_password_grant(app, person):
    refused(app.token("password", username=person.email, password=person.password), "unsupported_grant_type")


def test_answers_name_their_issuer_against_mix_up(app, person, issuer):
    assert approve(person, handle_of(authorize(app)))["iss"] == issuer.root
    assert approve(person, handle_of(authorize(app)), yes=False)["iss"] == issuer.root
    assert answer_of(authorize(app, scope="nonsense").headers["Location"])["iss"] == issuer.root


# Clients


def test_unknown_clients_and_wrong_secrets_are_refused_alike(app, issuer):
    wrong = requests.post(issuer.root + "/oauth/token", data={"grant_type": "client_credentials"}, auth=(app.id, "wrong"), timeout=30)
    unknown = requests.post(issuer.root + "/oauth/token", data={"grant_type": "client_credentials"},
                            auth=("0190163d-8694-739b-aea5-966c26f8ad91", "wrong"), timeout=30)
    assert refused(wrong, "invalid_client", 401) == refused(unknown, "invalid_client", 401)
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")


def test_a_confidential_client_cannot_pose_as_public(app, person):
    refused(app.post("/oauth/token", authenticate=False, client_id=app.id, grant_type="authorization_code", code=code_for(person, app),
                     redirect_uri=REDIRECT, code_verifier=VERIFIER), "invalid_client", 401)


def test_a_client_authenticates_in_one_way_only(app):
    refused(app.token("client_credentials", client_secret=app.secret), "invalid_request")


def test_a_grant_that_was_not_registered_is_refused(app):
    refused(app.token("client_credentials"), "unauthorized_client")


def test_secrets_are_stored_as_hashes(app, issuer):
    for (stored,) in database.rows(issuer, "SELECT secret_hash FROM oauth_clients WHERE secret_hash IS NOT NULL"):
        assert app.secret.encode() not in bytes(stored)


def test_a_signed_assertion_authenticates_once(boss, issuer):
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}
    app = new_app(boss, grant_types=["client_credentials"], redirect_uris=None, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [jwk]})

    def ask(signer=key, headers=None, algorithm="ES256", **more) -> requests.Response:
        now = int(time.time())
        claims = {"iss": app.id, "sub": app.id, "aud": issuer.root, "iat": now, "exp": now + 60, "jti": f"{time.monotonic_ns()}", **more}
        if isinstance(signer, bytes):
            token = hmac_signed(claims, {"alg": algorithm, "typ": "JWT"}, signer)
        else:
            token = jwt.encode(claims, signer, algorithm, headers=headers)
        return app.post("/oauth/token", authenticate=False, grant_type="client_credentials", client_assertion=token,
                        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer")

    assert ask().status_code == 200
    assert ask(jti="once").status_code == 200
    refused(ask(jti="once"), "invalid_client", 401)
    stranger = ec.generate_private_key(ec.SECP256R1())
    theirs = stranger.public_key().public_numbers()
    injected = {"kty": "EC", "crv": "P-256", "x": b64(theirs.x.to_bytes(32, "big")), "y": b64(theirs.y.to_bytes(32, "big"))}
    refused(ask(stranger), "invalid_client", 401)
    refused(ask(stranger, headers={"jwk": injected, "jku": "https://evil.example/jwks"}), "invalid_client", 401)
    refused(ask(aud="https://other.example"), "invalid_client", 401)
    refused(ask(sub="0190163d-8694-739b-aea5-966c26f8ad91"), "invalid_client", 401)
    refused(ask(exp=int(time.time()) - 120), "invalid_client", 401)
    refused(ask(exp=int(time.time()) + 86400), "invalid_client", 401)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    refused(ask(public, algorithm="HS256"), "invalid_client", 401)
    refused(ask(None, algorithm="none"), "invalid_client", 401)


# Tokens


def forged(server: Server, token: str) -> dict[str, str]:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    head = json.loads(base64.urlsafe_b64decode(header + "=="))
    jwk = next(k for k in requests.get(server.root + "/oauth/jwks", timeout=30).json()["keys"] if k["kid"] == head["kid"])
    public = jwt.PyJWK.from_json(json.dumps(jwk)).key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = ec.generate_private_key(ec.SECP256R1())
    numbers = own.public_key().public_numbers()
    injected = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}

    def piece(data: dict) -> str:
        return b64(json.dumps(data).encode())

    return {
        "none": piece({**head, "alg": "none"}) + f".{payload}.",
        "none with the signature": piece({**head, "alg": "none"}) + f".{payload}.{signature}",
        "HMAC with the public key": hmac_signed(claims, {"alg": "HS256", "kid": head["kid"], "typ": "at+jwt"}, public),
        "another key under the known kid": jwt.encode(claims, own, "ES256", headers={"kid": head["kid"], "typ": "at+jwt"}),
        "a key in the header": jwt.encode(claims, own, "ES256", headers={"typ": "at+jwt", "jwk": injected}),
        "a kid that is a path": jwt.encode(claims, own, "ES256", headers={"kid": "../../dev/null", "typ": "at+jwt"}),
        "a kid that is SQL": jwt.encode(claims, own, "ES256", headers={"kid": "' OR '1'='1", "typ": "at+jwt"}),
        "jku": jwt.encode(claims, own, "ES256", headers={"kid": head["kid"], "typ": "at+jwt", "jku": "https://evil.example/jwks"}),
        "claims changed": f"{header}.{piece({**claims, 'sub': 'admin'})}.{signature}",
        "signature cut": f"{header}.{payload}.{signature[:-4]}",
    }


def test_forged_access_tokens_are_refused_everywhere(app, person, issuer):
    token = tokens_for(person, app)["access_token"]
    assert userinfo(issuer, token).status_code == 200
    for what, forgery in forged(issuer, token).items():
        assert userinfo(issuer, forgery).status_code == 401, what
        assert app.post("/oauth/introspect", token=forgery).json() == {"active": False}, what
        assert requests.get(issuer.base + "/users/me", headers={"Authorization": "Bearer " + forgery}, timeout=30).status_code in (401, 403), what


def test_one_kind_of_token_is_not_another(app, person, issuer):
    tokens = tokens_for(person, app)
    assert userinfo(issuer, tokens["id_token"]).status_code == 401
    assert userinfo(issuer, tokens["refresh_token"]).status_code == 401
    assert userinfo(issuer, person.token).status_code == 401  # a session's own token is not an OAuth token
    for token in (tokens["id_token"], tokens["refresh_token"]):
        error_of(requests.get(issuer.base + "/users/me", headers={"Authorization": "Bearer " + token}, timeout=30), 401, "AUTHENTICATION_REQUIRED")
    refused(app.token("refresh_token", refresh_token=tokens["access_token"]), "invalid_grant")


def test_a_token_for_one_resource_is_none_for_another(boss, person, issuer):
    app = new_app(boss, resources=["https://a.example.org"])
    token = tokens_for(person, app, resource="https://a.example.org")["access_token"]
    assert userinfo(issuer, token).status_code == 401
    assert answer_of(authorize(app, resource="https://b.example.org").headers["Location"])["error"] == "invalid_target"


def test_introspection_tells_strangers_nothing(app, person, boss):
    token = tokens_for(person, app)["access_token"]
    assert app.post("/oauth/introspect", token=token).json()["active"] is True
    assert new_app(boss).post("/oauth/introspect", token=token).json() == {"active": False}
    public = new_app(boss, token_endpoint_auth_method="none")
    refused(public.post("/oauth/introspect", token=token), "invalid_client", 401)
    refused(app.post("/oauth/introspect", authenticate=False, token=token), "invalid_client", 401)


def test_only_its_client_revokes_a_token_and_unknown_ones_are_fine(app, person, boss, issuer):
    tokens = tokens_for(person, app)
    other = new_app(boss)
    assert other.post("/oauth/revoke", token=tokens["access_token"]).status_code == 200
    assert userinfo(issuer, tokens["access_token"]).status_code == 200
    assert app.post("/oauth/revoke", token="unknown").status_code == 200
    assert app.post("/oauth/revoke", token=tokens["refresh_token"]).status_code == 200
    assert userinfo(issuer, tokens["access_token"]).status_code == 401


def test_refresh_tokens_rotate_and_a_reuse_ends_the_family(app, person, issuer):
    first = tokens_for(person, app)
    second = app.token("refresh_token", refresh_token=first["refresh_token"]).json()
    third = app.token("refresh_token", refresh_token=second["refresh_token"]).json()
    refused(app.token("refresh_token", refresh_token=first["refresh_token"]), "invalid_grant")
    refused(app.token("refresh_token", refresh_token=third["refresh_token"]), "invalid_grant")
    assert userinfo(issuer, third["access_token"]).status_code == 401


def test_a_refresh_never_widens(app, person, boss):
    tokens = tokens_for(person, app, scope="openid")
    refused(app.token("refresh_token", refresh_token=tokens["refresh_token"], scope="openid email"), "invalid_scope")
    refused(new_app(boss).token("refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")
    assert app.token("refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200


# DPoP


def test_proofs_are_for_one_use_one_request_and_one_token(boss, person, issuer):
    app = new_app(boss, dpop_bound_access_tokens=True)
    key, thief = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    at = issuer.root + "/oauth/token"

    def ask(proof: str | None) -> requests.Response:
        fields = {"grant_type": "authorization_code", "code": code_for(person, app), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return app.post("/oauth/token", headers={"DPoP": proof} if proof else None, **fields)

    refused(ask(None), "invalid_dpop_proof")
    refused(ask(dpop_proof(key, "GET", at)), "invalid_dpop_proof")
    refused(ask(dpop_proof(key, "POST", issuer.root + "/oauth/par")), "invalid_dpop_proof")
    refused(ask(dpop_proof(key, "POST", at, iat=int(time.time()) - 900)), "invalid_dpop_proof")
    refused(ask(dpop_proof(key, "POST", at, iat=int(time.time()) + 900)), "invalid_dpop_proof")
    proof = dpop_proof(key, "POST", at)
    token = ask(proof).json()["access_token"]
    refused(ask(proof), "invalid_dpop_proof")  # replayed

    def look(signer, scheme="DPoP", **more) -> int:
        at_userinfo = issuer.root + "/oauth/userinfo"
        ath = challenge_of(more.pop("of", token))
        return userinfo(issuer, token, scheme, DPoP=dpop_proof(signer, "GET", at_userinfo, ath=ath, **more)).status_code

    assert look(key) == 200
    assert look(thief) == 401
    assert look(key, of="another token") == 401
    assert look(key, scheme="Bearer") == 401
    assert userinfo(issuer, token).status_code == 401
    assert requests.get(issuer.base + "/admin/audit", headers={"Authorization": "Bearer " + token}, timeout=30).status_code == 401


# Persons


def test_a_decision_needs_the_persons_own_token_so_no_site_can_forge_it(app, issuer, person):
    """Consent is a JSON request with a bearer token: a foreign page can send neither, and a cookie decides nothing."""
    handle = handle_of(authorize(app))
    at = issuer.base + "/oauth/requests/decide"
    error_of(requests.post(at, json={"request": handle, "approve": True}, timeout=30), 401, "AUTHENTICATION_REQUIRED")
    error_of(requests.post(at, json={"request": handle, "approve": True}, cookies={"authx_refresh": "x"}, timeout=30), 401, "AUTHENTICATION_REQUIRED")
    formed = person.post("/oauth/requests/decide", data={"request": handle, "approve": "true"})
    error_of(formed, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert "code" in approve(person, handle)
    error_of(person.post("/oauth/requests/decide", json={"request": handle, "approve": True}), 404, "NOT_FOUND")


def test_a_disabled_account_gets_no_more_tokens(app, issuer):
    person = new_person(issuer)
    tokens = tokens_for(person, app)
    code = code_for(person, app)
    database.run(issuer, f"UPDATE users SET status = 'disabled' WHERE id = '{person.id}'")
    refused(app.token("refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")
    refused(exchange(app, code), "invalid_grant")
    assert userinfo(issuer, tokens["access_token"]).status_code == 401


def test_revocations_survive_a_restart(servers):
    server = issuing_server(servers)
    from support.people import administrator
    boss = administrator(server)
    app, person = new_app(boss), new_person(server)
    tokens, kept = tokens_for(person, app), tokens_for(person, app)
    assert app.post("/oauth/revoke", token=tokens["access_token"]).status_code == 200
    server.kill()
    server.start()
    assert userinfo(server, tokens["access_token"]).status_code == 401
    refused(app.token("refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")
    assert userinfo(server, kept["access_token"]).status_code == 200
    assert app.token("refresh_token", refresh_token=kept["refresh_token"]).status_code == 200
    server.close()


# Administration


@pytest.mark.parametrize("role", ["user", "verifier", "auditor"])
def test_only_administrators_manage_clients_and_keys(issuer, app, role):
    worker = new_person(issuer) if role == "user" else new_worker(issuer, role)
    for method, path in (("GET", "/admin/oauth/clients"), ("POST", "/admin/oauth/clients"), ("GET", f"/admin/oauth/clients/{app.id}"),
                         ("DELETE", f"/admin/oauth/clients/{app.id}"), ("POST", f"/admin/oauth/clients/{app.id}/secret"),
                         ("POST", "/admin/oauth/keys/rotate"), ("POST", "/admin/oauth/registration-tokens")):
        error_of(worker.request(method, path, **({"json": {}} if method == "POST" and "/secret" not in path else {})), 403, "PERMISSION_DENIED")


def test_a_client_cannot_grant_itself_more(issuer, boss):
    opened = data_of(boss.post("/admin/oauth/registration-tokens", json={"uses": 5, "hours": 1}), 201)["token"]
    base = {"redirect_uris": [REDIRECT]}
    for more in ({"grant_types": ["client_credentials"]}, {"scope": "authx:manage_users"}, {"resources": ["https://a.example.org"]}):
        refused(requests.post(issuer.root + "/oauth/register", json={**base, **more}, headers={"Authorization": "Bearer " + opened}, timeout=30),
                "invalid_client_metadata")
    made = requests.post(issuer.root + "/oauth/register", json={**base, "first_party": True, "client_id": "mine"},
                         headers={"Authorization": "Bearer " + opened}, timeout=30).json()
    assert made["client_id"] != "mine"
    assert data_of(boss.get(f"/admin/oauth/clients/{made['client_id']}"))["first_party"] is False
    without = requests.post(issuer.root + "/oauth/register", json=base, timeout=30)
    assert without.status_code == 401


@pytest.mark.parametrize("cursor", ["' OR 1=1 --", "0190163d-8694-739b-aea5-966c26f8ad91'", "%00", "1"])
def test_cursors_are_not_sql(boss, cursor):
    error_of(boss.get("/admin/oauth/clients", params={"cursor": cursor}), 400, "VALIDATION_ERROR")


def test_values_of_every_kind_are_data_not_sql(app, issuer):
    for value in ("'; DROP TABLE users; --", "\" OR \"\"=\"", "%27 OR 1=1"):
        assert authorize(App(issuer, value, None)).status_code == 400
        refused(app.token("authorization_code", code=value, redirect_uri=REDIRECT, code_verifier=VERIFIER), "invalid_grant")
        assert app.post("/oauth/introspect", token=value).json() == {"active": False}


class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802
        self.server.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


def test_no_client_makes_the_server_call_private_addresses(boss, person, issuer):
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    listener.seen = []
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    port = listener.server_address[1]
    app = new_app(boss, backchannel_logout_uri=f"http://127.0.0.1:{port}/logout", logo_uri=f"http://127.0.0.1:{port}/logo",
                  client_uri=f"http://127.0.0.1:{port}/")
    for uri in ("http://169.254.169.254/latest", "file:///etc/passwd", "gopher://a", "http://10.0.0.1/"):
        error_of(boss.post("/admin/oauth/clients", json={"redirect_uris": [REDIRECT], "backchannel_logout_uri": uri}), 400, "VALIDATION_ERROR")
        error_of(boss.post("/admin/oauth/clients", json={"redirect_uris": [REDIRECT], "logo_uri": uri}), 400, "VALIDATION_ERROR")
        error_of(boss.post("/admin/oauth/clients", json={"redirect_uris": [REDIRECT], "jwks_uri": uri}), 400, "VALIDATION_ERROR")
    tokens = tokens_for(person, app)
    app.post("/oauth/revoke", token=tokens["refresh_token"])
    deadline = time.monotonic() + 30
    while not database.value(issuer, f"SELECT count(*) FROM oauth_logouts WHERE client_id = '{app.id}' AND outcome = 'refused_address'"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert listener.seen == []
    listener.shutdown()


def test_a_client_is_told_of_a_logout_over_the_back_channel(servers):
    from support.people import administrator
    server = issuing_server(servers, AUTHX_OAUTH_PRIVATE_PEERS="true")
    boss, person = administrator(server), new_person(server)
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    listener.seen = []
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    app = new_app(boss, backchannel_logout_uri=f"http://127.0.0.1:{listener.server_address[1]}/logout")
    tokens = tokens_for(person, app)
    sid = jwt.decode(tokens["id_token"], options={"verify_signature": False})["sid"]
    requests.get(server.root + "/oauth/logout", params={"id_token_hint": tokens["id_token"]}, allow_redirects=False, timeout=30)
    deadline = time.monotonic() + 30
    while not listener.seen:
        assert time.monotonic() < deadline, server.log()[-2000:]
        time.sleep(0.1)
    token = listener.seen[0].decode().removeprefix("logout_token=")
    head = jwt.get_unverified_header(token)
    assert head["typ"] == "logout+jwt"
    jwk = next(k for k in requests.get(server.root + "/oauth/jwks", timeout=30).json()["keys"] if k["kid"] == head["kid"])
    claims = jwt.decode(token, jwt.PyJWK.from_json(json.dumps(jwk)).key, algorithms=["ES256"], audience=app.id, issuer=server.root)
    assert claims["sid"] == sid and claims["sub"] == person.id and "nonce" not in claims
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    listener.shutdown()
    server.close()


def test_a_client_is_told_whoever_ends_its_session(servers):
    from support.people import administrator, enter
    server = issuing_server(servers, AUTHX_OAUTH_PRIVATE_PEERS="true")
    boss = administrator(server)
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    listener.seen = []
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    app = new_app(boss, backchannel_logout_uri=f"http://127.0.0.1:{listener.server_address[1]}/logout")

    def told(end) -> None:
        person = new_person(server)
        sid = jwt.decode(tokens_for(person, app, scope="openid")["id_token"], options={"verify_signature": False})["sid"]
        end(person)
        deadline = time.monotonic() + 30
        while sid not in [jwt.decode(t.decode().removeprefix("logout_token="), options={"verify_signature": False})["sid"] for t in listener.seen]:
            assert time.monotonic() < deadline, server.log()[-2000:]
            time.sleep(0.1)

    told(lambda person: data_of(person.post("/auth/logout")))
    told(lambda person: data_of(person.post("/auth/sessions/revoke-all", json={})))
    told(lambda person: data_of(boss.post(f"/admin/users/{person.id}/status", json={"status": "disabled"})))
    told(lambda person: data_of(enter(server, person.email, person.password).post(
        "/auth/password/change", json={"current_password": person.password, "new_password": "another long passphrase"})))
    told(lambda person: data_of(person.request("DELETE", "/users/me")))
    told(lambda person: server.cli("user", "status", "--id", person.id, "disabled"))
    listener.shutdown()
    server.close()
