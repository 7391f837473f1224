"""Sign-in through outside OpenID providers: a second AuthX as the provider, and one that lies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from support import database
from support.outside import OutsideProvider, b64, es256, jwk_of, part
from support.people import Person, data_of, error_of, faults_of, new_email, new_person
from support.relying import approve, handle_of, issuing_server, new_app
from support.server import Server

COOKIE = "__Host-authx_federation"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request, servers) -> Server:
    settings = {}
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    return issuing_server(servers, AUTHX_OAUTH_PRIVATE_PEERS="true", **settings)


@pytest.fixture(scope="module")
def boss(house, admins) -> Person:
    return admins(house)


@pytest.fixture(scope="module")
def outside(servers) -> Server:
    return issuing_server(servers)


def add(boss: Person, issuer: str, client: str, secret: str | None, **more) -> str:
    body = {"name": "Outside", "issuer": issuer, "client_id": client, "client_secret": secret, "creates_accounts": True, **more}
    return data_of(boss.post("/admin/federation/providers", json={k: v for k, v in body.items() if v is not None}), 201)["provider_id"]


@pytest.fixture
def liar(boss):
    """A provider of our own making, configured at the house."""
    provider = OutsideProvider()
    provider.id = add(boss, provider.issuer, provider.client_id, provider.secret)  # type: ignore[attr-defined]
    provider.claims["email"] = new_email()
    yield provider
    boss.request("DELETE", f"/admin/federation/providers/{provider.id}")  # type: ignore[attr-defined]
    provider.close()


class Browser:
    """Keeps the cookie that binds a sign-in to it."""

    def __init__(self, house: Server):
        self.house = house
        self.binding = ""
        self.query: dict[str, str] = {}
        self.url = ""

    def start(self, provider) -> Browser:
        answer = requests.post(f"{self.house.base}/auth/federation/providers/{getattr(provider, 'id', provider)}/start", timeout=30)
        self.url = data_of(answer)["authorization_url"]
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(COOKIE + "=") and "HttpOnly" in cookie and "Secure" in cookie and "SameSite=Strict" in cookie
        self.binding = cookie.split("=", 1)[1].split(";")[0]
        self.query = {k: v[0] for k, v in parse_qs(urlsplit(self.url).query).items()}
        if isinstance(provider, OutsideProvider):
            provider.nonce, provider.challenge = self.query["nonce"], self.query["code_challenge"]
        return self

    def finish(self, binding: str | None = None, **more) -> requests.Response:
        body = {"state": self.query["state"], "code": "a-code", **more}
        headers = {"Cookie": f"{COOKIE}={self.binding if binding is None else binding}"}
        return requests.post(self.house.base + "/auth/federation/finish", json={k: v for k, v in body.items() if v is not None}, headers=headers, timeout=60)


def refused(answer: requests.Response) -> None:
    error_of(answer, 401, "INVALID_CREDENTIALS")


def me(house: Server, tokens: dict) -> dict:
    return data_of(requests.get(house.base + "/users/me", headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=30))


# --- a real provider: another AuthX ---

@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_sign_in_through_another_authx(house, boss, outside, admins, method, algorithm):
    app = new_app(admins(outside), redirect_uris=[house.root + "/federation"], grant_types=["authorization_code"], token_endpoint_auth_method=method,
                  id_token_signed_response_alg=algorithm)
    provider = add(boss, outside.root, app.id, app.secret)
    assert provider in [p["provider_id"] for p in data_of(requests.get(house.base + "/auth/federation/providers", timeout=30))["items"]]
    person = new_person(outside, name="Asha Rao")
    database.run(outside, f"UPDATE users SET email_verified = 1 WHERE id = '{person.id}'")

    def through() -> requests.Response:
        browser = Browser(house).start(provider)
        handle = handle_of(requests.get(browser.url, allow_redirects=False, timeout=30))
        back = approve(person, handle)
        assert back["state"] == browser.query["state"]
        return browser.finish(code=back["code"], iss=back["iss"])

    first = me(house, data_of(through()))
    assert first["email"] == person.email and first["name"] == "Asha Rao" and first["email_verified"] is True and first["role"] == "user"
    assert me(house, data_of(through()))["id"] == first["id"]
    # The person moves to another address there: still the same account here, and its address stays.
    database.run(outside, f"UPDATE users SET email_verified = 0 WHERE id = '{person.id}'")
    assert me(house, data_of(through()))["id"] == first["id"]
    data_of(boss.request("DELETE", f"/admin/federation/providers/{provider}"))


# --- one that lies ---

def test_what_the_stand_in_says_rightly_is_accepted(house, liar):
    tokens = data_of(Browser(house).start(liar).finish())
    assert me(house, tokens)["email"] == liar.claims["email"]
    form = liar.forms[-1]
    assert form["grant_type"] == "authorization_code" and form["code"] == "a-code" and form["redirect_uri"] == house.root + "/federation"
    claims = json.loads(base64.urlsafe_b64decode(tokens["access_token"].split(".")[1] + "=="))
    assert claims["amr"] == ["fed"] and claims["acr"] == "aal1"


NOW = int(time.time())
OTHER = ec.generate_private_key(ec.SECP256R1())


def unsigned(header: dict, claims: dict) -> str:
    return f"{part({**header, 'alg': 'none'})}.{part(claims)}."


def hmac_with(secret: str):
    def make(header: dict, claims: dict) -> str:
        message = f"{part({**header, 'alg': 'HS256'})}.{part(claims)}"
        return f"{message}.{b64(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest())}"
    return make


@pytest.mark.parametrize("claims", [
    {"iss": "https://accounts.example.com"}, {"iss": None}, {"aud": "another"}, {"aud": None}, {"aud": []}, {"aud": ["authx", "another"]},
    {"aud": ["authx", "another"], "azp": "another"}, {"azp": "another"}, {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"nonce": 5},
    {"exp": NOW - 4000}, {"exp": None}, {"exp": "soon"}, {"iat": NOW - 4000}, {"iat": None}, {"iat": NOW + 4000}, {"nbf": NOW + 4000}, {"sub": None},
    {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"at_hash": "AAAA"}, {"email_verified": False}, {"email_verified": None}, {"email_verified": 1},
    {"email": None}, {"email": "no address"}, {"email": ["a@example.org"]}])
def test_an_id_token_of_other_claims_is_refused(house, liar, claims):
    liar.claims.update(claims)
    refused(Browser(house).start(liar).finish())


@pytest.mark.parametrize("token", [
    unsigned, hmac_with("a-secret:with/signs"), hmac_with(""), lambda h, c: es256(OTHER, h, c), lambda h, c: es256(OTHER, {**h, "jwk": jwk_of(OTHER, "k1")}, c),
    lambda h, c: es256(OTHER, {**h, "kid": "../../../../dev/null"}, c), lambda h, c: es256(OTHER, {**h, "kid": "' OR 1=1 --"}, c),
    lambda h, c: es256(OTHER, {**h, "jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/x"}, c), lambda h, c: es256(OTHER, {**h, "alg": "RS256"}, c),
    lambda h, c: "a.b.c", lambda h, c: "", lambda h, c: "x" * 20_000])
def test_an_id_token_that_the_provider_did_not_sign_is_refused(house, liar, token):
    liar.token = token
    refused(Browser(house).start(liar).finish())


def test_a_header_chooses_no_algorithm_and_no_key(house, liar):
    for header in ({"alg": "EdDSA"}, {"alg": "HS256"}, {"alg": None}, {"crit": ["exp"]}):
        liar.header = header
        refused(Browser(house).start(liar).finish())
    # A right signature under a strange kid is still the provider's.
    liar.header = {"kid": "another"}
    data_of(Browser(house).start(liar).finish())


def test_unknown_signatures_do_not_make_the_server_ask_for_keys_again_and_again(house, liar):
    liar.token = lambda h, c: es256(OTHER, h, c)
    for _ in range(12):
        refused(Browser(house).start(liar).finish())
    assert liar.asked.count("/jwks") <= 5 and liar.asked.count("/.well-known/openid-configuration") == 1


def test_a_state_serves_once_and_in_its_browser_only(house, liar):
    browser = Browser(house).start(liar)
    data_of(browser.finish())
    refused(browser.finish())
    victim, attacker = Browser(house).start(liar), Browser(house).start(liar)
    refused(victim.finish(binding=attacker.binding))  # the attacker's code in the victim's browser, or the other way round
    refused(victim.finish())  # and it is used up by that
    refused(Browser(house).start(liar).finish(binding=""))
    refused(Browser(house).start(liar).finish(state="made-up"))
    refused(Browser(house).start(liar).finish(code=None, error="access_denied"))
    late = Browser(house).start(liar)
    database.run(house, "UPDATE federation_attempts SET expires_at = '2020-01-01T00:00:00.000000Z'")
    refused(late.finish())
    crossed = Browser(house).start(liar)
    answer = requests.post(house.base + "/auth/federation/finish", json={"state": crossed.query["state"], "code": "c"}, timeout=30,
                           headers={"Cookie": f"{COOKIE}={crossed.binding}", "Origin": "https://evil.example"})
    refused(answer)


def test_an_answer_of_another_issuer_is_refused(house, boss, liar):
    refused(Browser(house).start(liar).finish(iss="https://accounts.example.com"))
    data_of(Browser(house).start(liar).finish(iss=liar.issuer))
    strict = OutsideProvider(metadata={"authorization_response_iss_parameter_supported": True})
    strict.claims["email"] = new_email()
    provider = add(boss, strict.issuer, strict.client_id, strict.secret)
    strict.id = provider
    refused(Browser(house).start(strict).finish())
    refused(Browser(house).start(strict).finish(iss=liar.issuer))
    data_of(Browser(house).start(strict).finish(iss=strict.issuer))
    strict.close()


def test_a_provider_that_redirects_or_names_other_addresses_is_not_followed(house, boss, liar):
    for metadata in ({"issuer": "https://accounts.example.com"}, {"token_endpoint": "file:///etc/passwd"}, {"jwks_uri": "http://10.0.0.1/jwks"},
                     {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": None}):
        other = OutsideProvider(metadata=metadata)
        provider = add(boss, other.issuer, other.client_id, other.secret)
        error_of(requests.post(f"{house.base}/auth/federation/providers/{provider}/start", timeout=30), 503, "SERVICE_UNAVAILABLE")
        other.close()
    browser = Browser(house).start(liar)
    liar.status, liar.redirect = 302, liar.issuer + "/elsewhere"
    error_of(browser.finish(), 503, "SERVICE_UNAVAILABLE")
    assert "/elsewhere" not in liar.asked
    liar.status, liar.redirect = 400, ""
    refused(Browser(house).start(liar).finish())


def test_private_addresses_are_not_called_unless_the_operator_says_so(plain_server, admins):
    admin = admins(plain_server)
    for issuer in ("http://127.0.0.1:1", "http://accounts.example.com", "https://u:p@example.com", "file:///etc/passwd", "https://example.com/?a=b", "example.com"):
        assert "$.issuer" in faults_of(admin.post("/admin/federation/providers", json={"name": "x", "issuer": issuer, "client_id": "c"})), issuer
    provider = add(admin, "https://127.0.0.1:1", uuid.uuid4().hex, None)
    error_of(requests.post(f"{plain_server.base}/auth/federation/providers/{provider}/start", timeout=30), 503, "SERVICE_UNAVAILABLE")
    data_of(admin.request("DELETE", f"/admin/federation/providers/{provider}"))


# --- accounts ---

def test_an_address_alone_never_opens_an_account(house, liar):
    """Neither does a provider's person reach the account that has the address, nor does who registered it wait in it for them."""
    owner = new_person(house)
    liar.claims.update(email=owner.email, sub="attacker")
    error_of(Browser(house).start(liar).finish(), 409, "CONFLICT")
    assert data_of(owner.get("/auth/federation/identities"))["items"] == []
    liar.claims["email"] = owner.email.upper()
    error_of(Browser(house).start(liar).finish(), 409, "CONFLICT")
    data_of(owner.get("/users/me"))


