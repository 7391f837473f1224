"""Who may do what: every endpoint of the description, for every role, for own and for others' objects."""

from __future__ import annotations

import re

import pytest
import requests

from support import pictures
from support.server import REPOSITORY, tool
from support.people import Person, data_of, error_of, new_person, new_worker

ROLES = ("user", "verifier", "auditor", "admin")
UNKNOWN = "0190163d-8694-739b-aea5-966c26f8ad91"
EVERYBODY = set(ROLES)
WORKERS = {"user", "verifier", "admin"}
PROTOCOL = "its standard says who may call it, and test_oauth_attacks.py checks that"
# The policy, written anew: endpoint -> the roles that may call it; None: nobody needs a token.
POLICY = {
    ("POST", "/v1/auth/register"): None,
    ("POST", "/v1/auth/login"): None,
    ("POST", "/v1/auth/password/setup"): None,
    ("POST", "/v1/auth/email/verify"): None,
    ("POST", "/v1/auth/refresh"): None,
    ("POST", "/v1/auth/logout"): EVERYBODY,
    ("GET", "/v1/auth/sessions"): EVERYBODY,
    ("DELETE", "/v1/auth/sessions/{session_id}"): EVERYBODY,
    ("POST", "/v1/auth/sessions/revoke-all"): EVERYBODY,
    ("POST", "/v1/auth/password/change"): EVERYBODY,
    ("POST", "/v1/auth/password/reset"): None,
    ("POST", "/v1/auth/password/reset/confirm"): None,
    ("POST", "/v1/auth/email/change"): EVERYBODY,
    ("POST", "/v1/auth/email/change/confirm"): None,
    ("POST", "/v1/auth/phone/change"): EVERYBODY,
    ("POST", "/v1/auth/phone/change/confirm"): EVERYBODY,
    ("POST", "/v1/auth/step-up"): EVERYBODY,
    ("POST", "/v1/auth/mfa/verify"): None,
    ("POST", "/v1/auth/mfa/face"): None,
    ("POST", "/v1/auth/mfa/code"): None,
    ("POST", "/v1/auth/mfa/passkey/options"): None,
    ("POST", "/v1/auth/recovery/start"): None,
    ("POST", "/v1/auth/recovery/complete"): EVERYBODY,
    ("GET", "/v1/auth/factors"): EVERYBODY,
    ("POST", "/v1/auth/factors/totp"): EVERYBODY,
    ("DELETE", "/v1/auth/factors/totp"): EVERYBODY,
    ("POST", "/v1/auth/factors/totp/confirm"): EVERYBODY,
    ("POST", "/v1/auth/factors/recovery-codes"): EVERYBODY,
    ("POST", "/v1/auth/factors/{kind}/enable"): EVERYBODY,
    ("DELETE", "/v1/auth/factors/{kind}/enable"): EVERYBODY,
    ("POST", "/v1/auth/passkeys/options"): EVERYBODY,
    ("POST", "/v1/auth/passkeys"): EVERYBODY,
    ("DELETE", "/v1/auth/passkeys/{passkey_id}"): EVERYBODY,
    ("POST", "/v1/auth/passkeys/login/options"): None,
    ("POST", "/v1/auth/passkeys/login"): None,
    ("GET", "/.well-known/webauthn"): None,
    ("GET", "/v1/admin/users"): {"admin"},
    ("POST", "/v1/admin/users/search"): {"admin"},
    ("GET", "/v1/admin/users/{user_id}"): {"admin"},
    ("DELETE", "/v1/admin/users/{user_id}/sessions"): {"admin"},
    ("DELETE", "/v1/admin/users/{user_id}/sessions/{session_id}"): {"admin"},
    ("POST", "/v1/admin/users/{user_id}/status"): {"admin"},
    ("DELETE", "/v1/users/me"): EVERYBODY,
    ("GET", "/v1/users/me"): EVERYBODY,
    ("POST", "/v1/documents/upload"): WORKERS,
    ("POST", "/v1/documents/upload/signed"): WORKERS,
    ("GET", "/v1/documents/{document_id}"): WORKERS,
    ("GET", "/v1/documents"): WORKERS,
    ("GET", "/v1/documents/{document_id}/image"): WORKERS,
    ("POST", "/v1/documents/{document_id}/reread"): {"admin"},
    ("DELETE", "/v1/documents/{document_id}"): WORKERS,
    ("POST", "/v1/face/capture"): WORKERS,
    ("POST", "/v1/face/verify"): WORKERS,
    ("GET", "/v1/face/captures"): WORKERS,
    ("POST", "/v1/face/challenge"): WORKERS,
    ("POST", "/v1/face/search"): {"verifier", "admin"},
    ("POST", "/v1/face/watchlists"): {"admin"},
    ("GET", "/v1/face/watchlists"): {"verifier", "admin"},
    ("DELETE", "/v1/face/watchlists/{list_id}"): {"admin"},
    ("POST", "/v1/face/watchlists/{list_id}/entries"): {"admin"},
    ("GET", "/v1/face/watchlists/{list_id}/entries"): {"verifier", "admin"},
    ("DELETE", "/v1/face/watchlists/{list_id}/entries/{entry_id}"): {"admin"},
    ("POST", "/v1/biometrics/capture"): WORKERS,
    ("POST", "/v1/biometrics/verify"): WORKERS,
    ("POST", "/v1/biometrics/search"): {"verifier", "admin"},
    ("POST", "/v1/biometrics/keys/renew"): {"admin"},
    ("GET", "/v1/biometrics"): WORKERS,
    ("GET", "/v1/biometrics/{biometric_id}"): WORKERS,
    ("DELETE", "/v1/biometrics/{biometric_id}"): EVERYBODY,
    ("DELETE", "/v1/biometrics"): EVERYBODY,
    ("POST", "/v1/verification/start"): WORKERS,
    ("GET", "/v1/verification/{verification_id}/status"): WORKERS,
    ("GET", "/v1/verification"): WORKERS,
    ("GET", "/v1/admin/outbox"): {"admin"},
    ("GET", "/v1/admin/audit"): {"auditor", "admin"},
    ("GET", "/oauth/authorize"): None,
    ("POST", "/oauth/par"): PROTOCOL,
    ("POST", "/oauth/token"): PROTOCOL,
    ("POST", "/oauth/introspect"): PROTOCOL,
    ("POST", "/oauth/revoke"): PROTOCOL,
    ("POST", "/oauth/device_authorization"): PROTOCOL,
    ("GET", "/oauth/userinfo"): PROTOCOL,
    ("POST", "/oauth/userinfo"): PROTOCOL,
    ("GET", "/oauth/logout"): None,
    ("POST", "/oauth/logout"): None,
    ("GET", "/oauth/jwks"): None,
    ("GET", "/.well-known/openid-configuration"): None,
    ("GET", "/.well-known/oauth-authorization-server"): None,
    ("POST", "/oauth/register"): PROTOCOL,
    ("GET", "/oauth/register/{client_id}"): PROTOCOL,
    ("DELETE", "/oauth/register/{client_id}"): PROTOCOL,
    ("POST", "/v1/oauth/requests/look"): EVERYBODY,
    ("POST", "/v1/oauth/requests/decide"): EVERYBODY,
    ("POST", "/v1/oauth/requests/give-up"): None,
    ("POST", "/v1/oauth/devices/look"): EVERYBODY,
    ("POST", "/v1/oauth/devices/decide"): EVERYBODY,
    ("GET", "/v1/oauth/consents"): EVERYBODY,
    ("DELETE", "/v1/oauth/consents/{client_id}"): EVERYBODY,
    ("POST", "/v1/admin/oauth/clients"): {"admin"},
    ("GET", "/v1/admin/oauth/clients"): {"admin"},
    ("GET", "/v1/admin/oauth/clients/{client_id}"): {"admin"},
    ("PUT", "/v1/admin/oauth/clients/{client_id}"): {"admin"},
    ("DELETE", "/v1/admin/oauth/clients/{client_id}"): {"admin"},
    ("POST", "/v1/admin/oauth/clients/{client_id}/secret"): {"admin"},
    ("GET", "/v1/admin/oauth/keys"): {"admin"},
    ("POST", "/v1/admin/oauth/keys/rotate"): {"admin"},
    ("POST", "/v1/admin/oauth/registration-tokens"): {"admin"},
    ("POST", "/v1/admin/service-accounts"): {"admin"},
    ("GET", "/v1/admin/service-accounts"): {"admin"},
    ("DELETE", "/v1/admin/service-accounts/{account_id}"): {"admin"},
    ("POST", "/v1/admin/service-accounts/{account_id}/keys"): {"admin"},
    ("GET", "/v1/admin/service-accounts/{account_id}/keys"): {"admin"},
    ("POST", "/v1/admin/api-keys/{key_id}/rotate"): {"admin"},
    ("DELETE", "/v1/admin/api-keys/{key_id}"): {"admin"},
    ("POST", "/v1/admin/roles"): {"admin"},
    ("GET", "/v1/admin/roles"): {"admin"},
    ("GET", "/v1/admin/roles/{role}"): {"admin"},
    ("PUT", "/v1/admin/roles/{role}"): {"admin"},
    ("DELETE", "/v1/admin/roles/{role}"): {"admin"},
    ("GET", "/v1/admin/users/{user_id}/roles"): {"admin"},
    ("PUT", "/v1/admin/users/{user_id}/roles/{role}"): {"admin"},
    ("DELETE", "/v1/admin/users/{user_id}/roles/{role}"): {"admin"},
    ("GET", "/v1/admin/directory/groups"): {"admin"},
    ("PUT", "/v1/admin/directory/groups/{group_id}/role"): {"admin"},
    ("PUT", "/v1/admin/directory/users/{user_id}"): {"admin"},
    ("DELETE", "/v1/admin/directory/users/{user_id}"): {"admin"},
    ("POST", "/scim/v2/Users"): {"admin"},
    ("GET", "/scim/v2/Users"): {"admin"},
    ("GET", "/scim/v2/Users/{id}"): {"admin"},
    ("PUT", "/scim/v2/Users/{id}"): {"admin"},
    ("PATCH", "/scim/v2/Users/{id}"): {"admin"},
    ("DELETE", "/scim/v2/Users/{id}"): {"admin"},
    ("POST", "/scim/v2/Groups"): {"admin"},
    ("GET", "/scim/v2/Groups"): {"admin"},
    ("GET", "/scim/v2/Groups/{id}"): {"admin"},
    ("PUT", "/scim/v2/Groups/{id}"): {"admin"},
    ("PATCH", "/scim/v2/Groups/{id}"): {"admin"},
    ("DELETE", "/scim/v2/Groups/{id}"): {"admin"},
    ("GET", "/scim/v2/ServiceProviderConfig"): {"admin"},
    ("GET", "/scim/v2/ResourceTypes"): {"admin"},
    ("GET", "/scim/v2/ResourceTypes/{id}"): {"admin"},
    ("GET", "/scim/v2/Schemas"): {"admin"},
    ("GET", "/scim/v2/Schemas/{id}"): {"admin"},
    ("GET", "/v1/auth/federation/providers"): None,
    ("POST", "/v1/auth/federation/providers/{provider_id}/start"): None,
    ("POST", "/v1/auth/federation/finish"): None,
    ("POST", "/v1/auth/federation/providers/{provider_id}/link"): EVERYBODY,
    ("POST", "/v1/auth/federation/link/finish"): EVERYBODY,
    ("GET", "/v1/auth/federation/identities"): EVERYBODY,
    ("DELETE", "/v1/auth/federation/identities/{identity_id}"): EVERYBODY,
    ("GET", "/v1/admin/federation/providers"): {"admin"},
    ("POST", "/v1/admin/federation/providers"): {"admin"},
    ("PUT", "/v1/admin/federation/providers/{provider_id}"): {"admin"},
    ("DELETE", "/v1/admin/federation/providers/{provider_id}"): {"admin"},
    ("POST", "/v1/admin/organizations"): {"admin"},
    ("GET", "/v1/admin/organizations"): {"admin"},
    ("GET", "/v1/admin/organizations/{organization_id}"): {"admin"},
    ("PUT", "/v1/admin/organizations/{organization_id}"): {"admin"},
    ("GET", "/v1/admin/organizations/{organization_id}/people"): {"admin"},
    ("POST", "/v1/admin/organizations/{organization_id}/suspend"): {"admin"},
    ("POST", "/v1/admin/organizations/{organization_id}/resume"): {"admin"},
    ("POST", "/v1/admin/organizations/{organization_id}/administrators"): {"admin"},
    ("GET", "/health"): None,
    ("GET", "/health/ready"): None,
    ("GET", "/health/live"): None,
    ("GET", "/metrics"): None,
    ("GET", "/openapi.json"): None,
}
# What the caller proves is in the body or a cookie.
PROOF_IN_BODY = {("POST", "/v1/auth/refresh")}
ENDS_SESSIONS = {("POST", "/v1/auth/logout"), ("POST", "/v1/auth/sessions/revoke-all"), ("DELETE", "/v1/users/me")}
# What a caller past the guard is told for want of a state that the walk does not make.
TOLD = {("POST", "/v1/auth/recovery/complete"): 403, ("POST", "/v1/auth/factors/recovery-codes"): 409}


