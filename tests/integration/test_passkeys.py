"""Passkeys: with an authenticator in software that can also lie, and one real ceremony in Chromium."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid

import jwt
import pytest
import requests

from support import database
from support.authenticator import BE, UP, UV, Authenticator, Maker, b64, unb64
from support.browser import PATIENCE, browser, web_folder
from support.people import PASSWORD, Person, data_of, error_of, faults_of, login, new_email, new_person, register
from support.server import Server

ORIGIN = "https://id.example.org"
RELATED = "https://app.example.org"
RP = "id.example.org"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(request, servers) -> Server:
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if request.param == "postgres" else {}
    return servers(AUTHX_PUBLIC_URL=ORIGIN, AUTHX_PASSKEY_ORIGINS=RELATED, **settings).start()


def creation(person: Person) -> dict:
    return data_of(person.post("/auth/passkeys/options"))["public_key"]


def add(person: Person, **more) -> Authenticator:
    key = Authenticator(more.pop("origin", ORIGIN), RP, **more)
    data_of(person.post("/auth/passkeys", json=key.create(creation(person))), 201)
    return key


def options(server: Server) -> dict:
    return data_of(requests.post(server.base + "/auth/passkeys/login/options", timeout=30))["public_key"]


def enter(server: Server, answer: dict) -> requests.Response:
    return requests.post(server.base + "/auth/passkeys/login", json=answer, timeout=30)


def claims_of(data: dict) -> dict:
    return jwt.decode(data["access_token"], options={"verify_signature": False})


def strong(person: Person, key: Authenticator) -> Person:
    """The person, signed in with the passkey: what an account with one needs for changing its factors."""
    data = data_of(enter(person.server, key.get(options(person.server))))
    return Person(person.server, person.id, person.email, PASSWORD, "user", data["access_token"])


def refused(answer: requests.Response) -> None:
    error_of(answer, 401, "INVALID_CREDENTIALS")


def challenge(person: Person) -> dict:
    data = data_of(login(person.server, person.email, PASSWORD))
    assert data["mfa_required"] is True
    return data


@pytest.mark.parametrize("kind", ["es256", "eddsa", "rs256"])
def test_a_passkey_signs_in_without_a_name(site, kind):
    person = new_person(site)
    key = add(person, kind=kind)
    asked = options(site)
    assert asked["rpId"] == RP and asked["userVerification"] == "required" and "allowCredentials" not in asked
    assert len(unb64(asked["challenge"])) >= 16
    data = data_of(enter(site, key.get(asked)))
    assert data["user"]["id"] == person.id
    assert claims_of(data)["acr"] == "aal3" and "hwk" in claims_of(data)["amr"]
    data_of(enter(site, key.get(options(site))))


def test_a_synchronised_passkey_is_no_hardware_key(site):
    person = new_person(site)
    key = add(person, flags=UP | UV | BE)
    claims = claims_of(data_of(enter(site, key.get(options(site)))))
    assert claims["acr"] == "aal2" and "swk" in claims["amr"]


def test_the_user_handle_and_the_options_hold_nothing_personal(site):
    person = new_person(site)
    asked = creation(person)
    assert asked["attestation"] == "none" and asked["authenticatorSelection"]["userVerification"] == "required"
    handle = unb64(asked["user"]["id"])
    assert person.email.encode() not in handle and len(handle) == 16
    assert {p["alg"] for p in asked["pubKeyCredParams"]} == {-7, -8, -257}


def test_registration_challenges_serve_once_and_one_account(site):
    person, other = new_person(site), new_person(site)
    asked = creation(person)
    key = Authenticator(ORIGIN, RP)
    assert "$.credential" in faults_of(other.post("/auth/passkeys", json=key.create(asked)))
    asked = creation(person)
    data_of(person.post("/auth/passkeys", json=key.create(asked)), 201)
    now = strong(person, key)
    assert "$.credential" in faults_of(now.post("/auth/passkeys", json=Authenticator(ORIGIN, RP).create(asked)))
    data_of(now.post("/auth/passkeys", json=Authenticator(ORIGIN, RP).create(creation(now))), 201)


def test_a_known_key_is_excluded_and_not_taken_twice(site):
    person, other = new_person(site), new_person(site)
    key = add(person)
    assert b64(key.id) in {c["id"] for c in creation(strong(person, key))["excludeCredentials"]}
    error_of(other.post("/auth/passkeys", json=key.create(creation(other))), 409, "CONFLICT")


@pytest.mark.parametrize("wrong", [
    {"origin": "https://evil.example"}, {"origin": "http://id.example.org"}, {"origin": "https://id.example.org:444"},
    {"rp": "evil.example"}, {"flags": UP}, {"flags": UV}, {"flags": UP | UV | 0x10}])
def test_a_registration_for_somebody_else_is_refused(site, wrong):
    person = new_person(site)
    key = Authenticator(**{"origin": ORIGIN, "rp": RP, **wrong})
    assert "$.credential" in faults_of(person.post("/auth/passkeys", json=key.create(creation(person))))


def test_a_related_origin_may_use_the_passkeys(site):
    found = requests.get(site.root + "/.well-known/webauthn", timeout=30)
    assert found.status_code == 200 and found.json() == {"origins": [ORIGIN, RELATED]}
    key = add(new_person(site))
    key.origin = RELATED
    data_of(enter(site, key.get(options(site))))


def test_assertions_that_lie_are_refused(site):
    person = new_person(site)
    key = add(person)
    refused(enter(site, key.get(options(site), flags=UP)))  # no verification
    refused(enter(site, key.get(options(site), flags=UV)))  # no presence
    refused(enter(site, key.get(options(site), rp="evil.example")))
    refused(enter(site, key.get(options(site), type="webauthn.create")))
    refused(enter(site, key.get(options(site), crossOrigin=True)))
    refused(enter(site, key.get({"challenge": b64(os.urandom(32))})))
    refused(enter(site, {**key.get(options(site)), "user_handle": b64(bytes(16))}))
    answer = key.get(options(site))
    for member in ("signature", "authenticator_data", "client_data"):
        data = bytearray(unb64(answer[member]))
        data[-2] ^= 1
        refused(enter(site, {**answer, member: b64(bytes(data))}))
    key.origin = "https://evil.example"
    refused(enter(site, key.get(options(site))))
    refused(enter(site, Authenticator(ORIGIN, RP, handle=bytes(16)).get(options(site))))  # unknown key


def test_an_assertion_is_not_replayed(site):
    key = add(new_person(site))
    answer = key.get(options(site))
    data_of(enter(site, answer))
    refused(enter(site, answer))


def test_an_expired_challenge_is_refused(site):
    key = add(new_person(site))
    asked = options(site)
    database.run(site, "UPDATE passkey_challenges SET expires_at = '2020-01-01T00:00:00.000000Z'")
    refused(enter(site, key.get(asked)))


def test_a_counter_that_goes_back_is_flagged_and_its_owner_told(site):
    person = new_person(site)
    key = add(person)
    data_of(enter(site, key.get(options(site))))
    key.count -= 2
    refused(enter(site, key.get(options(site))))
    key.count += 2
    session = data_of(enter(site, key.get(options(site))))
    now = Person(site, person.id, person.email, PASSWORD, "user", session["access_token"])
    [listed] = data_of(now.get("/auth/factors"))["passkeys"]
    assert listed["suspected"] is True
    assert any("passkey was refused" in m["subject"] for m in site.cli("outbox", "--limit", "50") if m["recipient"] == person.email)


def test_an_authenticator_without_a_counter_is_none_the_worse(site):
    person = new_person(site)
    key = add(person, count=0)
    for _ in range(2):
        key.count = -1
        data_of(enter(site, key.get(options(site))))


def test_a_passkey_is_the_second_factor_of_its_account_alone(site):
    person, other = new_person(site), new_person(site)
    key, others = add(person), add(other)
    asked = challenge(person)
    assert asked["methods"] == ["passkey"]
    token = {"challenge_token": asked["challenge_token"]}
    request = data_of(requests.post(site.base + "/auth/mfa/passkey/options", json=token, timeout=30))["public_key"]
    assert [c["id"] for c in request["allowCredentials"]] == [b64(key.id)]

    def prove(answer: dict) -> requests.Response:
        answer.pop("user_handle")
        return requests.post(site.base + "/auth/mfa/verify", json={**token, "method": "passkey", **answer}, timeout=30)

    refused(prove(others.get(request)))
    refused(prove(key.get(options(site))))  # a challenge for another purpose
    request = data_of(requests.post(site.base + "/auth/mfa/passkey/options", json=token, timeout=30))["public_key"]
    data = data_of(prove(key.get(request, flags=UP)))
    assert claims_of(data)["acr"] == "aal2"


def test_nobody_sees_or_removes_the_passkeys_of_others(site):
    person, other = new_person(site), new_person(site)
    key = add(person)
    error_of(person.post("/auth/passkeys/options"), 401, "INSUFFICIENT_USER_AUTHENTICATION")  # another key needs a proof by the first
    now = strong(person, key)
    data_of(now.post("/auth/passkeys", json=Authenticator(ORIGIN, RP).create(creation(now))), 201)
    listed = data_of(now.get("/auth/factors"))["passkeys"]
    assert len(listed) == 2 and data_of(other.get("/auth/factors"))["passkeys"] == []
    error_of(other.request("DELETE", f"/auth/passkeys/{listed[0]['id']}"), 404, "NOT_FOUND")
    for found in listed:
        data_of(now.request("DELETE", f"/auth/passkeys/{found['id']}"))
    assert "access_token" in data_of(login(site, person.email, PASSWORD))


def test_a_disabled_accounts_passkey_opens_nothing(site):
    person = new_person(site)
    key = add(person)
    site.cli("user", "status", "disabled", "--id", person.id)
    refused(enter(site, key.get(options(site))))


@pytest.mark.parametrize("member,value", [("attestation_object", b64(b"\xa3")), ("attestation_object", b64(b"\xff" * 5000)), ("client_data", b64(b"{}")),
                                          ("client_data", "!!!"), ("attestation_object", "A" * 22001)])
def test_malformed_registrations_are_validation_errors(site, member, value):
    person = new_person(site)
    body = Authenticator(ORIGIN, RP).create(creation(person))
    assert faults_of(person.post("/auth/passkeys", json={**body, member: value}))


# Makers


MODEL = uuid.UUID("8446ccb9-ab1d-4b7a-9f3e-0c6f5a1d2e3f")


def register_with(person: Person, maker: Maker | None, **more) -> requests.Response:
    key = Authenticator(ORIGIN, RP, aaguid=MODEL, attestation=maker.model(**{"aaguid": MODEL, **more}) if maker else None)
    return person.post("/auth/passkeys", json=key.create(creation(person)))


@pytest.mark.parametrize("policy", ["optional", "trusted"])
def test_a_makers_word_counts_as_the_operator_says_and_administrators_see_it(servers, tmp_path, policy, admins):
    known, stranger = Maker(), Maker()  # of the same name, with other keys
    (tmp_path / "maker.pem").write_bytes(known.pem())
    server = servers(AUTHX_PUBLIC_URL=ORIGIN, AUTHX_PASSKEY_ATTESTATION=policy, AUTHX_PASSKEY_ROOTS=str(tmp_path)).start()
    person = new_person(server)
    assert creation(person)["attestation"] == "direct"
    data_of(register_with(person, known), 201)
    for wrong in ({"aaguid": uuid.uuid4()}, {"unit": "Something Else"}):
        assert list(faults_of(register_with(new_person(server), known, **wrong))) == ["$.credential"]
    unknown, silent = new_person(server), new_person(server)
    if policy == "trusted":
        assert list(faults_of(register_with(unknown, stranger))) == ["$.credential"]
        assert list(faults_of(register_with(silent, None))) == ["$.credential"]
    else:
        data_of(register_with(unknown, stranger), 201)
        data_of(register_with(silent, None), 201)
    boss = admins(server)
    seen = {p.id: [(k["attestation"], k["attested_by"], k["aaguid"]) for k in data_of(boss.get(f"/admin/users/{p.id}"))["passkeys"]]
            for p in (person, unknown, silent)}
    assert seen[person.id] == [("trusted", "Stand-in Maker Root", str(MODEL))]
    assert seen[unknown.id] == ([] if policy == "trusted" else [("packed", None, str(MODEL))])
    assert seen[silent.id] == ([] if policy == "trusted" else [("none", None, str(MODEL))])
    server.close()


def test_without_a_policy_no_maker_is_asked_for(site):
    person = new_person(site)
    assert creation(person)["attestation"] == "none"
    data_of(register_with(person, Maker()), 201)


def test_roots_that_are_none_stop_the_start(servers, tmp_path):
    for settings in ({"AUTHX_PASSKEY_ATTESTATION": "trusted"}, {"AUTHX_PASSKEY_ATTESTATION": "always"},
                     {"AUTHX_PASSKEY_ATTESTATION": "trusted", "AUTHX_PASSKEY_ROOTS": str(tmp_path)}):
        with pytest.raises(RuntimeError, match="AUTHX_PASSKEY"):
            servers(**settings).start()


# In a browser


def test_the_page_adds_a_passkey_and_signs_in_with_it_in_chromium(servers, tmp_path):
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
    from selenium.webdriver.support import expected_conditions as EC
    from selenium.webdriver.support.ui import WebDriverWait

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = servers(AUTHX_WEB_DIR=web_folder(), AUTHX_PORT=str(port), AUTHX_PUBLIC_URL=f"http://localhost:{port}", AUTHX_SERVICES="auth").start()
    email = new_email()
    data_of(register(server, email=email), 201)
    driver = browser(tmp_path)
    try:
        wait = WebDriverWait(driver, PATIENCE)
        key = VirtualAuthenticatorOptions()
        key.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
        key.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
        key.has_resident_key = key.has_user_verification = key.is_user_verified = True
        driver.add_virtual_authenticator(key)

        driver.get(f"http://localhost:{port}/login")
        wait.until(EC.presence_of_element_located((By.ID, "email"))).send_keys(email)
        driver.find_element(By.ID, "password").send_keys(PASSWORD)
        driver.find_element(By.ID, "login-button").click()
        wait.until(lambda d: d.current_url.endswith("/dashboard"))

        # A reload keeps the session, by its cookie.
        driver.refresh()
        wait.until(EC.presence_of_element_located((By.LINK_TEXT, "Security"))).click()
        wait.until(EC.element_to_be_clickable((By.ID, "passkey-add"))).click()
        wait.until(EC.presence_of_element_located((By.XPATH, "//button[text()='Remove']")))
        assert len(driver.get_credentials()) == 1

        driver.find_element(By.XPATH, "//button[text()='Sign out']").click()
        wait.until(EC.presence_of_element_located((By.ID, "email")))
        # The suggestion beside the input may sign in by itself before the button is asked to.
        with contextlib.suppress(WebDriverException):
            driver.find_element(By.ID, "passkey-button").click()
        wait.until(lambda d: d.current_url.endswith(("/dashboard", "/security")))
        acrs = database.rows(server, "SELECT amr FROM sessions ORDER BY created_at DESC LIMIT 1")
        assert "user" in acrs[0][0] and "mfa" in acrs[0][0]
    finally:
        driver.quit()
    server.close()