def test_only_allowed_domains_and_only_where_accounts_are_made(house, boss, liar):
    body = {"name": "Outside", "client_id": liar.client_id, "domains": ["Example.com"]}
    data_of(boss.request("PUT", f"/admin/federation/providers/{liar.id}", json={**body, "creates_accounts": True}))
    refused(Browser(house).start(liar).finish())
    liar.claims["email"] = f"{uuid.uuid4().hex}@sub.example.com"
    refused(Browser(house).start(liar).finish())
    liar.claims["email"] = f"{uuid.uuid4().hex}@example.com"
    data_of(boss.request("PUT", f"/admin/federation/providers/{liar.id}", json=body))
    error_of(Browser(house).start(liar).finish(), 403, "PERMISSION_DENIED")
    data_of(boss.request("PUT", f"/admin/federation/providers/{liar.id}", json={**body, "creates_accounts": True}))
    data_of(Browser(house).start(liar).finish())
    data_of(boss.request("PUT", f"/admin/federation/providers/{liar.id}", json={**body, "enabled": False}))
    error_of(requests.post(f"{house.base}/auth/federation/providers/{liar.id}/start", timeout=30), 404, "NOT_FOUND")
    assert liar.id not in [p["provider_id"] for p in data_of(requests.get(house.base + "/auth/federation/providers", timeout=30))["items"]]


