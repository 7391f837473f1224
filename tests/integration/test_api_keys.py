"""Service accounts and their API keys."""

from __future__ import annotations


import pytest
import requests

from support import database
from support.people import Person, data_of, error_of, new_email, new_person


def account(boss: Person, *permissions: str, **more) -> dict:
    return data_of(boss.post("/admin/service-accounts", json={"name": new_email(), "permissions": list(permissions), **more}), 201)


def key_of(boss: Person, made: dict, **more) -> dict:
    return data_of(boss.post(f"/admin/service-accounts/{made['account_id']}/keys", json={"name": "k", "days": 30, **more}), 201)


def get(server, path: str, key: str) -> requests.Response:
    return requests.get(server.base + path, headers={"Authorization": "Bearer " + key}, timeout=30)


def test_a_key_does_what_it_was_given_and_no_more(server, admin):
    made = account(admin, "read_audit", "manage_users")
    full = key_of(admin, made)
    narrow = key_of(admin, made, permissions=["read_audit"])
    data_of(get(server, "/admin/audit", full["api_key"]))
    data_of(get(server, "/admin/outbox", full["api_key"]))
    data_of(get(server, "/admin/audit", narrow["api_key"]))
    error_of(get(server, "/admin/outbox", narrow["api_key"]), 403, "PERMISSION_DENIED")
    error_of(get(server, "/users/me", full["api_key"]), 403, "PERMISSION_DENIED")
    error_of(get(server, "/admin/service-accounts", full["api_key"]), 403, "PERMISSION_DENIED")


def test_a_key_is_shown_once_and_stored_as_a_hash(server, admin):
    made = account(admin, "read_audit")
    key = key_of(admin, made)
    [listed] = data_of(admin.get(f"/admin/service-accounts/{made['account_id']}/keys"))["items"]
    assert listed["api_key"] is None and key["api_key"].startswith(listed["hint"]) and len(listed["hint"]) == 12
    for row in database.rows(server, f"SELECT hint, secret_hash FROM api_keys WHERE id = '{key['key_id']}'"):
        assert key["api_key"].split(".")[1] not in str(row)


def test_forged_keys_are_refused(server, admin):
    key = key_of(admin, account(admin, "read_audit"))["api_key"]
    data_of(get(server, "/admin/audit", key))
    head, secret, check = key.split(".")
    for forged in (f"{head}.{secret[::-1]}.{check}", f"{head}.{secret}.{check[::-1]}", f"{head}.{secret}", key + "x", "axk_", f"axk_{'A' * 22}.{secret}.{check}",
                   key.replace("axk_", "axk-")):
        error_of(get(server, "/admin/audit", forged), 401, "AUTHENTICATION_REQUIRED")


def test_revoked_expired_and_disabled_keys_end_at_once(server, admin):
    made = account(admin, "read_audit")
    first, second = key_of(admin, made), key_of(admin, made)
    for key in (first, second):
        data_of(get(server, "/admin/audit", key["api_key"]))
    data_of(admin.request("DELETE", f"/admin/api-keys/{first['key_id']}"))
    error_of(get(server, "/admin/audit", first["api_key"]), 401, "AUTHENTICATION_REQUIRED")
    data_of(get(server, "/admin/audit", second["api_key"]))
    data_of(admin.request("DELETE", f"/admin/service-accounts/{made['account_id']}"))
    error_of(get(server, "/admin/audit", second["api_key"]), 401, "AUTHENTICATION_REQUIRED")
    late = key_of(admin, account(admin, "read_audit"))
    database.run(server, f"UPDATE api_keys SET expires_at = '2020-01-01T00:00:00.000000Z' WHERE id = '{late['key_id']}'")
    error_of(get(server, "/admin/audit", late["api_key"]), 401, "AUTHENTICATION_REQUIRED")


def test_a_rotated_key_goes_on_for_its_overlap_only(server, admin):
    made = account(admin, "read_audit")
    old = key_of(admin, made)
    new = data_of(admin.post(f"/admin/api-keys/{old['key_id']}/rotate", json={"days": 30, "overlap_hours": 1}), 201)
    assert new["permissions"] == old["permissions"] and new["api_key"] != old["api_key"]
    data_of(get(server, "/admin/audit", old["api_key"]))
    data_of(get(server, "/admin/audit", new["api_key"]))
    newer = data_of(admin.post(f"/admin/api-keys/{new['key_id']}/rotate", json={"days": 30}), 201)
    error_of(get(server, "/admin/audit", new["api_key"]), 401, "AUTHENTICATION_REQUIRED")
    data_of(get(server, "/admin/audit", newer["api_key"]))


def test_nobody_makes_a_key_that_may_do_more_than_they(server, admin):
    made = account(admin, "manage_access", "read_audit")
    key = key_of(admin, made)["api_key"]
    headers = {"Authorization": "Bearer " + key}
    for permissions, status in ((["manage_users"], 403), (["read_audit"], 201), (["fly"], 400)):
        answer = requests.post(server.base + "/admin/service-accounts", json={"name": new_email(), "permissions": permissions}, headers=headers, timeout=30)
        assert answer.status_code == status, answer.text
    error_of(admin.post(f"/admin/service-accounts/{made['account_id']}/keys", json={"name": "k", "days": 1, "permissions": ["manage_users"]}), 400,
             "VALIDATION_ERROR")


def test_an_account_of_a_program_cannot_sign_in(server, admin):
    made = account(admin, "read_audit")
    assert not database.rows(server, f"SELECT user_id FROM credentials WHERE user_id = '{made['account_id']}'")
    error_of(admin.post("/admin/service-accounts", json={"name": made["name"], "permissions": ["read_audit"]}), 409, "CONFLICT")


@pytest.mark.parametrize("path", ["/admin/service-accounts"])
def test_persons_without_the_permission_are_refused(server, path):
    error_of(new_person(server).get(path), 403, "PERMISSION_DENIED")


def test_every_change_is_audited(server, admin):
    made = account(admin, "read_audit")
    key = key_of(admin, made)
    data_of(admin.request("DELETE", f"/admin/api-keys/{key['key_id']}"))
    actions = {e["action"] for e in data_of(admin.get("/admin/audit?limit=20"))["items"]}
    assert {"access.service_account_created", "access.api_key_created", "access.api_key_revoked"} <= actions