@pytest.fixture(scope="module")
def callers(server, admins) -> dict[str, Person]:
    return {role: admins(server) if role == "admin" else new_worker(server, role) for role in ROLES}


def endpoints(server) -> dict[tuple[str, str], dict]:
    described = requests.get(server.root + "/openapi.json", timeout=30).json()
    return {(method.upper(), path): operation for path, item in described["paths"].items() for method, operation in item.items()}


def call(server, method: str, path: str, token: str = "", **more) -> requests.Response:
    path = re.sub(r"\{\w+\}", UNKNOWN, path)
    headers = {"Authorization": "Bearer " + token} if token else {}
    return requests.request(method, server.root + path, headers=headers, timeout=30, allow_redirects=False, **more)


def refused(path: str, answer: requests.Response, status: int, code: str) -> None:
    """In the form that the path's errors have."""
    if path.startswith("/scim/"):
        assert answer.status_code == status and answer.json()["status"] == str(status), answer.text
    else:
        error_of(answer, status, code)


def test_the_policy_names_every_endpoint_of_the_description(plain_server):
    assert set(endpoints(plain_server)) == set(POLICY)


def test_the_description_says_who_needs_a_token(plain_server):
    for (method, path), operation in endpoints(plain_server).items():
        if POLICY[method, path] is PROTOCOL:
            assert operation["security"] == [] and operation["responses"]["401"], (method, path)
            continue
        assert bool(operation["security"]) == (POLICY[method, path] is not None), (method, path)
        described = operation["responses"].get("401", {}).get("description", "")
        wants_proof = POLICY[method, path] is not None or (method, path) in PROOF_IN_BODY
        assert ("AUTHENTICATION_REQUIRED" in described) == wants_proof, (method, path)


