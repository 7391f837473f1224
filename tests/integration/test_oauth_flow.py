"""The OpenID provider, driven by openid-client and checked by python3-jwt, on both databases."""

from __future__ import annotations

import json
import time

import jwt
import pytest
import requests

from support import database
from support.people import Person, data_of, error_of, new_person
from support.relying import (REDIRECT, App, answer_of, approve, authorize, code_for, drive, exchange, handle_of, issuing_server, new_app, refused,
                             tokens_for)
from support.server import Server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def issuer(request, servers) -> Server:
    settings = {}
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    return issuing_server(servers, AUTHX_OAUTH_PRIVATE_PEERS="true", **settings)


@pytest.fixture(scope="module")
def boss(issuer, admins) -> Person:
    return admins(issuer)


@pytest.fixture(scope="module")
def person(issuer) -> Person:
    return new_person(issuer, name="Asha Rao", dob="1988-02-29", phone="+919812345678", address="4 Lake Road, Pune")


@pytest.fixture(scope="module")
def app(boss) -> App:
    return new_app(boss)


def keys_of(server: Server) -> dict[str, dict]:
    return {key["kid"]: key for key in requests.get(server.root + "/oauth/jwks", timeout=30).json()["keys"]}


def verified(server: Server, token: str, audience: str) -> dict:
    """By an independent library, with the published key that the token names."""
    header = jwt.get_unverified_header(token)
    jwk = keys_of(server)[header["kid"]]
    assert jwk["alg"] == header["alg"] and jwk["use"] == "sig" and not {"d", "p", "q"} & set(jwk)
    key = jwt.PyJWK.from_json(json.dumps(jwk)).key
    return jwt.decode(token, key, algorithms=[jwk["alg"]], audience=audience, issuer=server.root)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_certified_client_completes_the_code_flow(issuer, boss, person, method):
    app = new_app(boss, token_endpoint_auth_method=method)
    done = drive("code", issuer=issuer.root, client=app.id, secret=app.secret, method=method, token=person.token, redirect=REDIRECT,
                 scope="openid profile email phone address offline_access")
    assert done["asked"]["client_name"] == "Test application" and done["asked"]["consent_needed"] is True
    assert answer_of(done["to"])["iss"] == issuer.root
    assert done["claims"]["sub"] == person.id and done["claims"]["acr"] == "aal1" and done["claims"]["amr"] == ["pwd"]
    assert done["userinfo"] == {"sub": person.id, "name": "Asha Rao", "birthdate": "1988-02-29", "email": person.email, "email_verified": False,
                                "phone_number": "+919812345678", "phone_number_verified": False, "address": {"formatted": "4 Lake Road, Pune"}}
    assert done["refreshed"]["refresh_token"] != done["tokens"]["refresh_token"]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_an_independent_library_verifies_the_tokens(issuer, boss, person, algorithm):
    app = new_app(boss, id_token_signed_response_alg=algorithm)
    tokens = tokens_for(person, app)
    claims = verified(issuer, tokens["id_token"], app.id)
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == algorithm
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"} <= set(claims) and claims["nonce"] == "a-nonce"
    access = verified(issuer, tokens["access_token"], issuer.root)
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time"} <= set(access)
    assert access["client_id"] == app.id and access["sub"] == person.id


def test_pushed_requests_are_used_once(issuer, boss, person):
    app = new_app(boss, require_pushed_authorization_requests=True)
    done = drive("par", issuer=issuer.root, client=app.id, secret=app.secret, token=person.token, redirect=REDIRECT)
    assert done["claims"]["sub"] == person.id
    direct = authorize(app)
    assert answer_of(direct.headers["Location"])["error"] == "invalid_request"
    pushed = app.post("/oauth/par", response_type="code", redirect_uri=REDIRECT, scope="openid", code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                      code_challenge_method="S256")
    assert pushed.status_code == 201, pushed.text
    where = {"client_id": app.id, "request_uri": pushed.json()["request_uri"]}
    assert requests.get(issuer.root + "/oauth/authorize", params=where, allow_redirects=False, timeout=30).status_code == 302
    assert requests.get(issuer.root + "/oauth/authorize", params=where, allow_redirects=False, timeout=30).status_code == 400