def link(person: Person, liar: OutsideProvider, who: Person | None = None) -> requests.Response:
    url = data_of(person.post(f"/auth/federation/providers/{liar.id}/link"))["authorization_url"]
    query = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    liar.nonce, liar.challenge = query["nonce"], query["code_challenge"]
    return (who or person).post("/auth/federation/link/finish", json={"state": query["state"], "code": "c"})


def test_the_owner_links_signs_in_and_unlinks(house, liar):
    owner, other = new_person(house), new_person(house)
    liar.claims.update(sub="owner-" + uuid.uuid4().hex, email_verified=False)  # the address does not matter to a link
    error_of(link(owner, liar, who=other), 401, "INVALID_CREDENTIALS")  # another session finishes it: login CSRF
    data_of(link(owner, liar))
    data_of(link(owner, liar))  # again is once
    error_of(link(other, liar), 409, "CONFLICT")
    assert me(house, data_of(Browser(house).start(liar).finish()))["id"] == owner.id
    [identity] = data_of(owner.get("/auth/federation/identities"))["items"]
    assert identity["provider"] == "Outside" and identity["last_used_at"]
    error_of(other.request("DELETE", f"/auth/federation/identities/{identity['identity_id']}"), 404, "NOT_FOUND")
    data_of(owner.request("DELETE", f"/auth/federation/identities/{identity['identity_id']}"))
    refused(Browser(house).start(liar).finish())
    # A sign-in's state does not link, and a link's does not sign in.
    browser = Browser(house).start(liar)
    error_of(owner.post("/auth/federation/link/finish", json={"state": browser.query["state"], "code": "c"}), 401, "INVALID_CREDENTIALS")


