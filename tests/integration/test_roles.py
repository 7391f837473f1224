"""Roles beside the built-in ones: making, granting, taking back, and what nobody may do with them."""

from __future__ import annotations

import json
import uuid

import pytest
import requests

from support.people import Person, data_of, enter, error_of, faults_of, new_person, new_worker
from support.server import Server


def name() -> str:
    return "role_" + uuid.uuid4().hex[:12]


def make(boss: Person, *permissions: str, **more) -> dict:
    return data_of(boss.post("/admin/roles", json={"name": name(), "permissions": list(permissions), **more}), 201)


def grant(boss: Person, who: Person, role: str) -> requests.Response:
    return boss.request("PUT", f"/admin/users/{who.id}/roles/{role}")


def again(who: Person) -> Person:
    return enter(who.server, who.email, who.password, who.role)


def holder(server: Server, boss: Person, *permissions: str, **more) -> tuple[Person, dict]:
    """A user who holds a new role of these permissions, signed in with it."""
    who = new_person(server)
    role = make(boss, *permissions, **more)
    data_of(grant(boss, who, role["name"]))
    return again(who), role


def test_a_granted_role_gives_its_permissions_at_the_next_sign_in(server, admin):
    who = new_person(server)
    role = make(admin, "read_audit", description="Reads the log")
    error_of(who.get("/admin/audit"), 403, "PERMISSION_DENIED")
    data_of(grant(admin, who, role["name"]))
    data_of(grant(admin, who, role["name"]))  # again is once
    who = again(who)
    data_of(who.get("/admin/audit"))
    error_of(who.get("/admin/outbox"), 403, "PERMISSION_DENIED")
    assert data_of(who.get("/users/me"))["role"] == "user"
    [held] = data_of(admin.get(f"/admin/users/{who.id}/roles"))["items"]
    assert held["role"] == role["name"] and held["source"] == "administrator" and held["granted_by"] == admin.id


def test_a_built_in_role_can_be_granted_too(server, admin):
    who = new_person(server)
    data_of(grant(admin, who, "auditor"))
    data_of(again(who).get("/admin/audit"))


def test_a_role_taken_back_ends_the_sessions_at_once(server, admin):
    who, role = holder(server, admin, "read_audit")
    data_of(who.get("/admin/audit"))
    data_of(admin.request("DELETE", f"/admin/users/{who.id}/roles/{role['name']}"))
    error_of(who.get("/admin/audit"), 401, "AUTHENTICATION_REQUIRED")
    error_of(again(who).get("/admin/audit"), 403, "PERMISSION_DENIED")
    error_of(admin.request("DELETE", f"/admin/users/{who.id}/roles/{role['name']}"), 404, "NOT_FOUND")


def test_less_permission_counts_at_once_and_more_at_the_next_sign_in(server, admin):
    who, role = holder(server, admin, "read_audit")
    path = f"/admin/roles/{role['name']}"
    data_of(admin.request("PUT", path, json={"permissions": ["read_audit", "manage_users"], "description": "more"}))
    data_of(who.get("/admin/audit"))  # what was added takes nobody's session
    error_of(who.get("/admin/outbox"), 403, "PERMISSION_DENIED")
    who = again(who)
    data_of(who.get("/admin/outbox"))
    changed = data_of(admin.request("PUT", path, json={"permissions": ["manage_users"]}))
    assert changed["permissions"] == ["manage_users"] and changed["description"] == ""
    error_of(who.get("/admin/outbox"), 401, "AUTHENTICATION_REQUIRED")
    error_of(again(who).get("/admin/audit"), 403, "PERMISSION_DENIED")


def test_a_roles_level_is_asked_for(server, admin):
    who, role = holder(server, admin, "read_audit", needed_aal=2)
    error = error_of(who.get("/admin/audit"), 401, "INSUFFICIENT_USER_AUTHENTICATION")
    assert error["details"]["errors"][0]["reason"] == "aal2"
    data_of(admin.request("PUT", f"/admin/roles/{role['name']}", json={"permissions": ["read_audit"], "needed_aal": 1}))
    data_of(again(who).get("/admin/audit"))