def test_tokens_bound_to_a_key_are_worth_nothing_without_it(issuer, boss, person):
    for method, pushed, algorithm in (("client_secret_basic", True, "ES256"), ("none", False, "Ed25519")):
        app = new_app(boss, token_endpoint_auth_method=method)
        done = drive("dpop", issuer=issuer.root, client=app.id, secret=app.secret, method=method, token=person.token, redirect=REDIRECT,
                     scope="openid offline_access", pushed=pushed, dpopAlgorithm=algorithm)
        assert done["tokens"]["token_type"].lower() == "dpop"
        assert done["stolen"] != "accepted"
        if method == "none":
            assert done["stolenRefresh"] == "invalid_grant"


def test_client_credentials_introspection_and_revocation(issuer, boss):
    app = new_app(boss, grant_types=["client_credentials"], redirect_uris=None, scope="authx:read_audit", resources=["https://api.example.org"])
    done = drive("credentials", issuer=issuer.root, client=app.id, secret=app.secret, more={"resource": "https://api.example.org"})
    assert done["introspected"]["active"] is True and done["introspected"]["aud"] == "https://api.example.org"
    assert done["after"] == {"active": False}
    assert verified(issuer, done["tokens"]["access_token"], "https://api.example.org")["sub"] == app.id


def test_a_device_is_signed_in_from_a_browser(issuer, boss, person):
    app = new_app(boss, grant_types=["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"], redirect_uris=None,
                  token_endpoint_auth_method="none")
    done = drive("device", issuer=issuer.root, client=app.id, method="none", token=person.token)
    assert done["asked"]["client_id"] == app.id and "id_token" in done["tokens"]
    assert drive("device", issuer=issuer.root, client=app.id, method="none", token=person.token, approve=False)["tokens"]["error"] == "access_denied"


def test_a_device_that_asks_too_often_is_slowed(issuer, boss, person):
    app = new_app(boss, grant_types=["urn:ietf:params:oauth:grant-type:device_code"], redirect_uris=None, token_endpoint_auth_method="none")
    started = app.post("/oauth/device_authorization", scope="openid").json()
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    refused(app.token(grant, device_code=started["device_code"]), "authorization_pending")
    refused(app.token(grant, device_code=started["device_code"]), "slow_down")
    data_of(person.post("/oauth/devices/decide", json={"user_code": started["user_code"], "approve": True}))
    assert app.token(grant, device_code=started["device_code"]).status_code == 200
    refused(app.token(grant, device_code=started["device_code"]), "invalid_grant")
    error_of(person.post("/oauth/devices/look", json={"user_code": started["user_code"]}), 404, "NOT_FOUND")


def test_logout_ends_the_session_everywhere(issuer, boss):
    person = new_person(issuer)
    app = new_app(boss, post_logout_redirect_uris=["https://app.example.org/bye"])
    other = new_app(boss)
    elsewhere = tokens_for(person, other, scope="openid")
    done = drive("logout", issuer=issuer.root, client=app.id, secret=app.secret, token=person.token, redirect=REDIRECT, scope="openid",
                 back="https://app.example.org/bye")
    assert done["status"] == 302 and done["location"].startswith("https://app.example.org/bye?state=after-logout")
    assert done["refreshed"] == "invalid_grant"
    refused(other.token("refresh_token", refresh_token=elsewhere["refresh_token"]), "invalid_grant")
    error_of(person.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")


def test_registration_needs_its_token_and_tells_only_its_holder(issuer, boss, person):
    opened = data_of(boss.post("/admin/oauth/registration-tokens", json={"uses": 1, "hours": 1}), 201)["token"]
    metadata = {"client_name": "By itself", "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"]}
    made = drive("register", issuer=issuer.root, metadata=metadata, initial=opened)
    app = App(issuer, made["client_id"], made["client_secret"])
    assert tokens_for(person, app)["token_type"] == "Bearer"
    again = requests.post(issuer.root + "/oauth/register", json=metadata, headers={"Authorization": "Bearer " + opened}, timeout=30)
    assert again.status_code == 401  # used up
    at = issuer.root + "/oauth/register/" + app.id
    assert requests.get(at, headers={"Authorization": "Bearer " + made["registration_access_token"]}, timeout=30).json()["client_name"] == "By itself"
    assert requests.get(at, headers={"Authorization": "Bearer other"}, timeout=30).status_code == 401
    assert requests.delete(at, headers={"Authorization": "Bearer " + made["registration_access_token"]}, timeout=30).status_code == 200
    assert authorize(app).status_code == 400