def test_every_endpoint_for_every_role(server, callers):
    """With nothing to work on: the roles that may call get past the guard (and are told 400 or 404), the others 403."""
    for (method, path), allowed in POLICY.items():
        anonymous = call(server, method, path)
        if allowed is PROTOCOL:
            assert anonymous.status_code in (400, 401, 415) and (anonymous.status_code == 415 or "error" in anonymous.json()), (method, path)
            continue
        if allowed is None:
            assert anonymous.status_code not in (401, 403), (method, path, anonymous.status_code)
            continue
        refused(path, anonymous, 401, "AUTHENTICATION_REQUIRED")
        for role in ROLES:
            caller = new_worker(server, role) if (method, path) in ENDS_SESSIONS else callers[role]
            answer = call(server, method, path, caller.token)
            if role in allowed:
                if answer.status_code == 401:  # past the guard, with a sign-in that is some minutes old
                    error_of(answer, 401, "INSUFFICIENT_USER_AUTHENTICATION")
                    continue
                told = (200, 400, 404, 415, TOLD.get((method, path)))
                assert answer.status_code in told, (role, method, path, answer.status_code, answer.text)
            else:
                refused(path, answer, 403, "PERMISSION_DENIED")


def test_a_forbidden_upload_is_refused_before_its_body_is_read(callers, server):
    answer = callers["auditor"].upload(pictures.scene(1))
    error_of(answer, 403, "PERMISSION_DENIED")


