"""The claims parameter (OpenID Connect Core 5.5, OpenID Connect for Identity Assurance): what is asked, agreed to and allowed is told, no more."""

from __future__ import annotations

import json

import jwt
import pytest
import requests

from support import pictures
from support.factors import enrol, strong
from support.people import Person, administrator, data_of, error_of, new_person
from support.relying import App, answer_of, approve, authorize, exchange, handle_of, issuing_server, new_app, refused, tokens_for
from support.server import Server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def issuer(request, servers) -> Server:
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if request.param == "postgres" else {}
    return issuing_server(servers, **settings)


@pytest.fixture(scope="module")
def boss(issuer, admins) -> Person:
    return admins(issuer)


@pytest.fixture(scope="module")
def person(issuer) -> Person:
    return new_person(issuer, name="Asha Rao", dob="1990-01-01", phone="+919876543210")


@pytest.fixture
def app(boss) -> App:
    return new_app(boss)


def claims(**parts) -> str:
    return json.dumps(parts)


def userinfo(server: Server, token: str) -> dict:
    return requests.get(server.root + "/oauth/userinfo", headers={"Authorization": "Bearer " + token}, timeout=30).json()


def id_claims(tokens: dict) -> dict:
    return jwt.decode(tokens["id_token"], options={"verify_signature": False})


def told(tokens: dict) -> set[str]:
    return set(id_claims(tokens)) - {"iss", "sub", "aud", "iat", "exp", "auth_time", "acr", "amr", "sid", "nonce", "at_hash"}


def look(person: Person, answer: requests.Response) -> dict:
    return data_of(person.post("/oauth/requests/look", json={"request": handle_of(answer)}))


def test_discovery_says_that_the_parameter_is_taken(issuer):
    found = requests.get(issuer.root + "/.well-known/openid-configuration", timeout=30).json()
    assert found["claims_parameter_supported"] is True and found["verified_claims_supported"] is True