def test_services_exchange_tokens_for_narrower_ones(issuer, boss, person):
    front = new_app(boss, resources=["https://orders.example.org"])
    orders = new_app(boss, grant_types=["urn:ietf:params:oauth:grant-type:token-exchange"], redirect_uris=None,
                     resources=["https://orders.example.org", "https://stock.example.org"])
    stranger = new_app(boss, grant_types=["urn:ietf:params:oauth:grant-type:token-exchange"], redirect_uris=None)
    token = tokens_for(person, front, resource="https://orders.example.org")["access_token"]
    ask = {"subject_token": token, "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    got = orders.token(grant, resource="https://stock.example.org", scope="email", **ask)
    assert got.status_code == 200, got.text
    claims = verified(issuer, got.json()["access_token"], "https://stock.example.org")
    assert claims["sub"] == person.id and claims["act"] == {"sub": orders.id} and claims["scope"] == "email"
    refused(orders.token(grant, resource="https://stock.example.org", scope="email authx:manage_users", **ask), "invalid_scope")
    refused(orders.token(grant, resource="https://bank.example.org", **ask), "invalid_target")
    refused(stranger.token(grant, **ask), "invalid_request")


def test_consent_is_asked_once_listed_and_withdrawn(issuer, boss):
    person = new_person(issuer)
    app = new_app(boss)
    tokens = tokens_for(person, app, scope="openid email")
    handle = handle_of(authorize(app, scope="openid"))
    assert data_of(person.post("/oauth/requests/look", json={"request": handle}))["consent_needed"] is False
    wider = handle_of(authorize(app, scope="openid email phone"))
    assert data_of(person.post("/oauth/requests/look", json={"request": wider}))["consent_needed"] is True
    [consent] = data_of(person.get("/oauth/consents"))["items"]
    assert consent["client_id"] == app.id and consent["scopes"] == ["openid", "email"]
    error_of(new_person(issuer).request("DELETE", f"/oauth/consents/{app.id}"), 404, "NOT_FOUND")
    data_of(person.request("DELETE", f"/oauth/consents/{app.id}"))
    assert data_of(person.get("/oauth/consents"))["items"] == []
    refused(app.token("refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")
    assert app.post("/oauth/introspect", token=tokens["access_token"]).json() == {"active": False}


def test_a_refused_request_returns_access_denied(app, person):
    answer = approve(person, handle_of(authorize(app)), yes=False)
    assert answer["error"] == "access_denied" and answer["state"] == "a-state"


def test_prompt_none_shows_nothing(issuer, app, boss):
    person = new_person(issuer)
    handle = handle_of(authorize(app, prompt="none"))
    assert data_of(person.post("/oauth/requests/look", json={"request": handle}))["may_interact"] is False
    assert approve(person, handle)["error"] == "consent_required"
    tokens_for(person, app)
    assert "code" in approve(person, handle_of(authorize(app, prompt="none")))
    handle = handle_of(authorize(app, prompt="none"))
    gone = data_of(requests.post(issuer.base + "/oauth/requests/give-up", json={"request": handle}, timeout=30))
    assert answer_of(gone["redirect_to"])["error"] == "login_required"


def test_an_old_sign_in_does_not_satisfy_max_age(app, person):
    handle = handle_of(authorize(app, prompt="login"))
    assert data_of(person.post("/oauth/requests/look", json={"request": handle}))["sign_in_again"] is True
    error_of(person.post("/oauth/requests/decide", json={"request": handle, "approve": True}), 401, "INSUFFICIENT_USER_AUTHENTICATION")


def test_keys_rotate_without_logging_anyone_out(issuer, boss, person):
    app = new_app(boss)
    before = tokens_for(person, app)
    rotated = data_of(boss.post("/admin/oauth/keys/rotate", json={"at_once": True}))["items"]
    after = before
    deadline = time.monotonic() + 20  # it signs once every process has read it
    while jwt.get_unverified_header(after["access_token"])["kid"] in {k["kid"] for k in rotated if k["signs"]}:
        assert time.monotonic() < deadline
        time.sleep(0.3)
        after = tokens_for(person, app)
    kids = [jwt.get_unverified_header(t["access_token"])["kid"] for t in (before, after)]
    assert kids[0] != kids[1] and set(kids) <= set(keys_of(issuer))
    for tokens in (before, after):
        verified(issuer, tokens["access_token"], issuer.root)
        assert app.post("/oauth/introspect", token=tokens["access_token"]).json()["active"] is True
    data_of(boss.post("/admin/oauth/keys/rotate", json={}))  # the scheduled kind: published first, signing a day later
    assert jwt.get_unverified_header(tokens_for(person, app)["access_token"])["kid"] == kids[1]
    assert any(k["active_at"] > k["created_at"] for k in data_of(boss.get("/admin/oauth/keys"))["items"])


def test_private_keys_lie_sealed_in_the_database(issuer, person, app):
    tokens_for(person, app)
    for (sealed,) in database.rows(issuer, "SELECT private_key FROM signing_keys"):
        assert bytes(sealed)[0] == 1 and b"\x30" != bytes(sealed)[:1]
        from cryptography.hazmat.primitives.serialization import load_der_private_key
        with pytest.raises(ValueError):
            load_der_private_key(bytes(sealed), None)


def test_an_applications_token_reaches_only_what_names_its_permission(issuer, boss):
    app = new_app(boss, scope="openid authx:view_dashboard authx:read_audit authx:manage_users")
    person = new_person(issuer)
    token = tokens_for(person, app, scope="openid authx:read_audit authx:view_dashboard")["access_token"]
    headers = {"Authorization": "Bearer " + token}
    # The person may not read the audit log, so neither may the application; and it may not act as the person.
    error_of(requests.get(issuer.base + "/admin/audit", headers=headers, timeout=30), 403, "PERMISSION_DENIED")
    error_of(requests.get(issuer.base + "/users/me", headers=headers, timeout=30), 403, "PERMISSION_DENIED")
    handle = handle_of(authorize(app, scope="openid"))
    error_of(requests.post(issuer.base + "/oauth/requests/decide", json={"request": handle, "approve": True}, headers=headers, timeout=30), 403,
             "PERMISSION_DENIED")
    token = tokens_for(boss, app, scope="openid authx:read_audit")["access_token"]
    headers = {"Authorization": "Bearer " + token}
    data_of(requests.get(issuer.base + "/admin/audit", headers=headers, timeout=30))
    error_of(requests.get(issuer.base + "/admin/outbox", headers=headers, timeout=30), 403, "PERMISSION_DENIED")


def test_discovery_names_what_is_there(issuer):
    found = requests.get(issuer.root + "/.well-known/openid-configuration", timeout=30).json()
    assert found["issuer"] == issuer.root
    assert found == requests.get(issuer.root + "/.well-known/oauth-authorization-server", timeout=30).json()
    described = requests.get(issuer.root + "/openapi.json", timeout=30).json()["paths"]
    for name, url in found.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert url.removeprefix(issuer.root) in described, name
    assert found["code_challenge_methods_supported"] == ["S256"] and found["response_types_supported"] == ["code"]


def test_every_change_of_a_client_is_audited_with_before_and_after(issuer, boss, app):
    data_of(boss.request("PUT", f"/admin/oauth/clients/{app.id}", json={
        "client_name": "Renamed", "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"]}))
    entries = data_of(boss.get("/admin/audit?limit=20"))["items"]
    [change] = [e["details"] for e in entries if e["action"] == "oauth.client_changed"]
    assert change["before"]["metadata"]["client_name"] == "Test application" and change["after"]["metadata"]["client_name"] == "Renamed"
    data_of(boss.request("PUT", f"/admin/oauth/clients/{app.id}", json={"client_name": "Test application", "redirect_uris": [REDIRECT],
                                                                       "grant_types": ["authorization_code", "refresh_token"]}))


def test_a_disabled_client_is_refused(issuer, boss, person):
    app = new_app(boss)
    code = code_for(person, app)
    body = {"client_name": "Off", "redirect_uris": [REDIRECT], "disabled": True}
    data_of(boss.request("PUT", f"/admin/oauth/clients/{app.id}", json=body))
    refused(exchange(app, code), "invalid_client", 401)
    assert authorize(app).status_code == 400