def test_nobody_becomes_more_by_saying_so(server):
    body = {"name": "A", "email": "role@example.org", "password": "correct horse", "role": "admin"}
    answer = requests.post(server.base + "/auth/register", json=body, timeout=30)
    assert answer.status_code == 400


def test_objects_of_others_are_not_found(server, callers):
    owner, other = new_person(server), new_person(server)
    document = data_of(owner.upload(pictures.scene(2), wait=0))["document_id"]
    verification = data_of(owner.start(document))["verification_id"]
    owner.wait_document(document)
    picture = pictures.base64_of(pictures.stripes())
    paths = [("GET", f"/documents/{document}", {}), ("GET", f"/verification/{verification}/status", {}),
             ("POST", "/face/verify", {"json": {"document_id": document, "face_image": picture}})]
    for method, path, more in paths:
        assert owner.request(method, path, **more).status_code in (200, 400), path
        error_of(other.request(method, path, **more), 404, "NOT_FOUND")
    # An absent object and somebody else's are told apart by nothing but the request's own id and time.
    foreign, absent = (other.get(f"/documents/{d}").json()["error"] for d in (document, UNKNOWN))
    assert {k: v for k, v in foreign.items() if k not in ("timestamp", "request_id")} == {
        k: v for k, v in absent.items() if k not in ("timestamp", "request_id")}
    for reviewer in ("verifier", "admin"):
        assert data_of(callers[reviewer].get(f"/documents/{document}"))["id"] == document
        assert data_of(callers[reviewer].get(f"/verification/{verification}/status"))["verification_id"] == verification
    error_of(callers["auditor"].get(f"/documents/{document}"), 403, "PERMISSION_DENIED")
    # A reviewer reads; only the owner matches a face to the document.
    error_of(callers["verifier"].request(*paths[2][:2], **paths[2][2]), 404, "NOT_FOUND")