def test_built_in_roles_stay_as_they_are(server, admin):
    listed = data_of(admin.get("/admin/roles"))["items"]
    assert [r["name"] for r in listed[:4]] == ["user", "verifier", "auditor", "admin"] and all(r["built_in"] for r in listed[:4])
    for role in ("user", "verifier", "auditor", "admin"):
        error_of(admin.request("PUT", f"/admin/roles/{role}", json={"permissions": []}), 409, "CONFLICT")
        error_of(admin.request("DELETE", f"/admin/roles/{role}"), 409, "CONFLICT")
        error_of(admin.post("/admin/roles", json={"name": role, "permissions": []}), 409, "CONFLICT")
    assert data_of(admin.get("/admin/roles"))["items"][:4] == listed[:4]


def test_nobody_hands_out_what_they_lack(server, admin):
    manager, own = holder(server, admin, "manage_access", "read_audit")
    beyond, within = make(admin, "manage_users"), make(admin, "read_audit")
    friend = new_person(server)
    error_of(manager.post("/admin/roles", json={"name": name(), "permissions": ["manage_users"]}), 403, "PERMISSION_DENIED")
    for path, body in ((within["name"], ["read_audit", "manage_users"]), (beyond["name"], []), (own["name"], ["manage_access", "manage_documents"])):
        error_of(manager.request("PUT", f"/admin/roles/{path}", json={"permissions": body}), 403, "PERMISSION_DENIED")
    for role in (beyond["name"], "admin", "verifier"):
        error_of(grant(manager, friend, role), 403, "PERMISSION_DENIED")
        error_of(grant(manager, manager, role), 403, "PERMISSION_DENIED")
    error_of(manager.request("DELETE", f"/admin/roles/{beyond['name']}"), 403, "PERMISSION_DENIED")
    data_of(grant(admin, friend, beyond["name"]))
    error_of(manager.request("DELETE", f"/admin/users/{friend.id}/roles/{beyond['name']}"), 403, "PERMISSION_DENIED")
    data_of(grant(manager, friend, within["name"]))
    data_of(manager.post("/admin/roles", json={"name": name(), "permissions": ["read_audit"]}), 201)


def test_nobody_reaches_more_through_an_application_or_a_program(server, admin):
    manager, _ = holder(server, admin, "manage_access")
    client = {"client_name": "Machine", "grant_types": ["client_credentials"], "scope": "authx:manage_users"}
    error_of(manager.post("/admin/oauth/clients", json=client), 403, "PERMISSION_DENIED")
    made = data_of(admin.post("/admin/oauth/clients", json=client), 201)
    error_of(manager.post(f"/admin/oauth/clients/{made['client_id']}/secret"), 403, "PERMISSION_DENIED")
    error_of(manager.request("PUT", f"/admin/oauth/clients/{made['client_id']}", json={**client, "scope": "authx:manage_access"}), 403, "PERMISSION_DENIED")
    error_of(manager.post("/admin/service-accounts", json={"name": name(), "permissions": ["manage_users"]}), 403, "PERMISSION_DENIED")


def test_whoever_manages_users_does_not_reach_above_themselves(server, admin):
    manager, _ = holder(server, admin, "manage_users")
    peer, verifier = new_person(server), new_worker(server, "verifier")
    for target in (admin, verifier):
        error_of(manager.post(f"/admin/users/{target.id}/status", json={"status": "disabled"}), 403, "PERMISSION_DENIED")
    data_of(manager.post(f"/admin/users/{peer.id}/status", json={"status": "disabled"}))
    # A reset link for a stronger account, in the outbox, would open it.
    requests.post(server.base + "/auth/password/reset", json={"email": verifier.email}, timeout=30)
    own = new_person(server)
    requests.post(server.base + "/auth/password/reset", json={"email": own.email}, timeout=30)
    seen: dict[str, str] = {}
    for _ in range(50):
        messages = data_of(manager.get("/admin/outbox?limit=100"))["items"]
        seen = {m["recipient"]: m["body"] for m in messages if m["subject"] == "Reset your password"}
        if verifier.email in seen and own.email in seen:
            break
    assert "token=" not in seen[verifier.email] and "token=" in seen[own.email]


