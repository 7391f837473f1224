"""Organisations: what one of them has, nobody of another sees, changes, finds or learns of."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field

import psycopg
import pytest
import requests

from support import pictures
from support.database import rows, value
from support.fingers import picture as finger_picture
from support.people import Person, administrator, data_of, error_of, faults_of, new_email
from support.relying import REDIRECT, App, authorize, handle_of, new_app, tokens_for
from support.server import Server

PASSWORD = "correct horse battery"
DEFAULT = "00000000-0000-7000-8000-000000000001"
ROLES = ("user", "verifier", "auditor", "admin")
SCIM = "urn:ietf:params:scim:schemas:"


@dataclass
class House:
    """An organisation with a caller of each role."""

    server: Server
    slug: str
    id: str
    people: dict[str, Person] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.slug == "default" else {"X-Organization": self.slug}

    def post(self, path: str, **body) -> requests.Response:
        return requests.post(self.server.base + path, json=body, headers=self.headers, timeout=60)

    def enter(self, email: str, password: str, role: str = "user") -> Person:
        data = data_of(self.post("/auth/login", email=email, password=password))
        return Person(self.server, data["user"]["id"], email, password, role, data["access_token"])

    def join(self, email: str | None = None, password: str = PASSWORD) -> Person:
        email = email or new_email()
        assert self.post("/auth/register", name="Test User", email=email, password=password).status_code == 201
        return self.enter(email, password)

    def hire(self, role: str) -> Person:
        email = new_email()
        made = self.server.cli("user", "create", "--email", email, "--name", f"Test {role}", "--role", role, "--organization", self.slug)
        return self.enter(email, made["password"], role)

    def scim(self, method: str, path: str, body: dict | None = None) -> dict:
        answer = requests.request(method, f"{self.server.root}/scim/v2{path}", json=body, timeout=60,
                                  headers={"Authorization": "Bearer " + self.people["admin"].token})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


def found(boss: Person, slug: str, **more) -> House:
    """Makes an organisation and its first administrator, through the API alone."""
    made = data_of(boss.post("/admin/organizations", json={"slug": slug, "name": slug.title(), **more}), 201)
    house = House(boss.server, slug, made["organization_id"])
    email = new_email()
    first = data_of(boss.post(f"/admin/organizations/{house.id}/administrators", json={"name": "First", "email": email}), 201)
    token = first["setup_link"].split("#token=")[1]
    answer = requests.post(boss.server.base + "/auth/password/setup", json={"token": token, "password": PASSWORD}, timeout=60)
    assert answer.status_code == 200, answer.text  # the link tells whose it is: no header
    house.people["admin"] = house.enter(email, PASSWORD, "admin")
    assert house.people["admin"].id == first["user_id"]
    for role in ("user", "verifier", "auditor"):
        house.people[role] = house.hire(role)
    return house


def furnish(house: House, card: bytes, face: bytes, finger: bytes) -> None:
    """One of everything that has an id."""
    user, boss, things = house.people["user"], house.people["admin"], house.things
    document = user.read_document(card)
    things["document_id"] = document["id"]
    things["document"] = json.dumps(document)
    assert data_of(user.capture(face))["verification_status"] == "approved"
    things["face_id"] = data_of(user.get("/face/captures"))["items"][0]["id"]
    things["verification_id"] = data_of(user.start(document["id"]))["verification_id"]
    user.wait_verification(things["verification_id"])
    capture = user.post("/biometrics/capture", json={"biometric_type": "fingerprint", "biometric_data": pictures.base64_of(finger),
                                                     "purposes": ["identification"], "wait_seconds": 30})
    things["biometric_id"] = data_of(capture)["biometric_id"]
    things["list_id"] = data_of(boss.post("/face/watchlists", json={"name": f"List of {house.slug}", "kind": "watch"}))["list_id"]
    entry = boss.post(f"/face/watchlists/{things['list_id']}/entries", files={"face_image": ("f.jpg", face), "label": (None, "wanted")})
    things["entry_id"] = data_of(entry)["entry_id"]
    app = new_app(boss, client_name=f"Application of {house.slug}")
    things["client_id"] = app.id
    account = data_of(boss.post("/admin/service-accounts", json={"name": "nightly", "permissions": ["read_audit", "manage_users"]}), 201)
    things["account_id"] = account["account_id"]
    key = data_of(boss.post(f"/admin/service-accounts/{account['account_id']}/keys", json={"name": "k", "days": 30}), 201)
    things["key_id"], things["api_key"] = key["key_id"], key["api_key"]
    things["role"] = f"{house.slug}_support"
    data_of(boss.post("/admin/roles", json={"name": things["role"], "permissions": ["read_audit"]}), 201)
    directed = house.scim("POST", "/Users", {"schemas": [SCIM + "core:2.0:User"], "userName": new_email()})
    group = house.scim("POST", "/Groups", {"schemas": [SCIM + "core:2.0:Group"], "displayName": "Staff", "members": [{"value": directed["id"]}]})
    things["directed_id"], things["group_id"] = directed["id"], group["id"]
    data_of(boss.request("PUT", f"/admin/directory/groups/{group['id']}/role", json={"role": things["role"]}))
    things["provider_id"] = data_of(boss.post("/admin/federation/providers", json={
        "name": f"Provider of {house.slug}", "issuer": "https://accounts.example.com", "client_id": "authx"}), 201)["provider_id"]
    things["identity_id"] = "0190163d-8694-739b-aea5-966c26f8ad91"  # made by a sign-in elsewhere
    things["user_id"] = user.id
    things["session_id"] = data_of(user.get("/auth/sessions"))["items"][0]["id"]
    things["organization_id"] = house.id
    things["passkey_id"] = "0190163d-8694-739b-aea5-966c26f8ad91"  # made by a browser alone


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def city(request, servers) -> tuple[House, House, House]:
    """The default organisation and two more, which have the same card, face and finger."""
    settings = {}
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    server = servers(**settings).start(models=True)
    boss = administrator(server)
    default = House(server, "default", DEFAULT, {"admin": boss})
    card = pictures.card("aadhaar", 4321, portrait=pictures.SELFIE)
    face = pictures.photo(pictures.SELFIE).read_bytes()
    houses = [found(boss, slug) for slug in ("acme", "globex")]
    for house in houses:
        furnish(house, card, face, finger_picture(11))
    return default, houses[0], houses[1]


def test_one_address_is_an_account_in_each_organisation(city):
    email = new_email()
    people = [house.join(email, f"correct horse {house.slug}") for house in city]
    assert len({p.id for p in people}) == 3
    for house in city:
        for other in city:
            answer = house.post("/auth/login", email=email, password=f"correct horse {other.slug}")
            assert answer.status_code == (200 if house is other else 401), (house.slug, other.slug)
    indexes = rows(city[0].server, "SELECT email_index FROM users WHERE id IN (" + ",".join(f"'{p.id}'" for p in people) + ")")
    assert len({bytes(index) for (index,) in indexes}) == 3
    for person in people:  # a session says whose it is; no header moves it
        for header in ("acme", "globex", "default"):
            assert data_of(person.get("/users/me", headers={"X-Organization": header}))["id"] == person.id


def test_the_header_or_the_host_names_the_organisation(city):
    default, acme, _ = city
    boss = default.people["admin"]
    assert faults_of(requests.post(acme.server.base + "/auth/login", json={"email": "a@example.org", "password": PASSWORD},
                                   headers={"X-Organization": "nobody"}, timeout=30)) == {"$.X-Organization": "names no organisation"}
    changed = data_of(boss.request("PUT", f"/admin/organizations/{acme.id}", json={"name": "Acme Bank", "domain": "id.acme.example"}))
    assert changed["name"] == "Acme Bank" and changed["domain"] == "id.acme.example" and changed["slug"] == "acme"
    worker = acme.people["verifier"]
    body = {"email": worker.email, "password": worker.password}
    for host, status in (("id.acme.example", 200), ("ID.ACME.EXAMPLE:443", 200), ("id.acme.example.", 200), ("other.example", 401)):
        assert requests.post(acme.server.base + "/auth/login", json=body, headers={"Host": host}, timeout=30).status_code == status, host


def described(server: Server) -> list[tuple[str, str, list[str]]]:
    document = requests.get(server.root + "/openapi.json", timeout=30).json()
    return [(method.upper(), path, re.findall(r"\{(\w+)\}", path)) for path, item in document["paths"].items() for method in item]


BODIES = {
    "/v1/admin/users/{user_id}/status": {"status": "locked"},
    "/v1/admin/service-accounts/{account_id}/keys": {"name": "k", "days": 1},
    "/v1/admin/api-keys/{key_id}/rotate": {"days": 1},
    "/v1/admin/organizations/{organization_id}": {"name": "Taken over"},
    "/v1/admin/organizations/{organization_id}/administrators": {"name": "A", "email": "taken.over@example.org"},
    "/v1/admin/oauth/clients/{client_id}": {"client_name": "Taken over", "redirect_uris": [REDIRECT]},
    "/v1/admin/roles/{role}": {"permissions": []},
    "/v1/admin/directory/groups/{group_id}/role": {},
    "/v1/admin/federation/providers/{provider_id}": {"name": "Taken over", "client_id": "taken-over"},
    "/scim/v2/Users/{id}": {"schemas": [SCIM + "core:2.0:User"], "userName": "taken.over@example.org"},
    "/scim/v2/Groups/{id}": {"schemas": [SCIM + "core:2.0:Group"], "displayName": "Taken over"},
}
PATCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "replace", "path": "externalId", "value": "x"}]}
NAMED_ALIKE = {"/scim/v2/Users/{id}": "directed_id", "/scim/v2/Groups/{id}": "group_id"}
NO_OBJECTS = {"/scim/v2/Schemas/{id}", "/scim/v2/ResourceTypes/{id}"}
OWN_STATE = {"kind"}  # parameters that are no ids
STANDARDS = {"/oauth/register/{client_id}"}  # opened by its own secret, 401 to everyone else


def test_nobody_reaches_an_object_of_another_organisation(city):
    """Every endpoint with an id in its path, by every role of one organisation, for the objects of another."""
    _, acme, globex = city
    before = {table: value(acme.server, f"SELECT COUNT(*) FROM {table}") for table in
              ("users", "documents", "verifications", "biometrics", "face_lists", "face_entries", "oauth_clients", "service_accounts", "api_keys",
               "roles", "role_grants", "scim_users", "scim_groups", "scim_group_members", "federation_providers")}
    walked = 0
    for method, path, names in described(acme.server):
        if not names or OWN_STATE & set(names) or path in NO_OBJECTS:
            continue
        names = [NAMED_ALIKE.get(path, name) for name in names]
        assert set(names) <= set(globex.things), f"the walk does not know {path}"
        real = path.replace("{id}", "{" + names[0] + "}")
        for name in names:
            real = real.replace("{" + name + "}", globex.things[name])
        query = "?side=front" if path.endswith("/image") else ""
        for role in ROLES:
            more: dict = {}
            if path in BODIES and method in ("POST", "PUT"):
                more = {"json": BODIES[path]}
            elif method == "PATCH":
                more = {"json": PATCH}
            elif path.endswith("/entries") and method == "POST":
                more = {"files": {"face_image": ("f.jpg", pictures.photo(pictures.SELFIE).read_bytes())}}
            answer = acme.people[role].request(method, real.removeprefix("/v1") + query, **more) if real.startswith("/v1") else requests.request(
                method, acme.server.root + real, headers={"Authorization": "Bearer " + acme.people[role].token}, timeout=30, **more)
            allowed = (401,) if path in STANDARDS else (403, 404)
            if answer.status_code == 200 and data_of(answer).get("items") == []:
                continue  # the keys of an account that does not exist here
            assert answer.status_code in allowed, (role, method, path, answer.status_code, answer.text)
            walked += 1
    assert walked > 60
    after = {table: value(acme.server, f"SELECT COUNT(*) FROM {table}") for table in before}
    assert after == before
    # All of it is still there for its own.
    own, things = globex.people, globex.things
    assert data_of(own["verifier"].get(f"/documents/{things['document_id']}"))["id"] == things["document_id"]
    assert data_of(own["verifier"].get(f"/verification/{things['verification_id']}/status"))["verification_id"] == things["verification_id"]
    assert own["verifier"].get(f"/documents/{things['document_id']}/image?side=front").status_code == 200
    assert data_of(own["verifier"].get(f"/face/watchlists/{things['list_id']}/entries"))["items"]
    assert data_of(own["admin"].get(f"/admin/oauth/clients/{things['client_id']}"))["metadata"]["client_name"] == "Application of globex"
    assert data_of(own["admin"].get(f"/admin/service-accounts/{things['account_id']}/keys"))["items"]
    assert data_of(own["user"].get("/users/me"))["id"] == own["user"].id
    assert data_of(own["admin"].get(f"/admin/roles/{things['role']}"))["permissions"] == ["read_audit"]
    assert globex.scim("GET", f"/Groups/{things['group_id']}")["displayName"] == "Staff"
    assert "externalId" not in globex.scim("GET", f"/Users/{things['directed_id']}")
    found_providers = data_of(own["admin"].get("/admin/federation/providers"))["items"]
    assert [p["name"] for p in found_providers] == ["Provider of globex"]


def test_directories_roles_and_providers_of_one_name_stand_side_by_side(city):
    default, acme, globex = city
    for house in (acme, globex):
        boss = house.people["admin"]
        data_of(boss.post("/admin/roles", json={"name": "teller", "description": house.slug, "permissions": ["read_audit"]}), 201)
        assert house.scim("GET", "/Users")["totalResults"] == 1 and house.scim("GET", "/Groups")["totalResults"] == 1
        listed = [p["name"] for p in data_of(requests.get(house.server.base + "/auth/federation/providers", headers={"X-Organization": house.slug},
                                                          timeout=30))["items"]]
        assert listed == [f"Provider of {house.slug}"]
    assert data_of(requests.get(default.server.base + "/auth/federation/providers", timeout=30))["items"] == []
    assert data_of(acme.people["admin"].get("/admin/roles/teller"))["description"] == "acme"
    error_of(default.people["admin"].get("/admin/roles/teller"), 404, "NOT_FOUND")
    # Who rules an organisation may make others rule it, and gives nothing that reaches beyond it.
    worker = acme.hire("user")
    data_of(acme.people["admin"].request("PUT", f"/admin/users/{worker.id}/roles/admin"))
    risen = acme.enter(worker.email, worker.password, "user")
    assert data_of(risen.get("/admin/audit"))["items"]
    error_of(risen.get("/admin/organizations"), 403, "PERMISSION_DENIED")
    error_of(risen.post("/admin/roles", json={"name": "beyond", "permissions": ["manage_organizations"]}), 403, "PERMISSION_DENIED")


def test_ids_in_bodies_reach_nothing_of_another_organisation(city):
    _, acme, globex = city
    user, verifier = acme.people["user"], acme.people["verifier"]
    picture = pictures.base64_of(pictures.photo(pictures.SELFIE).read_bytes())
    error_of(user.post("/face/verify", json={"document_id": globex.things["document_id"], "face_image": picture}), 404, "NOT_FOUND")
    assert faults_of(user.start(globex.things["document_id"])) == {"$.document_ids[0]": "no such document"}
    for name, known in (("person_id", "user_id"), ("face_id", "face_id")):
        error_of(verifier.post("/face/search", files={name: (None, globex.things[known])}), 404, "NOT_FOUND")


def test_lists_never_mix(city):
    default, acme, globex = city
    foreign = {house.slug: set(house.things.values()) - {house.things["document"], house.things["api_key"]} | {p.id for p in house.people.values()}
               | {p.email for p in house.people.values()} for house in (acme, globex)}
    lists = [path for method, path, names in described(acme.server) if method == "GET" and not names and path.startswith("/v1/")]
    assert {"/v1/admin/audit", "/v1/admin/outbox", "/v1/admin/oauth/clients", "/v1/admin/service-accounts", "/v1/face/watchlists"} <= set(lists)
    seen = 0
    for house, other in ((acme, globex), (globex, acme), (default, acme), (default, globex)):
        for role, person in house.people.items():
            for path in lists:
                if path == "/v1/admin/organizations" or (house is default and path == "/v1/admin/audit"):
                    continue  # who manages the installation knows its organisations and whom they were given to
                answer = person.get(path.removeprefix("/v1") + "?limit=100")
                if answer.status_code == 400:
                    answer = person.get(path.removeprefix("/v1"))
                if answer.status_code in (400, 403):
                    continue
                assert answer.status_code == 200, (role, path, answer.text)
                leaked = [word for word in foreign[other.slug] if word in answer.text]
                assert not leaked, (house.slug, role, path, leaked)
                seen += 1
    assert seen > 30
    for house in (acme, globex):  # and they do show their own
        boss, things = house.people["admin"], house.things
        assert things["list_id"] in boss.get("/face/watchlists").text and things["client_id"] in boss.get("/admin/oauth/clients").text
        assert things["account_id"] in boss.get("/admin/service-accounts").text
        assert "document.uploaded" in boss.get("/admin/audit?limit=100").text
    for house in (acme, globex):
        error_of(house.people["admin"].get("/admin/organizations"), 403, "PERMISSION_DENIED")
        error_of(house.people["admin"].post("/admin/oauth/keys/rotate", json={}), 403, "PERMISSION_DENIED")


def test_an_api_key_stays_in_its_organisation(city):
    _, acme, globex = city
    for house, other in ((acme, globex), (globex, acme)):
        headers = {"Authorization": "Bearer " + house.things["api_key"], **other.headers}
        text = requests.get(house.server.base + "/admin/audit?limit=100", headers=headers, timeout=30).text
        assert house.people["user"].id in text and other.people["user"].id not in text


def test_searches_never_cross(city):
    default, acme, globex = city
    face = pictures.photo(pictures.PORTRAIT).read_bytes()
    for house in (acme, globex):
        ask = house.people["verifier"].post("/face/search", files={"face_image": ("f.jpg", face), "include_weaker": (None, "true")})
        answer = data_of(ask)
        assert answer["faces_searched"] == 2, answer  # the user and the list's entry
        assert {h["user_id"] for h in answer["items"] if h["user_id"]} == {house.people["user"].id}
        assert {h["list_id"] for h in answer["items"] if h["list_id"]} == {house.things["list_id"]}
        fingers = data_of(house.people["verifier"].post("/biometrics/search", json={
            "biometric_type": "fingerprint", "biometric_data": pictures.base64_of(finger_picture(11)), "purpose": "identification"}))
        assert [h["user_id"] for h in fingers["matches"]] == [house.people["user"].id] and fingers["searched"] == 1
    nobody = data_of(default.hire("verifier").post("/face/search", files={"face_image": ("f.jpg", face), "include_weaker": (None, "true")}))
    assert nobody["faces_searched"] == 0 and nobody["items"] == []


def test_one_card_and_face_in_two_organisations_is_no_reuse(city):
    for house in city[1:]:
        results = {f["check"]: f["result"] for f in json.loads(house.things["document"])["findings"]}
        assert results["image_reused"] == results["number_used_by_another_account"] == "passed", results
    numbers = rows(city[0].server, "SELECT document_number_index FROM documents WHERE document_number_index IS NOT NULL")
    assert len(numbers) == len({bytes(n) for (n,) in numbers}) >= 2
    again = city[1].join().read_document(pictures.card("aadhaar", 4321, portrait=pictures.SELFIE))
    results = {f["check"]: f["result"] for f in again["findings"]}
    assert results["number_used_by_another_account"] == "failed"  # within one it is


def test_template_keys_are_an_organisation_s_own_and_renewed_alone(city):
    _, acme, globex = city
    server = acme.server
    stored = rows(server, f"SELECT tenant_id, wrapped_key FROM face_template_keys WHERE tenant_id IN ('{acme.id}', '{globex.id}')")
    assert len(stored) == 2 and bytes(stored[0][1]) != bytes(stored[1][1])
    assert server.cli("models", "revoke-key", "--organization", "acme")["version"] == 2
    deadline = time.monotonic() + 120
    while value(server, f"SELECT COUNT(*) FROM biometrics WHERE tenant_id = '{acme.id}' AND biometric_type = 'face' AND template_key = 1"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    versions = {str(t): int(v) for t, v in rows(server, "SELECT tenant_id, MAX(version) FROM face_template_keys GROUP BY tenant_id")}
    assert versions[acme.id] == 2 and versions[globex.id] == 1
    renewed = data_of(globex.people["admin"].post("/biometrics/keys/renew", json={"purpose": "identification"}))
    assert renewed["version"] == 2
    purposes = {(str(t), p): v for t, p, v in rows(server, "SELECT tenant_id, purpose, version FROM biometric_keys")}
    assert purposes[globex.id, "identification"] == 2 and (acme.id, "identification") not in purposes
    while value(server, "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    test_searches_never_cross(city)


def test_an_application_serves_its_own_organisation_only(city):
    _, acme, globex = city
    app = new_app(acme.people["admin"])
    answer = authorize(app)
    handle = handle_of(answer)
    error_of(globex.people["user"].post("/oauth/requests/look", json={"request": handle}), 404, "NOT_FOUND")
    assert data_of(acme.people["user"].post("/oauth/requests/look", json={"request": handle}))["client_id"] == app.id
    program = new_app(acme.people["admin"], grant_types=["client_credentials"], scope="authx:read_audit", redirect_uris=None)
    token = program.token("client_credentials", scope="authx:read_audit").json()["access_token"]
    text = requests.get(acme.server.base + "/admin/audit?limit=100", headers={"Authorization": "Bearer " + token}, timeout=30).text
    assert acme.people["user"].id in text and globex.people["user"].id not in text
    other = new_app(globex.people["admin"], grant_types=["client_credentials"], scope="authx:read_audit", redirect_uris=None)
    assert other.post("/oauth/introspect", token=token).json() == {"active": False}


def has_told(house: House, app: App, person: Person) -> None:
    """A server has dealt with the word to the client that the person's session ended."""
    deadline = time.monotonic() + 30
    query = f"SELECT outcome FROM oauth_logouts WHERE client_id = '{app.id}' AND user_id = '{person.id}'"
    while [o for (o,) in rows(house.server, query)] != ["refused_address"]:  # an address that only an operator allows
        assert time.monotonic() < deadline, rows(house.server, query)
        time.sleep(0.1)


