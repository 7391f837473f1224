"""What administrators see of accounts and end of their sessions: their own organisation's, nobody's above them, and all of it recorded."""

from __future__ import annotations

import time

import requests

from support.factors import enrol
from support.people import data_of, enter, error_of, login, new_person, new_worker
from support.server import Server

UNKNOWN = "0190163d-8694-739b-aea5-966c26f8ad91"


def status(server: Server, token: str) -> int:
    return requests.get(server.base + "/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code


def eventually(true) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_accounts_are_listed_and_found_by_their_whole_address(server, admin):
    people = [new_person(server, name=f"Listed {n}") for n in range(3)]
    first = data_of(admin.get("/admin/users?limit=2"))
    second = data_of(admin.get(f"/admin/users?limit=2&cursor={first['next_cursor']}"))
    ids = [item["user_id"] for item in first["items"] + second["items"]]
    assert ids[:3] == [p.id for p in reversed(people)] and len(set(ids)) == 4
    [found] = data_of(admin.post("/admin/users/search", json={"email": people[1].email.upper()}))["items"]
    assert found["user_id"] == people[1].id and found["name"] == "Listed 1" and found["status"] == "active"
    assert data_of(admin.post("/admin/users/search", json={"email": "nobody@example.org"}))["items"] == []
    program = data_of(admin.post("/admin/service-accounts", json={"name": f"no person {server.port}", "permissions": ["read_audit"]}), 201)
    assert program["account_id"] not in [item["user_id"] for item in data_of(admin.get("/admin/users?limit=5"))["items"]]
    error_of(admin.post("/admin/users/search", json={"email": "person"}), 400, "VALIDATION_ERROR")  # no searching by parts
    error_of(admin.get("/admin/users?cursor=1' OR '1'='1"), 400, "VALIDATION_ERROR")


def test_an_account_is_shown_with_factors_and_sessions_but_no_secret(server, admin):
    person = new_person(server)
    secret, codes = enrol(person)
    answer = admin.get(f"/admin/users/{person.id}")
    shown = data_of(answer)
    assert shown["account"]["email"] == person.email and shown["totp"] is True and shown["recovery_codes_left"] == len(codes)
    assert [s["client_id"] for s in shown["sessions"]] == ["authx"] and shown["sessions"][0]["current"] is False
    for hidden in (secret, *codes, "password", "hash", person.token):
        assert hidden not in answer.text
    error_of(admin.get(f"/admin/users/{UNKNOWN}"), 404, "NOT_FOUND")


def test_an_administrator_ends_one_or_all_sessions_at_once(server, admin):
    person = new_person(server)
    others = [enter(server, person.email, person.password) for _ in range(2)]
    sessions = data_of(admin.get(f"/admin/users/{person.id}"))["sessions"]
    assert len(sessions) == 3
    newest = sessions[0]["id"]
    assert data_of(admin.request("DELETE", f"/admin/users/{person.id}/sessions/{newest}")) == {"revoked": 1}
    assert [status(server, p.token) for p in (person, *others)] == [200, 200, 401]
    error_of(admin.request("DELETE", f"/admin/users/{person.id}/sessions/{newest}"), 404, "NOT_FOUND")
    stranger = new_person(server)
    strange = data_of(admin.get(f"/admin/users/{stranger.id}"))["sessions"][0]["id"]
    error_of(admin.request("DELETE", f"/admin/users/{person.id}/sessions/{strange}"), 404, "NOT_FOUND")  # of another account
    assert status(server, stranger.token) == 200
    refresh = data_of(login(server, person.email, person.password))["refresh_token"]
    assert data_of(admin.request("DELETE", f"/admin/users/{person.id}/sessions")) == {"revoked": 3}
    assert [status(server, p.token) for p in (person, *others)] == [401] * 3
    assert requests.post(server.base + "/auth/refresh", json={"refresh_token": refresh}, timeout=30).status_code == 401
    entries = [e for e in data_of(admin.get("/admin/audit?limit=50"))["items"] if e["action"] == "session.revoked_by_administrator"]
    assert any(e["details"] == {"user": person.id, "count": 3} and e["user_id"] == admin.id for e in entries)


def test_nobody_ends_the_sessions_of_those_who_may_do_more(server, admin):
    data_of(admin.post("/admin/roles", json={"name": "helpdesk_of_sessions", "description": "", "permissions": ["manage_users", "view_dashboard"],
                                             "needed_aal": 1}), 201)
    helper = new_person(server)
    data_of(admin.request("PUT", f"/admin/users/{helper.id}/roles/helpdesk_of_sessions"))
    helper = enter(server, helper.email, helper.password)
    auditor = new_worker(server, "auditor")
    for target in (admin, auditor):
        error_of(helper.request("DELETE", f"/admin/users/{target.id}/sessions"), 403, "PERMISSION_DENIED")
        session = data_of(helper.get(f"/admin/users/{target.id}"))["sessions"][0]["id"]
        error_of(helper.request("DELETE", f"/admin/users/{target.id}/sessions/{session}"), 403, "PERMISSION_DENIED")
        assert status(server, target.token) == 200
    ordinary = new_person(server)
    assert data_of(helper.request("DELETE", f"/admin/users/{ordinary.id}/sessions")) == {"revoked": 1}


def test_accounts_of_other_organisations_are_not_there(server, admin):
    made = data_of(admin.post("/admin/organizations", json={"slug": f"far-{server.port}", "name": "Far"}), 201)
    chief = data_of(admin.post(f"/admin/organizations/{made['organization_id']}/administrators",
                               json={"name": "Chief", "email": f"chief.{server.port}@far.example"}), 201)
    error_of(admin.get(f"/admin/users/{chief['user_id']}"), 404, "NOT_FOUND")
    error_of(admin.request("DELETE", f"/admin/users/{chief['user_id']}/sessions"), 404, "NOT_FOUND")
    assert data_of(admin.post("/admin/users/search", json={"email": f"chief.{server.port}@far.example"}))["items"] == []
    # The installation's administrators see that the account is there, and nothing that is sealed.
    answer = admin.get(f"/admin/organizations/{made['organization_id']}/people")
    [shown] = data_of(answer)["items"]
    assert shown["user_id"] == chief["user_id"] and shown["role"] == "admin" and shown["last_login_at"] is None
    assert "Chief" not in answer.text and "far.example" not in answer.text
    error_of(admin.get(f"/admin/organizations/{UNKNOWN}/people"), 404, "NOT_FOUND")
    token = chief["setup_link"].partition("#token=")[2]
    data_of(requests.post(server.base + "/auth/password/setup", json={"token": token, "password": "correct horse battery"}, timeout=30))
    entered = data_of(requests.post(server.base + "/auth/login", json={"email": f"chief.{server.port}@far.example", "password": "correct horse battery"},
                                    headers={"X-Organization": f"far-{server.port}"}, timeout=30))
    theirs = {"Authorization": "Bearer " + entered["access_token"]}
    listed = data_of(requests.get(server.base + "/admin/users", headers=theirs, timeout=30))["items"]
    assert [item["user_id"] for item in listed] == [chief["user_id"]]
    assert requests.get(server.base + f"/admin/users/{admin.id}", headers=theirs, timeout=30).status_code == 404
    assert requests.get(server.base + f"/admin/organizations/{made['organization_id']}/people", headers=theirs, timeout=30).status_code == 403


def test_every_look_at_an_account_is_recorded(server, admin):
    person = new_person(server)
    data_of(admin.get(f"/admin/users/{person.id}"))
    data_of(admin.post("/admin/users/search", json={"email": person.email}))
    entries = data_of(admin.get("/admin/audit?limit=20"))["items"]
    assert any(e["action"] == "user.viewed_by_administrator" and e["details"] == {"user": person.id} for e in entries)
    assert any(e["action"] == "user.list_viewed" and e["details"] == {"count": 1} for e in entries)
    assert person.email not in str(entries)


def test_the_operator_does_the_same_at_the_command_line(server, admin):
    person = new_person(server)
    other = enter(server, person.email, person.password)
    listed = server.cli("user", "session", "list", "--id", person.id)
    assert len(listed) == 2 and {s["client_id"] for s in listed} == {"authx"}
    assert server.cli("user", "session", "end", "--id", person.id, "--session", listed[0]["id"]) == {"revoked": 1}
    eventually(lambda: [status(server, p.token) for p in (person, other)] == [200, 401])
    assert server.cli("user", "session", "end", "--id", person.id) == {"revoked": 1}
    eventually(lambda: status(server, person.token) == 401)
    server.cli("user", "session", "end", "--id", person.id, "--session", listed[0]["id"], code=3)


def test_the_operator_switches_applications_and_rotates_keys(server, admin):
    made = data_of(admin.post("/admin/oauth/clients", json={"client_name": "Of the operator", "grant_types": ["client_credentials"]}), 201)
    ask = lambda: requests.post(server.root + "/oauth/token", data={"grant_type": "client_credentials"}, timeout=30,  # noqa: E731
                                auth=(made["client_id"], made["client_secret"])).status_code
    assert ask() == 200
    assert made["client_id"] in [c["client_id"] for c in server.cli("client", "list")]
    assert server.cli("client", "disable", made["client_id"])["disabled"] is True
    eventually(lambda: ask() == 401)
    assert server.cli("client", "enable", made["client_id"])["disabled"] is False
    assert ask() == 200
    before = {k["kid"] for k in server.cli("signing-keys", "list")}
    after = server.cli("signing-keys", "rotate")
    assert before < {k["kid"] for k in after} and all(k["kid"] in before for k in after if k["signs"])
    published = lambda: {k["kid"] for k in requests.get(server.root + "/oauth/jwks", timeout=30).json()["keys"]}  # noqa: E731
    eventually(lambda: published() == {k["kid"] for k in after})
    account = data_of(admin.post("/admin/service-accounts", json={"name": f"listed {server.port}", "permissions": ["read_audit"]}), 201)
    key = data_of(admin.post(f"/admin/service-accounts/{account['account_id']}/keys", json={"name": "first", "days": 3}), 201)
    [shown] = [k for k in server.cli("api-keys", "list") if k["key_id"] == key["key_id"]]
    assert shown["account"] == f"listed {server.port}" and shown["revoked"] is False and key["api_key"] not in str(shown)
    reads = lambda: requests.get(server.root + "/v1/admin/audit", headers={"Authorization": f"Bearer {key['api_key']}"}, timeout=30).status_code  # noqa: E731
    assert reads() == 200
    assert server.cli("api-keys", "revoke", key["key_id"])["revoked"] is True
    eventually(lambda: reads() == 401)
    [shown] = [k for k in server.cli("api-keys", "list") if k["key_id"] == key["key_id"]]
    assert shown["revoked"] is True