def test_a_role_in_use_is_not_deleted(server, admin):
    who, role = holder(server, admin, "read_audit")
    path = f"/admin/roles/{role['name']}"
    error_of(admin.request("DELETE", path), 409, "CONFLICT")
    data_of(admin.request("DELETE", f"/admin/users/{who.id}/roles/{role['name']}"))
    data_of(admin.request("DELETE", path))
    error_of(admin.get(path), 404, "NOT_FOUND")
    error_of(grant(admin, who, role["name"]), 404, "NOT_FOUND")


def test_changes_are_audited_with_before_and_after(server, admin):
    who, role = holder(server, admin, "read_audit", description="old")
    path = f"/admin/roles/{role['name']}"
    data_of(admin.request("PUT", path, json={"permissions": ["read_audit"], "description": "new", "needed_aal": 2}))
    data_of(admin.request("DELETE", f"/admin/users/{who.id}/roles/{role['name']}"))
    data_of(admin.request("DELETE", path))
    entries = {}
    for e in data_of(admin.get("/admin/audit?limit=60"))["items"]:
        details = e["details"] if isinstance(e["details"], dict) else json.loads(e["details"])
        if details.get("role") == role["name"]:
            entries[e["action"]] = details
    assert entries["access.role_created"]["after"]["description"] == "old"
    changed = entries["access.role_changed"]
    assert changed["before"] == {"description": "old", "permissions": "read_audit", "needed_aal": 1}
    assert changed["after"] == {"description": "new", "permissions": "read_audit", "needed_aal": 2}
    assert entries["access.role_granted"]["before"] == [] and entries["access.role_granted"]["after"] == [role["name"]]
    assert entries["access.role_withdrawn"]["user"] == who.id and entries["access.role_withdrawn"]["after"] == []
    assert entries["access.role_deleted"]["before"]["needed_aal"] == 2


@pytest.mark.parametrize("body", [{"name": "Upper"}, {"name": "1st"}, {"name": "a b"}, {"name": "x" * 51}, {"needed_aal": 4}, {"needed_aal": 0},
                                  {"permissions": ["fly"]}, {"permissions": "read_audit"}, {"built_in": True}])
def test_what_is_no_role_is_refused(server, admin, body):
    faults_of(admin.post("/admin/roles", json={"name": name(), "permissions": [], **body}))


def test_unknown_people_and_roles_are_not_found(server, admin):
    nobody = "0190163d-8694-739b-aea5-966c26f8ad91"
    error_of(admin.request("PUT", f"/admin/users/{nobody}/roles/auditor"), 404, "NOT_FOUND")
    error_of(admin.get(f"/admin/users/{nobody}/roles"), 404, "NOT_FOUND")
    error_of(admin.request("PUT", f"/admin/roles/{name()}", json={"permissions": []}), 404, "NOT_FOUND")


def test_the_operator_does_the_same_at_the_command_line(server, admin):
    role, who = name(), new_person(server)
    made = server.cli("roles", "create", role, "--permission", "read_audit", "--needed-aal", "1", "--description", "By the operator")
    assert made["permissions"] == ["read_audit"] and not made["built_in"]
    server.cli("user", "role", "grant", role, "--id", who.id)
    data_of(again(who).get("/admin/audit"))
    assert server.cli("user", "role", "list", "--id", who.id)["roles"] == [{"role": role, "source": "administrator"}]
    assert role in [r["name"] for r in server.cli("roles", "list")]
    assert role in next(u for u in server.cli("user", "list", "--limit", "5000") if u["id"] == who.id)["more_roles"]
    server.cli("roles", "delete", role, code=3)
    server.cli("user", "role", "withdraw", role, "--id", who.id)
    server.cli("roles", "delete", role)
    server.cli("roles", "delete", "admin", code=3)