def test_a_suspended_organisation_is_refused_at_once_and_comes_back(city):
    default, acme, _ = city
    boss = default.people["admin"]
    house = found(boss, "initech")
    refresh = data_of(house.post("/auth/login", email=house.people["user"].email, password=house.people["user"].password))["refresh_token"]
    account = data_of(house.people["admin"].post("/admin/service-accounts", json={"name": "n", "permissions": ["read_audit"]}), 201)
    key = data_of(house.people["admin"].post(f"/admin/service-accounts/{account['account_id']}/keys", json={"name": "k", "days": 1}), 201)["api_key"]
    program = new_app(house.people["admin"], grant_types=["client_credentials"], scope="authx:read_audit", redirect_uris=None)
    token = program.token("client_credentials", scope="authx:read_audit").json()["access_token"]
    portal = new_app(house.people["admin"], backchannel_logout_uri="http://127.0.0.1:9/logout")
    tokens_for(house.people["user"], portal)
    for bearer in (key, token):
        assert requests.get(house.server.base + "/admin/audit", headers={"Authorization": "Bearer " + bearer}, timeout=30).status_code == 200
    assert data_of(boss.post(f"/admin/organizations/{house.id}/suspend"))["suspended_at"]
    has_told(house, portal, house.people["user"])
    for person in house.people.values():
        error_of(person.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")
    for bearer in (key, token):
        assert requests.get(house.server.base + "/admin/audit", headers={"Authorization": "Bearer " + bearer}, timeout=30).status_code == 401
    assert house.post("/auth/login", email=house.people["user"].email, password=house.people["user"].password).status_code == 403
    assert requests.post(house.server.base + "/auth/refresh", json={"refresh_token": refresh}, timeout=30).status_code == 401
    time.sleep(5.5)  # what the server remembers of an application
    assert program.token("client_credentials", scope="authx:read_audit").status_code == 401
    assert data_of(acme.people["user"].get("/users/me"))["id"] == acme.people["user"].id
    error_of(boss.post(f"/admin/organizations/{DEFAULT}/suspend"), 409, "CONFLICT")
    assert data_of(boss.post(f"/admin/organizations/{house.id}/resume"))["suspended_at"] is None
    error_of(house.people["user"].get("/users/me"), 401, "AUTHENTICATION_REQUIRED")  # its sessions stay ended
    house.enter(house.people["user"].email, house.people["user"].password)
    actions = [e["action"] for e in data_of(boss.get("/admin/audit?limit=100"))["items"]]
    assert {"organization.created", "organization.administrator_created", "organization.suspended", "organization.resumed"} <= set(actions)


def test_the_operator_manages_organisations_too(city):
    default, acme, _ = city
    server = acme.server
    made = server.cli("organization", "create", "umbrella", "--name", "Umbrella", "--domain", "umbrella.example")
    assert made["slug"] == "umbrella" and made["domain"] == "umbrella.example"
    assert server.cli("organization", "rename", "umbrella", "--name", "Umbrella Ltd")["name"] == "Umbrella Ltd"
    link = server.cli("organization", "administrator", "umbrella", "--name", "First", "--email", "first@umbrella.example")["setup_link"]
    assert requests.post(server.base + "/auth/password/setup", json={"token": link.split("#token=")[1], "password": PASSWORD}, timeout=30).ok
    house = House(server, "umbrella", made["organization_id"])
    time.sleep(2)  # the server reads what other processes changed
    admin = house.enter("first@umbrella.example", PASSWORD)
    portal = new_app(admin, backchannel_logout_uri="http://127.0.0.1:9/logout")
    tokens_for(admin, portal)
    assert server.cli("organization", "suspend", "umbrella")["suspended"] is True
    has_told(house, portal, admin)
    time.sleep(2)
    error_of(admin.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")
    assert server.cli("organization", "resume", "umbrella")["suspended"] is False
    assert {"default", "acme", "umbrella"} <= {o["slug"] for o in server.cli("organization", "list")}
    server.cli("organization", "create", "Not A Slug", "--name", "x", code=3)
    server.cli("user", "list", "--organization", "nobody", code=3)
    assert {u["email"] for u in server.cli("user", "list", "--organization", "umbrella")} == {"first@umbrella.example"}


def test_the_audit_log_of_many_organisations_is_one_chain(city):
    server = city[0].server
    assert server.cli("audit", "verify")["intact"] is True
    assert value(server, "SELECT COUNT(DISTINCT tenant_id) FROM audit_logs") >= 3


def test_the_second_wall(city):
    """PostgreSQL itself: a statement without any condition sees the organisation that its transaction names, and nothing unnamed."""
    _, acme, globex = city
    url = acme.server.environment.get("DATABASE_URL")
    if not url:
        pytest.skip("SQLite has no row-level security")
    with psycopg.connect(url) as db:
        walled = [name for (name,) in db.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname").fetchall()]
        personal = [name for (name,) in db.execute(
            "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('user_id', 'tenant_id')").fetchall()]
        # Who waits for a passkey's answer; jobs hold ids alone, and every organisation's workers take them.
        assert set(personal) - set(walled) == {"passkey_challenges", "jobs"}
        for table in walled:
            assert db.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,), table
        counts: dict[str, dict[str, int]] = {}
        for scope in (acme.id, globex.id, "*"):
            db.execute("SELECT set_config('authx.tenant', %s, true)", [scope])
            counts[scope] = {table: db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in walled}
        for table in ("users", "credentials", "person_keys", "documents", "document_images", "document_prints", "verifications", "verification_documents",
                      "biometrics", "biometric_subjects", "biometric_references", "biometric_protected", "sessions", "face_entries", "face_lists",
                      "audit_logs", "oauth_clients", "service_accounts", "api_keys"):
            assert counts[acme.id][table] > 0 and counts[globex.id][table] > 0, table
            assert counts[acme.id][table] + counts[globex.id][table] <= counts["*"][table], table
        db.execute("SELECT set_config('authx.tenant', %s, true)", [acme.id])
        assert {t for (t,) in db.execute("SELECT DISTINCT tenant_id::text FROM users").fetchall()} == {acme.id}
        assert db.execute("UPDATE users SET status = 'locked' WHERE id = %s", [globex.people["user"].id]).rowcount == 0
        assert db.execute("DELETE FROM documents WHERE id = %s", [globex.things["document_id"]]).rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("INSERT INTO oauth_initial_tokens (token_hash, expires_at, uses_left, tenant_id) VALUES ('x', now(), 1, %s)", [globex.id])
        db.rollback()
        db.execute("SELECT set_config('authx.tenant', %s, true)", [acme.id])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):  # a row for a person of another organisation
            db.execute("INSERT INTO biometrics (id, user_id, biometric_type, created_at, updated_at) VALUES (gen_random_uuid(), %s, 'face', now(), now())",
                       [globex.people["user"].id])
        db.rollback()
        assert db.execute("SELECT current_setting('authx.tenant', true)").fetchone()[0] in ("", None)  # gone with its transaction