def test_each_place_gets_what_was_asked_of_it(issuer, app, person):
    tokens = tokens_for(person, app, scope="openid", claims=claims(
        userinfo={"email": {"essential": True}, "nickname": None, "birthdate": None}, id_token={"name": None, "auth_time": {"essential": True}}))
    assert userinfo(issuer, tokens["access_token"]) == {"sub": person.id, "email": person.email, "birthdate": "1990-01-01"}
    assert told(tokens) == {"name"} and id_claims(tokens)["name"] == "Asha Rao"
    renewed = app.token("refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert told(renewed) == {"name"}
    assert userinfo(issuer, renewed["access_token"]) == {"sub": person.id, "email": person.email, "birthdate": "1990-01-01"}


def test_scopes_and_claims_add_up(issuer, app, person):
    tokens = tokens_for(person, app, scope="openid profile", claims=claims(userinfo={"email": None, "phone_number": {"value": "+10000000000"}}))
    assert userinfo(issuer, tokens["access_token"]) == {"sub": person.id, "name": "Asha Rao", "birthdate": "1990-01-01", "email": person.email}
    assert told(tokens) == set()
    wrong = tokens_for(person, app, scope="openid profile", claims=claims(userinfo={"name": {"value": "Somebody Else"}}))
    assert "name" not in userinfo(issuer, wrong["access_token"])


def test_a_person_agrees_to_each_claim(issuer, app):
    person = new_person(issuer, name="Asha Rao")
    asked = {"scope": "openid", "claims": claims(userinfo={"email": None}, id_token={"name": None})}
    seen = look(person, authorize(app, **asked))
    assert seen["consent_needed"] is True and seen["scopes"] == ["openid"] and sorted(seen["claims"]) == ["email", "name"]
    assert approve(person, handle_of(authorize(app, prompt="none", **asked)))["error"] == "consent_required"
    tokens_for(person, app, **asked)
    assert look(person, authorize(app, **asked))["consent_needed"] is False
    assert "code" in approve(person, handle_of(authorize(app, prompt="none", **asked)))
    more = {"scope": "openid", "claims": claims(userinfo={"email": None, "phone_number": None})}
    assert look(person, authorize(app, **more))["consent_needed"] is True
    assert look(person, authorize(app, scope="openid email", claims=None))["consent_needed"] is True  # one claim is not the scope
    [given] = data_of(person.get("/oauth/consents"))["items"]
    assert given["scopes"] == ["openid"] and sorted(given["claims"]) == ["email", "name"]
    data_of(person.request("DELETE", f"/oauth/consents/{app.id}"))
    assert look(person, authorize(app, **asked))["consent_needed"] is True


def test_a_client_gets_no_claim_beyond_its_scopes(issuer, boss, person):
    narrow = new_app(boss, scope="openid profile")
    asked = {"scope": "openid", "claims": claims(userinfo={"email": None, "name": None}, id_token={"phone_number": None})}
    assert look(person, authorize(narrow, **asked))["claims"] == ["name"]
    tokens = tokens_for(person, narrow, **asked)
    assert userinfo(issuer, tokens["access_token"]) == {"sub": person.id, "name": "Asha Rao"} and told(tokens) == set()


def test_another_client_has_no_part_in_what_one_was_granted(issuer, boss, person):
    grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    first = new_app(boss, scope="openid email")
    second = new_app(boss, grant_types=[grant], redirect_uris=None, resources=[issuer.root], scope="openid")
    tokens = tokens_for(person, first, scope="openid", claims=claims(userinfo={"email": None}))
    exchanged = second.token(grant, subject_token=tokens["access_token"], subject_token_type="urn:ietf:params:oauth:token-type:access_token")
    assert exchanged.status_code == 200, exchanged.text
    assert userinfo(issuer, exchanged.json()["access_token"]) == {"sub": person.id}


@pytest.mark.parametrize("text", ["[]", "{", "1", '{"userinfo": 1}', '{"userinfo": {"email": 1}}', '{"id_token": {"acr": {"values": []}}}',
                                  '{"userinfo": {"verified_claims": {"claims": {"name": null}}}}',
                                  '{"userinfo": {"verified_claims": {"verification": {"trust_framework": null}, "claims": {}}}}'])
def test_what_is_no_request_is_refused(app, text):
    answer = answer_of(authorize(app, claims=text).headers["Location"])
    assert answer["error"] == "invalid_request" and answer["state"] == "a-state"


def test_a_request_too_long_is_refused(app):
    refused(authorize(app, claims='{"userinfo": {}' + " " * 4000 + "}"), "invalid_request")


def test_claims_may_be_pushed(issuer, app, person):
    from support.relying import REDIRECT, VERIFIER, challenge_of
    pushed = app.post("/oauth/par", response_type="code", redirect_uri=REDIRECT, scope="openid", code_challenge=challenge_of(VERIFIER),
                      code_challenge_method="S256", claims=claims(userinfo={"email": None}))
    assert pushed.status_code == 201, pushed.text
    asked = requests.get(issuer.root + "/oauth/authorize", params={"client_id": app.id, "request_uri": pushed.json()["request_uri"]},
                         allow_redirects=False, timeout=30)
    tokens = exchange(app, approve(person, handle_of(asked))["code"]).json()
    assert userinfo(issuer, tokens["access_token"]) == {"sub": person.id, "email": person.email}


# Who, and how surely


def test_a_request_for_somebody_else_ends_without_a_code(issuer, app, person):
    own = {"claims": claims(id_token={"sub": {"value": person.id}})}
    assert "code" in approve(person, handle_of(authorize(app, **own)))
    other = {"claims": claims(id_token={"sub": {"value": "0190163d-8694-739b-aea5-966c26f8ad91"}})}
    assert approve(person, handle_of(authorize(app, **other)))["error"] == "login_required"


ESSENTIAL = {"claims": claims(id_token={"acr": {"essential": True, "values": ["aal2"]}})}


def test_assurance_that_nobody_can_reach_is_a_preference_or_an_error(app, person):
    tokens = tokens_for(person, app, acr_values="aal3 aal2")  # a preference (OpenID Connect Core, 3.1.2.1): the token says what is true
    assert id_claims(tokens)["acr"] == "aal1"
    assert approve(person, handle_of(authorize(app, **ESSENTIAL)))["error"] == "unmet_authentication_requirements"
    unknown = {"claims": claims(id_token={"acr": {"essential": True, "value": "urn:mace:incommon:iap:gold"}})}
    assert approve(person, handle_of(authorize(app, **unknown)))["error"] == "unmet_authentication_requirements"


def test_assurance_within_reach_is_asked_for(issuer, app):
    person = new_person(issuer)
    secret, _ = enrol(person)
    weak = person  # signed in before the factor was there
    for asked in ({"acr_values": "aal2"}, ESSENTIAL):
        answer = authorize(app, **asked)
        assert look(weak, answer)["step_up_to"] == "aal2"
        error = weak.post("/oauth/requests/decide", json={"request": handle_of(answer), "approve": True})
        error_of(error, 401, "INSUFFICIENT_USER_AUTHENTICATION")
        assert 'acr_values="aal2"' in error.headers["WWW-Authenticate"]
    tokens_for(weak, app, acr_values="aal2 aal1")  # a level that is there is enough
    assert approve(weak, handle_of(authorize(app, prompt="none", **ESSENTIAL)))["error"] == "login_required"
    sure = strong(weak, secret)
    tokens = tokens_for(sure, app, **ESSENTIAL)
    assert id_claims(tokens)["acr"] == "aal2"
    one = {"claims": claims(id_token={"acr": {"essential": True, "values": ["aal1"]}})}
    assert id_claims(tokens_for(sure, app, **one))["acr"] == "aal1"  # one of the asked values, as the standard wants


# Verified claims


@pytest.fixture(scope="module")
def verified(servers) -> tuple[Server, Person]:
    server = issuing_server(servers)
    server.wait_ready()
    person = new_person(server, dob="1990-01-01")
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    decided = person.wait_verification(data_of(person.start(document["id"]))["verification_id"])
    assert decided["status"] == "approved", decided
    return server, person


def verified_of(server: Server, person: Person, app: App, wish, scope: str = "openid", place: str = "userinfo"):
    tokens = tokens_for(person, app, scope=scope, claims=claims(**{place: {"verified_claims": wish}}))
    return (userinfo(server, tokens["access_token"]) if place == "userinfo" else id_claims(tokens)).get("verified_claims")


def test_only_asked_members_of_a_verification_are_told(verified):
    server, person = verified
    app = new_app(administrator(server))
    wish = {"verification": {"trust_framework": None}, "claims": {"birthdate": None}}
    seen = look(person, authorize(app, scope="openid", claims=claims(userinfo={"verified_claims": wish})))
    assert seen["claims"] == ["verified:birthdate"] and seen["consent_needed"] is True
    for place in ("userinfo", "id_token"):
        assert verified_of(server, person, app, wish, place=place) == {
            "verification": {"trust_framework": "authx"}, "claims": {"birthdate": "1990-01-01"}}
    more = {"verification": {"trust_framework": {"value": "authx"}, "time": {"max_age": 3600},
                             "evidence": [{"type": {"value": "document"}, "document_details": {"type": {"values": ["idcard"]}}}]},
            "claims": {"name": {"essential": True}, "nationality": None}}
    found = verified_of(server, person, app, more)
    assert set(found["verification"]) == {"trust_framework", "time", "evidence"} and found["claims"] == {"name": "Test User"}
    assert found["verification"]["evidence"] == [{"type": "document", "document_details": {"type": "idcard"}}]
    wide = verified_of(server, person, app, wish, scope="openid verified_identity")  # the wish narrows what the scope would release
    assert wide == {"verification": {"trust_framework": "authx"}, "claims": {"birthdate": "1990-01-01"}}


@pytest.mark.parametrize("change", [
    {"trust_framework": {"value": "de_aml"}}, {"time": {"max_age": 0}}, {"assurance_level": {"value": "high"}},
    {"evidence": [{"type": {"value": "electronic_record"}}]},
    {"evidence": [{"type": {"value": "document"}, "document_details": {"type": {"value": "passport"}}}]}])
def test_a_constraint_that_is_not_met_leaves_verified_claims_out(verified, change):
    server, person = verified
    app = new_app(administrator(server))
    wish = {"verification": {"trust_framework": None, **change}, "claims": {"name": None}}
    assert verified_of(server, person, app, wish) is None


def test_of_several_wishes_those_that_are_met_are_told(verified):
    server, person = verified
    app = new_app(administrator(server))
    wishes = [{"verification": {"trust_framework": {"value": "eidas"}}, "claims": {"name": None}},
              {"verification": {"trust_framework": None}, "claims": {"name": None}},
              {"verification": {"trust_framework": None, "time": None}, "claims": {"birthdate": None}}]
    found = verified_of(server, person, app, wishes)
    assert [set(f["claims"]) for f in found] == [{"name"}, {"birthdate"}]


def test_verified_claims_need_the_clients_scope_and_a_verification(verified):
    server, person = verified
    wish = {"verification": {"trust_framework": None}, "claims": {"name": None}}
    assert verified_of(server, person, new_app(administrator(server), scope="openid profile"), wish) is None
    assert verified_of(server, new_person(server), new_app(administrator(server)), wish) is None