def test_the_only_way_in_is_not_unlinked(house, liar):
    tokens = data_of(Browser(house).start(liar).finish())
    headers = {"Authorization": "Bearer " + tokens["access_token"]}
    [identity] = data_of(requests.get(house.base + "/auth/federation/identities", headers=headers, timeout=30))["items"]
    path = f"{house.base}/auth/federation/identities/{identity['identity_id']}"
    error_of(requests.delete(path, headers=headers, timeout=30), 409, "CONFLICT")
    assert len(data_of(requests.get(house.base + "/auth/federation/identities", headers=headers, timeout=30))["items"]) == 1


def test_a_second_factor_is_asked_for_after_the_providers_sign_in(house, liar):
    owner = new_person(house)
    liar.claims["sub"] = uuid.uuid4().hex
    data_of(link(owner, liar))
    database.run(house, f"UPDATE users SET email_verified = {'TRUE' if house.environment.get('DATABASE_URL') else '1'} WHERE id = '{owner.id}'")
    data_of(owner.post("/auth/factors/email/enable"))
    answer = data_of(Browser(house).start(liar).finish())
    assert answer["mfa_required"] is True and answer["methods"] == ["email"] and "access_token" not in answer


def test_a_disabled_account_is_not_signed_in(house, boss, liar):
    account = me(house, data_of(Browser(house).start(liar).finish()))
    data_of(boss.post(f"/admin/users/{account['id']}/status", json={"status": "disabled"}))
    refused(Browser(house).start(liar).finish())


def test_the_secret_is_sealed_and_never_shown(house, boss, liar):
    listed = next(p for p in data_of(boss.get("/admin/federation/providers"))["items"] if p["provider_id"] == liar.id)
    assert listed["has_secret"] is True and liar.secret not in json.dumps(listed)
    [row] = database.rows(house, f"SELECT * FROM federation_providers WHERE id = '{liar.id}'")
    assert liar.secret not in str([bytes(c) if isinstance(c, memoryview) else c for c in row])
    error_of(boss.post("/admin/federation/providers", json={"name": "x", "issuer": liar.issuer, "client_id": liar.client_id}), 409, "CONFLICT")
    # A change without a secret keeps it.
    data_of(boss.request("PUT", f"/admin/federation/providers/{liar.id}", json={"name": "Renamed", "client_id": liar.client_id, "creates_accounts": True}))
    data_of(Browser(house).start(liar).finish())
    entries = [e for e in data_of(boss.get("/admin/audit?limit=30"))["items"] if liar.id in json.dumps(e["details"])]
    assert {"access.provider_added", "access.provider_changed"} <= {e["action"] for e in entries} and liar.secret not in json.dumps(entries)
