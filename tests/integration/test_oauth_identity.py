"""What AuthX verified, as OpenID Connect for Identity Assurance tells it: only from an approved verification, only by scope and consent."""

from __future__ import annotations

import requests

from support import pictures
from support.people import administrator, data_of, new_person
from support.relying import authorize, approve, handle_of, issuing_server, new_app, tokens_for


def userinfo(server, token: str) -> dict:
    return requests.get(server.root + "/oauth/userinfo", headers={"Authorization": "Bearer " + token}, timeout=30).json()


def test_verified_claims_come_from_approved_verifications_by_consent(servers):
    server = issuing_server(servers)
    server.wait_ready()
    app = new_app(administrator(server))
    person = new_person(server, dob="1990-01-01")
    scope = "openid profile verified_identity"
    before = userinfo(server, tokens_for(person, app, scope=scope)["access_token"])
    assert "verified_claims" not in before  # nothing verified yet
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    started = data_of(person.start(document["id"]))["verification_id"]
    decided = person.wait_verification(started)
    assert decided["status"] == "approved", decided["decision"]
    verified = userinfo(server, tokens_for(person, app, scope=scope)["access_token"])["verified_claims"]
    assert verified["verification"]["trust_framework"] == "authx" and verified["verification"]["verification_process"] == started
    assert verified["verification"]["time"].startswith("20") and verified["verification"]["evidence"][0]["type"] == "document"
    assert verified["verification"]["evidence"][0]["document_details"]["type"] == "idcard"
    assert verified["claims"] == {"name": "Test User", "birthdate": "1990-01-01"}
    assert "verified_claims" not in userinfo(server, tokens_for(person, app, scope="openid profile")["access_token"])
    other = new_app(administrator(server))
    asked = handle_of(authorize(other, scope=scope))
    assert data_of(person.post("/oauth/requests/look", json={"request": asked}))["consent_needed"] is True
    assert approve(person, asked, yes=False)["error"] == "access_denied"
    data_of(person.request("DELETE", f"/documents/{document['id']}"))
    assert "verified_claims" not in userinfo(server, tokens_for(person, app, scope=scope)["access_token"])
    server.close()