def test_lists_hold_nothing_of_others(server):
    owner, other = new_person(server), new_person(server)
    document = data_of(owner.upload(pictures.scene(2, 200, 200), wait=0))["document_id"]
    data_of(owner.start(document))
    data_of(owner.capture(pictures.scene(2, 200, 200), wait=0))
    for path in ("/documents", "/verification", "/face/captures"):
        assert len(data_of(owner.get(path))["items"]) == 1
        assert data_of(other.get(path))["items"] == []
        theirs = data_of(owner.get(path))["items"][0]
        cursor = theirs.get("id") or theirs["verification_id"]
        assert data_of(other.get(f"{path}?cursor={cursor}"))["items"] == []


def test_an_administrator_reads_outbox_and_audit(server, callers):
    email = new_person(server).email
    messages = data_of(callers["admin"].get("/admin/outbox?limit=100"))["items"]
    assert any(m["recipient"] == email for m in messages)
    entries = data_of(callers["auditor"].get("/admin/audit?limit=100"))["items"]
    assert {"outbox.viewed", "auth.registered"} <= {e["action"] for e in entries}
    assert [e["seq"] for e in entries] == sorted((e["seq"] for e in entries), reverse=True)


def test_the_printed_policy_is_what_the_server_does(plain_server):
    """docs/policy.md is what `authx policy` prints; `authx policy >docs/policy.md` renews it."""
    assert (REPOSITORY / "docs" / "policy.md").read_text().strip() == tool("policy").decode().strip()
