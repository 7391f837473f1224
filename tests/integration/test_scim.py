"""SCIM 2.0: what Entra ID and Okta send, what the RFCs ask for, and what nobody may do with it."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support import database
from support.people import Person, data_of, enter, error_of, login, new_email, new_person, new_worker
from support.server import Server

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
NOBODY = "0190163d-8694-739b-aea5-966c26f8ad91"
PASSWORD = "a long and winding road"


class Directory:
    """A provisioning client with an API key of its own."""

    def __init__(self, server: Server, boss: Person, *permissions: str):
        self.server = server
        words = list(permissions) or ["provision_users"]
        made = data_of(boss.post("/admin/service-accounts", json={"name": new_email(), "permissions": words}), 201)
        key = data_of(boss.post(f"/admin/service-accounts/{made['account_id']}/keys", json={"name": "k", "days": 30}), 201)
        self.session = requests.Session()
        self.session.headers.update({"Authorization": "Bearer " + key["api_key"], "Content-Type": "application/scim+json"})

    def send(self, method: str, path: str, body=None, **more) -> requests.Response:
        data = None if body is None else body if isinstance(body, str) else json.dumps(body)
        return self.session.request(method, f"{self.server.root}/scim/v2{path}", data=data, timeout=60, **more)

    def get(self, path: str, **more):
        return told(self.send("GET", path, **more))

    def search(self, kind: str, text: str, **params) -> list[dict]:
        return self.get(f"/{kind}", params={"filter": text, **params})["Resources"]

    def user(self, **more) -> dict:
        return told(self.send("POST", "/Users", {"schemas": [USER], "userName": new_email(), **more}), 201)

    def group(self, *members: str, **more) -> dict:
        body = {"schemas": [GROUP], "displayName": "G " + uuid.uuid4().hex, "members": [{"value": m} for m in members], **more}
        return told(self.send("POST", "/Groups", body), 201)

    def patch(self, path: str, *operations: dict, **more) -> requests.Response:
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **more)


def told(answer: requests.Response, status: int = 200) -> dict:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:600]}"
    assert answer.headers["Content-Type"] == "application/scim+json"
    return answer.json()


def refused(answer: requests.Response, status: int, kind: str | None = None) -> dict:
    body = told(answer, status)
    assert body["schemas"] == [ERROR] and body["status"] == str(status) and body["detail"], body
    assert body.get("scimType") == kind, body
    return body


@pytest.fixture
def directory(server, admin) -> Directory:
    return Directory(server, admin)


def first_password(server: Server, admin: Person, email: str) -> Person:
    """Follows the link of the invitation."""
    for _ in range(3):
        for message in data_of(admin.get("/admin/outbox?limit=100"))["items"]:
            if message["recipient"] == email and message["subject"] == "Set up your account":
                token = message["body"].split("token=")[1].split()[0]
                answer = requests.post(server.base + "/auth/password/setup", json={"token": token, "password": PASSWORD}, timeout=30)
                assert answer.status_code == 200, answer.text
                return enter(server, email, PASSWORD)
    raise AssertionError("no invitation")


# --- discovery ---

def test_the_service_describes_itself_truly(directory):
    config = directory.get("/ServiceProviderConfig")
    assert config["patch"]["supported"] and config["filter"]["supported"] and config["etag"]["supported"]
    assert not config["bulk"]["supported"] and not config["sort"]["supported"] and not config["changePassword"]["supported"]
    assert directory.send("POST", "/Bulk", {}).status_code in (404, 405)
    kinds = directory.get("/ResourceTypes")
    assert [k["name"] for k in kinds["Resources"]] == ["User", "Group"] and kinds["totalResults"] == 2
    for kind in kinds["Resources"]:
        assert directory.get("/ResourceTypes/" + kind["name"]) == kind
        assert directory.send("GET", kind["endpoint"]).status_code == 200
    schemas = {s["id"]: s for s in directory.get("/Schemas")["Resources"]}
    assert set(schemas) == {USER, GROUP, ENTERPRISE}
    for name in schemas:
        assert directory.get("/Schemas/" + name) == schemas[name]
    names = {a["name"]: a for a in schemas[USER]["attributes"]}
    assert names["userName"]["uniqueness"] == "server" and names["groups"]["mutability"] == "readOnly"
    refused(directory.send("GET", "/Schemas", params={"filter": "id pr"}), 403)
    refused(directory.send("GET", "/Schemas/urn:none"), 404)


def test_only_who_may_provision_gets_in(server, admin, directory):
    refused(requests.get(server.root + "/scim/v2/Users", timeout=30), 401)
    refused(requests.get(server.root + "/scim/v2/Users", headers={"Authorization": "Bearer x"}, timeout=30), 401)
    other = Directory(server, admin, "read_audit")
    for method, path in (("GET", "/Users"), ("POST", "/Users"), ("GET", "/Groups"), ("GET", "/ServiceProviderConfig"), ("DELETE", "/Users/" + NOBODY)):
        refused(other.send(method, path, {} if method == "POST" else None), 403)
    error_of(directory.session.get(server.base + "/admin/directory/groups", timeout=30), 403, "PERMISSION_DENIED")


def test_an_application_with_the_scope_gets_in(server, admin):
    made = data_of(admin.post("/admin/oauth/clients", json={"client_name": "Directory", "grant_types": ["client_credentials"], "scope": "authx:provision_users"}), 201)
    token = requests.post(server.root + "/oauth/token", data={"grant_type": "client_credentials"}, auth=(made["client_id"], made["client_secret"]), timeout=30)
    assert token.status_code == 200, token.text
    answer = requests.get(server.root + "/scim/v2/Users?count=1", headers={"Authorization": "Bearer " + token.json()["access_token"]}, timeout=30)
    told(answer)


# --- what Okta sends ---

def test_oktas_flow(server, admin, directory):
    email = new_email()
    assert directory.get("/Users?startIndex=1&count=1")["itemsPerPage"] in (0, 1)
    assert directory.search("Users", f'userName eq "{email}"', startIndex=1, count=100) == []
    made = directory.user(userName=email, name={"givenName": "Okta", "familyName": "Person"}, displayName="Okta Person", locale="en-US",
                          emails=[{"primary": True, "value": email, "type": "work"}], externalId="00ujl29u0le5T6Aj10h7", groups=[], password="1mz050nq",
                          active=True)
    assert made["userName"] == email and made["active"] is True and made["externalId"] == "00ujl29u0le5T6Aj10h7" and "password" not in made
    assert made["meta"]["location"] == f"{directory.get('/Users/' + made['id'])['meta']['location']}"
    refused(directory.send("POST", "/Users", {"schemas": [USER], "userName": email.upper()}), 409, "uniqueness")
    [found] = directory.search("Users", f'userName eq "{email.upper()}"')
    assert found == directory.get("/Users/" + made["id"])
    person = first_password(server, admin, email)
    data_of(person.get("/users/me"))
    # A profile change comes as the whole resource.
    changed = told(directory.send("PUT", "/Users/" + made["id"], {**found, "name": {"givenName": "Another", "familyName": "Name"}, "displayName": "Another Name"}))
    assert changed["name"] == {"givenName": "Another", "familyName": "Name"}
    assert data_of(person.get("/users/me"))["name"] == "Another Name"
    # Deactivation, and everything ends at once.
    assert told(directory.patch("/Users/" + made["id"], {"op": "replace", "value": {"active": False}}))["active"] is False
    error_of(person.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")
    assert login(server, email, PASSWORD).status_code == 401
    assert told(directory.patch("/Users/" + made["id"], {"op": "replace", "value": {"active": True}}))["active"] is True
    enter(server, email, PASSWORD)
    # Group push.
    group = directory.group(displayName="Okta " + email)
    assert "members" not in group
    told(directory.patch("/Groups/" + group["id"], {"op": "replace", "value": {"id": group["id"], "displayName": "Renamed " + email}}))
    told(directory.patch("/Groups/" + group["id"], {"op": "add", "path": "members", "value": [{"value": made["id"], "display": email}]}))
    got = directory.get("/Groups/" + group["id"])
    assert got["displayName"] == "Renamed " + email and [m["value"] for m in got["members"]] == [made["id"]]
    assert [g["value"] for g in directory.get("/Users/" + made["id"])["groups"]] == [group["id"]]
    told(directory.patch("/Groups/" + group["id"], {"op": "remove", "path": f'members[value eq "{made["id"]}"]'}))
    assert "members" not in directory.get("/Groups/" + group["id"])
    assert directory.send("DELETE", "/Groups/" + group["id"]).status_code == 204
    refused(directory.send("GET", "/Groups/" + group["id"]), 404)


# --- what Entra ID sends ---

def test_entras_flow(server, directory):
    email, external = new_email(), uuid.uuid4().hex
    # Its connection test looks for somebody who is not there.
    nobody = directory.get("/Users", params={"filter": f'userName eq "{uuid.uuid4()}"'})
    assert nobody["totalResults"] == 0 and nobody["Resources"] == [] and nobody["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    made = told(directory.send("POST", "/Users", {
        "schemas": [USER, ENTERPRISE], "externalId": external, "userName": email, "active": True, "displayName": "Entra Person",
        "emails": [{"primary": True, "type": "work", "value": email}], "meta": {"resourceType": "User"},
        "name": {"formatted": "given family", "familyName": "family", "givenName": "given"},
        ENTERPRISE: {"employeeNumber": "77", "department": "Sales", "manager": "m-1"}}), 201)
    assert made["schemas"] == [USER, ENTERPRISE] and made[ENTERPRISE]["manager"] == {"value": "m-1"}
    path = "/Users/" + made["id"]
    assert [u["id"] for u in directory.search("Users", f'externalId eq "{external}"')] == [made["id"]]
    assert directory.search("Users", f'externalId eq "{external.upper()}"') == []  # exact, as the schema says
    patched = told(directory.patch(
        path, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "updated@example.org"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 30 123"},
        {"op": "Replace", "path": "name.familyName", "value": "changed"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Research"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "m-2"},
        {"op": "Replace", "value": {"displayName": "New Name", f"{ENTERPRISE}:costCenter": "9", "name.givenName": "Ann"}}))
    assert patched["emails"][0]["value"] == "updated@example.org" and patched["phoneNumbers"] == [{"value": "+49 30 123", "type": "mobile"}]
    assert patched["name"]["familyName"] == "changed" and patched["name"]["givenName"] == "Ann" and patched["displayName"] == "New Name"
    assert patched[ENTERPRISE] == {"employeeNumber": "77", "costCenter": "9", "department": "Research", "manager": {"value": "m-2"}}
    assert told(directory.patch(path, {"op": "Replace", "path": "active", "value": "False"}))["active"] is False
    assert told(directory.patch(path, {"op": "Replace", "path": "active", "value": "True"}))["active"] is True
    removed = told(directory.patch(path, {"op": "Remove", "path": f"{ENTERPRISE}:manager"}, {"op": "Remove", "path": "phoneNumbers"}))
    assert "manager" not in removed[ENTERPRISE] and "phoneNumbers" not in removed
    moved = new_email()
    assert told(directory.patch(path, {"op": "Replace", "path": "userName", "value": moved}))["userName"] == moved
    assert directory.search("Users", f'userName eq "{email}"') == []
    group = directory.group(externalId="g-" + external)
    gpath = "/Groups/" + group["id"]
    assert "members" not in directory.get(gpath, params={"excludedAttributes": "members"})
    told(directory.patch(gpath, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": made["id"]}]}))
    [same] = directory.search("Groups", f'displayName eq "{group["displayName"].upper()}"', excludedAttributes="members")
    assert same["id"] == group["id"] and "members" not in same
    [same] = directory.search("Groups", f'id eq "{group["id"]}" and members eq "{made["id"]}"', attributes="id")
    assert same == {"id": group["id"], "schemas": [GROUP]}
    told(directory.patch(gpath, {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": made["id"]}]}))
    assert "members" not in directory.get(gpath)
    assert directory.send("DELETE", path).status_code == 204
    refused(directory.send("GET", path), 404)
    refused(directory.send("DELETE", path), 404)
    refused(directory.patch(path, {"op": "replace", "path": "active", "value": True}), 404)


# --- lists, filters, versions ---

def test_pages_hold_everybody_once(directory):
    made = {directory.user(title="paged")["id"] for _ in range(5)}
    seen: list[str] = []
    start = 1
    while True:
        page = directory.get("/Users", params={"startIndex": start, "count": 3})
        assert page["startIndex"] == start and page["itemsPerPage"] == len(page["Resources"]) <= 3
        seen += [u["id"] for u in page["Resources"]]
        start += len(page["Resources"])
        if start > page["totalResults"]:
            break
    assert len(seen) == len(set(seen)) == page["totalResults"] and made <= set(seen)
    none = directory.get("/Users", params={"count": 0})
    assert none["Resources"] == [] and none["totalResults"] == page["totalResults"]
    assert directory.get("/Users", params={"startIndex": -4, "count": -1})["startIndex"] == 1
    assert directory.get("/Users", params={"startIndex": 100000})["Resources"] == []
    assert directory.get("/Users", params={"count": 100000})["itemsPerPage"] <= 200


def test_filters_find_what_they_say(directory):
    mark = uuid.uuid4().hex
    one = directory.user(title=mark, nickName="Alpha", emails=[{"value": f"{mark}@work.example", "type": "work"}])
    two = directory.user(title=mark, nickName="beta", active=False)
    for text, wanted in {
        f'title eq "{mark}"': {one["id"], two["id"]},
        f'title eq "{mark}" and active eq true': {one["id"]},
        f'title eq "{mark}" and active eq "False"': {two["id"]},
        f'title eq "{mark}" and not (nickName sw "ALP")': {two["id"]},
        f'title eq "{mark}" and (nickName eq "alpha" or nickName ew "TA")': {one["id"], two["id"]},
        f'emails[type eq "work" and value sw "{mark}"]': {one["id"]},
        f'emails.value co "{mark}"': {one["id"]},
        f'title eq "{mark}" and meta.created gt "2020-01-01T00:00:00Z"': {one["id"], two["id"]},
        f'title eq "{mark}" and meta.created lt "2020-01-01T00:00:00Z"': set(),
        f'{USER}:title eq "{mark}" and nickName gt "b"': {two["id"]},
        f'id eq "{one["id"]}"': {one["id"]}, 'id eq "nothing"': set(), 'userName eq "nobody"': set(),
    }.items():
        assert {u["id"] for u in directory.search("Users", text, count=200)} == wanted, text
    page = directory.get("/Users", params={"filter": f'title eq "{mark}"', "startIndex": 2, "count": 1, "attributes": "userName"})
    assert page["totalResults"] == 2 and [set(u) for u in page["Resources"]] == [{"id", "schemas", "userName"}]


@pytest.mark.parametrize("text", ["title", 'title eq', 'title xx "a"', '(title pr', "((((((((((((((((title pr))))))))))))))))", 'emails[emails[type pr]]',
                                  "title eq 'a'", 'title eq "a" or', "' OR 1=1 --", 'userName eq "a"; DROP TABLE users', "title eq \"" + "a" * 3000 + '"',
                                  " or ".join(["title pr"] * 80)])
def test_what_is_no_filter_is_told_so(directory, text):
    refused(directory.send("GET", "/Users", params={"filter": text}), 400, "invalidFilter")


def test_versions_guard_against_lost_changes(directory):
    made = told(created := directory.send("POST", "/Users", {"schemas": [USER], "userName": new_email()}), 201)
    tag, path = created.headers["ETag"], "/Users/" + made["id"]
    assert tag == made["meta"]["version"] and created.headers["Location"] == made["meta"]["location"]
    got = directory.send("GET", path)
    assert got.headers["ETag"] == tag
    unchanged = directory.send("GET", path, headers={"If-None-Match": tag})
    assert unchanged.status_code == 304 and unchanged.text == ""
    told(directory.patch(path, {"op": "add", "path": "title", "value": "a"}, headers={"If-Match": tag}))
    refused(directory.patch(path, {"op": "add", "path": "title", "value": "b"}, headers={"If-Match": tag}), 412)
    refused(directory.send("PUT", path, {"userName": made["userName"]}, headers={"If-Match": tag}), 412)
    refused(directory.send("DELETE", path, headers={"If-Match": tag}), 412)
    assert directory.get(path)["title"] == "a"
    told(directory.patch(path, {"op": "remove", "path": "title"}, headers={"If-Match": "*"}))
    group = directory.group()
    gpath, gtag = "/Groups/" + group["id"], group["meta"]["version"]
    told(directory.patch(gpath, {"op": "add", "path": "members", "value": [{"value": made["id"]}]}, headers={"If-Match": gtag}))
    refused(directory.patch(gpath, {"op": "remove", "path": "members"}, headers={"If-Match": gtag}), 412)
    assert len(directory.get(gpath)["members"]) == 1


def test_two_changes_of_a_group_at_a_time_both_count(directory):
    people = [directory.user()["id"] for _ in range(6)]
    path = "/Groups/" + directory.group()["id"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda p: directory.patch(path, {"op": "add", "path": "members", "value": [{"value": p}]}), people))
    assert [a.status_code for a in answers] == [200] * 6
    assert {m["value"] for m in directory.get(path)["members"]} == set(people)


def test_answers_are_narrowed_as_asked(directory):
    path = "/Users/" + directory.user(title="t", nickName="n", name={"givenName": "a", "familyName": "b"})["id"]
    assert set(directory.get(path, params={"attributes": "TITLE,name.givenName"})) == {"id", "schemas", "title", "name"}
    assert directory.get(path, params={"attributes": "name.givenName"})["name"] == {"givenName": "a"}
    less = directory.get(path, params={"excludedAttributes": "title,id,name.givenName"})
    assert "title" not in less and less["id"] and less["name"] == {"familyName": "b"}
    answer = directory.patch(path + "?attributes=nickName", {"op": "replace", "path": "title", "value": "u"})
    assert set(told(answer)) == {"id", "schemas", "nickName"}


# --- groups bring roles only as an administrator says ---

def bind(boss: Person, group: str, role: str | None) -> requests.Response:
    return boss.request("PUT", f"/admin/directory/groups/{group}/role", json={"role": role} if role else {})


def test_a_group_gives_nothing_until_an_administrator_binds_it(server, admin, directory):
    email = new_email()
    made = directory.user(userName=email)
    person = first_password(server, admin, email)
    role = "role_" + uuid.uuid4().hex[:10]
    data_of(admin.post("/admin/roles", json={"name": role, "permissions": ["read_audit"]}), 201)
    group = directory.group(made["id"], displayName="admin " + email)
    error_of(enter(server, email, PASSWORD).get("/admin/audit"), 403, "PERMISSION_DENIED")
    data_of(bind(admin, group["id"], role))
    listed = {g["group_id"]: g for g in data_of(admin.get("/admin/directory/groups"))["items"]}
    assert listed[group["id"]]["role"] == role and listed[group["id"]]["members"] == 1
    person = enter(server, email, PASSWORD)
    data_of(person.get("/admin/audit"))
    error_of(admin.request("DELETE", f"/admin/roles/{role}"), 409, "CONFLICT")
    # Leaving the group ends what it gave, at once.
    told(directory.patch("/Groups/" + group["id"], {"op": "remove", "path": f'members[value eq "{made["id"]}"]'}))
    error_of(person.get("/admin/audit"), 401, "AUTHENTICATION_REQUIRED")
    error_of(enter(server, email, PASSWORD).get("/admin/audit"), 403, "PERMISSION_DENIED")
    told(directory.send("PUT", "/Groups/" + group["id"], {"schemas": [GROUP], "displayName": group["displayName"], "members": [{"value": made["id"]}]}))
    person = enter(server, email, PASSWORD)
    data_of(person.get("/admin/audit"))
    assert [g["source"] for g in data_of(admin.get(f"/admin/users/{made['id']}/roles"))["items"]] == [group["id"]]
    data_of(bind(admin, group["id"], None))
    error_of(person.get("/admin/audit"), 401, "AUTHENTICATION_REQUIRED")
    data_of(bind(admin, group["id"], role))
    person = enter(server, email, PASSWORD)
    assert directory.send("DELETE", "/Groups/" + group["id"]).status_code == 204
    error_of(person.get("/admin/audit"), 401, "AUTHENTICATION_REQUIRED")
    data_of(admin.request("DELETE", f"/admin/roles/{role}"))


def test_nobody_binds_a_role_beyond_their_own(server, admin, directory):
    group = directory.group()["id"]
    role = "role_" + uuid.uuid4().hex[:10]
    data_of(admin.post("/admin/roles", json={"name": role, "permissions": ["manage_access"]}), 201)
    manager = new_person(server)
    data_of(admin.request("PUT", f"/admin/users/{manager.id}/roles/{role}"))
    manager = enter(server, manager.email, manager.password)
    error_of(bind(manager, group, "admin"), 403, "PERMISSION_DENIED")
    data_of(bind(admin, group, "verifier"))
    error_of(bind(manager, group, None), 403, "PERMISSION_DENIED")
    error_of(bind(admin, group, "no_such_role"), 404, "NOT_FOUND")
    error_of(bind(admin, NOBODY, "verifier"), 404, "NOT_FOUND")
    error_of(manager.request("PUT", f"/admin/directory/users/{admin.id}"), 403, "PERMISSION_DENIED")


# --- the directory's bounds ---

def test_accounts_of_others_are_neither_seen_nor_touched(server, admin, directory):
    other = new_person(server)
    assert directory.search("Users", f'userName eq "{other.email}"') == [] and directory.search("Users", f'id eq "{other.id}"') == []
    path = "/Users/" + other.id
    refused(directory.send("GET", path), 404)
    refused(directory.send("DELETE", path), 404)
    refused(directory.send("PUT", path, {"userName": new_email()}), 404)
    refused(directory.patch(path, {"op": "replace", "path": "active", "value": False}), 404)
    refused(directory.send("POST", "/Users", {"userName": other.email}), 409, "uniqueness")
    refused(directory.send("POST", "/Groups", {"displayName": new_email(), "members": [{"value": other.id}]}), 400, "invalidValue")
    mine = directory.user()
    refused(directory.send("PUT", "/Users/" + mine["id"], {"userName": other.email}), 409, "uniqueness")
    data_of(other.get("/users/me"))
    # Handed over by an administrator, it is the directory's; taken back, it is not.
    error_of(admin.request("PUT", f"/admin/directory/users/{admin.id}"), 409, "CONFLICT")  # nobody's own account
    data_of(admin.request("PUT", f"/admin/directory/users/{other.id}"))
    assert directory.get(path)["userName"] == other.email
    group = directory.group(other.id)
    data_of(bind(admin, group["id"], "auditor"))
    strong = enter(server, other.email, other.password)
    data_of(strong.get("/admin/audit"))
    data_of(admin.request("DELETE", f"/admin/directory/users/{other.id}"))
    refused(directory.send("GET", path), 404)
    error_of(strong.get("/admin/audit"), 401, "AUTHENTICATION_REQUIRED")
    assert "members" not in directory.get("/Groups/" + group["id"])


def test_the_directory_does_not_take_over_a_stronger_account(server, admin, directory):
    strong = new_worker(server, "verifier")
    data_of(admin.request("PUT", f"/admin/directory/users/{strong.id}"))
    path = "/Users/" + strong.id
    refused(directory.patch(path, {"op": "replace", "path": "userName", "value": new_email()}), 403)
    refused(directory.send("PUT", path, {"userName": new_email()}), 403)
    refused(directory.send("DELETE", path), 403)
    assert told(directory.patch(path, {"op": "add", "path": "title", "value": "t"}))["userName"] == strong.email
    data_of(strong.get("/users/me"))
    assert told(directory.patch(path, {"op": "replace", "path": "active", "value": False}))["active"] is False  # access may always be ended
    error_of(strong.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")


def test_the_directory_revives_only_what_it_disabled(server, admin, directory):
    made = directory.user()
    path = "/Users/" + made["id"]
    for status in ("disabled", "locked"):
        data_of(admin.post(f"/admin/users/{made['id']}/status", json={"status": status}))
        assert told(directory.patch(path, {"op": "replace", "path": "active", "value": True}))["active"] is False
        assert told(directory.send("PUT", path, {"userName": made["userName"], "active": True}))["active"] is False
    data_of(admin.post(f"/admin/users/{made['id']}/status", json={"status": "active"}))
    told(directory.patch(path, {"op": "replace", "path": "active", "value": False}))
    assert told(directory.patch(path, {"op": "replace", "path": "active", "value": True}))["active"] is True


def test_a_moved_address_voids_links_to_the_old_one(server, admin, directory):
    old, new = new_email(), new_email()
    made = directory.user(userName=old)
    told(directory.patch("/Users/" + made["id"], {"op": "replace", "path": "userName", "value": new}))
    for message in data_of(admin.get("/admin/outbox?limit=100"))["items"]:
        if message["recipient"] == old and "token=" in message["body"]:
            token = message["body"].split("token=")[1].split()[0]
            answer = requests.post(server.base + "/auth/password/setup", json={"token": token, "password": PASSWORD}, timeout=30)
            assert answer.status_code == 400, answer.text
            break
    else:
        raise AssertionError("no invitation")


def test_nobody_becomes_more_by_saying_so(server, admin, directory):
    """Mass assignment: what is no attribute for clients to set does nothing."""
    email = new_email()
    made = directory.user(userName=email, role="admin", roles=[{"value": "admin"}], permissions=["manage_users"], email_verified=True, status="active",
                          id=admin.id, groups=[{"value": "x"}], meta={"created": "2000-01-01T00:00:00Z"}, password=PASSWORD)
    assert made["id"] != admin.id and "groups" not in made and not made["meta"]["created"].startswith("2000")
    assert login(server, email, PASSWORD).status_code == 401
    person = first_password(server, admin, email)
    assert data_of(person.get("/users/me"))["role"] == "user"
    for path in ("id", "meta.created", "groups", "schemas"):
        refused(directory.patch("/Users/" + made["id"], {"op": "replace", "path": path, "value": "x"}), 400, "mutability")


@pytest.mark.parametrize("body, kind", [
    ("{", "invalidSyntax"), ("[]", "invalidSyntax"), ('"x"', "invalidSyntax"), ("{}", "invalidValue"), ('{"userName":""}', "invalidValue"),
    ('{"userName":"no address"}', "invalidValue"), ('{"userName":5}', "invalidValue"), ('{"userName":"a@example.org","active":"maybe"}', "invalidValue"),
    ('{"userName":"a@example.org","name":"x"}', "invalidValue"), ('{"userName":"a@example.org","title":"' + "x" * 2000 + '"}', "invalidValue"),
    ('{"userName":"a@example.org","title":"a\\u0000b"}', "invalidValue"), ('{"userName":"a@example.org","emails":[' + ",".join(["{\"value\":\"x\"}"] * 101) + "]}", "invalidValue"),
    ('{"userName":"a@example.org","emails":[{"value":"a","primary":true},{"value":"b","primary":true}]}', "invalidValue"),
    ('{"userName":"a\\r\\nBcc: b@example.org"}', "invalidValue"), ("[" * 100 + "]" * 100, "invalidSyntax")])
def test_what_is_no_person_is_refused(directory, body, kind):
    refused(directory.send("POST", "/Users", body), 400, kind)


@pytest.mark.parametrize("body, kind", [
    ({}, "invalidSyntax"), ({"schemas": [PATCH]}, "invalidSyntax"), ({"schemas": [PATCH], "Operations": []}, "invalidSyntax"),
    ({"schemas": [PATCH], "Operations": [{"op": "move", "path": "title"}]}, "invalidSyntax"),
    ({"schemas": [PATCH], "Operations": [{"op": "remove"}]}, "noTarget"),
    ({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "nothing", "value": 1}]}, "invalidPath"),
    ({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "emails[", "value": 1}]}, "invalidPath"),
    ({"schemas": [PATCH], "Operations": [{"op": "replace", "path": 'emails[type co "zz"].value', "value": "a"}]}, "noTarget"),
    ({"schemas": [PATCH], "Operations": [{"op": "remove", "path": "userName"}]}, "invalidValue"),
    ({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}] * 1001}, "tooMany")])
def test_what_is_no_patch_is_refused_and_changes_nothing(directory, body, kind):
    made = directory.user()
    refused(directory.send("PATCH", "/Users/" + made["id"], body), 400, kind)
    assert directory.get("/Users/" + made["id"]) == made


def test_bodies_of_other_kinds_and_sizes_are_refused(directory):
    refused(directory.send("POST", "/Users", "{}", headers={"Content-Type": "text/plain"}), 415)
    refused(directory.send("POST", "/Users", '{"userName":"' + "a" * 300_000 + '"}'), 413)
    told(directory.send("POST", "/Users", {"userName": new_email()}, headers={"Content-Type": "application/json"}), 201)
    for path in ("/Users/x", "/Users/" + NOBODY, "/Users/%00", "/Groups/../x", "/Groups/" + NOBODY):
        assert directory.send("GET", path).status_code in (400, 404), path


def test_groups_hold_people_of_the_directory_only(directory):
    group = directory.group()
    for member in ({"value": NOBODY}, {"value": "x"}, {"value": group["id"], "type": "Group"}):
        refused(directory.patch("/Groups/" + group["id"], {"op": "add", "path": "members", "value": [member]}), 400, "invalidValue")
    # What a client may not write is ignored (RFC 7644, 3.5.2), and nothing is left of this member.
    assert "members" not in told(directory.patch("/Groups/" + group["id"], {"op": "add", "path": "members", "value": [{"display": "x"}]}))
    refused(directory.send("POST", "/Groups", {"displayName": group["displayName"].upper()}), 409, "uniqueness")
    refused(directory.send("POST", "/Groups", {}), 400, "invalidValue")
    other = directory.group()
    refused(directory.patch("/Groups/" + other["id"], {"op": "replace", "path": "displayName", "value": group["displayName"]}), 409, "uniqueness")


def test_nothing_of_a_person_is_stored_or_logged_in_the_clear(server, admin, directory):
    mark = uuid.uuid4().hex
    made = directory.user(userName=f"{mark}@example.org", externalId=mark, title=mark, emails=[{"value": f"{mark}@home.example"}])
    told(directory.patch("/Users/" + made["id"], {"op": "replace", "path": "nickName", "value": mark}))
    directory.search("Users", f'title eq "{mark}"')
    for row in database.rows(server, f"SELECT * FROM scim_users WHERE user_id = '{made['id']}'"):
        assert mark.encode() not in b"".join(bytes(c) if isinstance(c, (bytes, memoryview)) else str(c).encode() for c in row)
    entries = [e for e in data_of(admin.get("/admin/audit?limit=20"))["items"] if made["id"] in json.dumps(e["details"])]
    assert {e["action"] for e in entries} == {"directory.user_created", "directory.user_changed"}
    changed = next(e["details"] for e in entries if e["action"] == "directory.user_changed")
    changed = changed if isinstance(changed, dict) else json.loads(changed)
    assert changed["changed"] == ["nickName"] and changed["before"] == {"active": True}
    assert mark not in json.dumps(entries) and mark not in server.log()
    assert directory.send("DELETE", "/Users/" + made["id"]).status_code == 204
    assert not database.rows(server, f"SELECT user_id FROM person_keys WHERE user_id = '{made['id']}'")
