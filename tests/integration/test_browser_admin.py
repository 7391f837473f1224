"""The pages of administration in Debian's Chromium: accounts, organisations, applications, keys of programs; and a consent to single claims."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as EC
from selenium.webdriver.support.ui import WebDriverWait

from support.browser import PATIENCE, Steps, browser, web_folder
from support.factors import enrol, oathtool
from support.people import data_of, error_of, login, new_person
from support.relying import REDIRECT, VERIFIER, challenge_of, issuing_server, new_app
from support.server import ADMIN_EMAIL, Server


@pytest.fixture(scope="module")
def site(servers) -> Server:
    return issuing_server(servers, AUTHX_WEB_DIR=web_folder())


@pytest.fixture
def driver(tmp_path):
    found = browser(tmp_path)
    yield found
    found.quit()


def wait(driver) -> WebDriverWait:
    return WebDriverWait(driver, PATIENCE)


def seen(driver, text: str):
    return wait(driver).until(EC.visibility_of_element_located((By.XPATH, f"//*[text()[contains(., {json.dumps(text)})]]")))


def press(driver, text: str) -> None:
    button = wait(driver).until(EC.element_to_be_clickable((By.XPATH, f"//button[normalize-space()={json.dumps(text)}] | //a[normalize-space()={json.dumps(text)}]")))
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def fill(driver, field: str, text: str) -> None:
    wait(driver).until(EC.element_to_be_clickable((By.ID, field))).send_keys(text)


def sign_in(driver, email: str, password: str) -> None:
    fill(driver, "email", email)
    fill(driver, "password", password)
    driver.find_element(By.ID, "login-button").click()


def test_an_administrator_manages_people_organisations_and_programs(site, admins, driver):
    boss = admins(site)
    person = new_person(site, name="Asha Rao")
    steps = Steps(driver, "admin")
    driver.get(site.root + "/login")
    sign_in(driver, ADMIN_EMAIL, site.admin_password)
    press(driver, "Administration")
    seen(driver, "Asha Rao").click()
    seen(driver, "No second factor.")
    steps.keep("users")
    press(driver, "End all sessions")
    seen(driver, "Not signed in")
    error_of(person.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")
    press(driver, "Disable")
    press(driver, "Activate")
    wait(driver).until(lambda _: login(site, person.email, person.password).status_code == 200)

    press(driver, "Organisations")
    fill(driver, "organization-slug", "acme")
    fill(driver, "organization-name", "Acme Bank")
    press(driver, "Create organisation")
    seen(driver, "Acme Bank").click()
    [acme] = [o for o in data_of(boss.get("/admin/organizations"))["items"] if o["slug"] == "acme"]
    fill(driver, f"admin-name-{acme['organization_id']}", "Chief")
    fill(driver, f"admin-email-{acme['organization_id']}", "chief@acme.example")
    press(driver, "Make an administrator")
    link = seen(driver, "/setup-password#token=").text
    steps.keep("organisations")
    press(driver, "Suspend")
    press(driver, "Suspend: sign everyone out now")
    seen(driver, "suspended since")
    steps.keep("suspended")
    closed = {"token": link.partition("#token=")[2], "password": "correct horse battery"}
    refused = requests.post(site.base + "/auth/login", json={"email": "chief@acme.example", "password": "x" * 10}, headers={"X-Organization": "acme"}, timeout=30)
    error_of(refused, 403, "PERMISSION_DENIED")
    press(driver, "Activate")
    seen(driver, "never signed in")
    data_of(requests.post(site.base + "/auth/password/setup", json=closed, timeout=30))

    press(driver, "Clients")
    fill(driver, "client-name", "Book shop")
    fill(driver, "client-redirects", "https://books.example/cb")
    press(driver, "Register application")
    seen(driver, "It is shown once")
    seen(driver, "Signs now")
    steps.keep("clients")
    press(driver, "API keys")
    fill(driver, "service-name", "Nightly export")
    box = wait(driver).until(EC.presence_of_element_located((By.NAME, "permission.read_audit")))
    driver.execute_script("arguments[0].click()", box)
    press(driver, "Create account")
    seen(driver, "Nightly export").click()
    [account] = data_of(boss.get("/admin/service-accounts"))["items"]
    fill(driver, f"key-name-{account['account_id']}", "first")
    press(driver, "Make a key")
    key = seen(driver, "axk_").text
    steps.keep("keys")
    assert key
    press(driver, "Roles")
    seen(driver, "Grant a role")
    steps.keep("roles")
    severe = [e for e in driver.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]]
    assert not severe, severe


def test_a_person_agrees_to_single_claims_after_a_stronger_sign_in(site, admins, driver):
    person = new_person(site)
    secret, _ = enrol(person)
    app = new_app(admins(site), client_name="Book shop")
    wished = {"userinfo": {"email": None}, "id_token": {"acr": {"essential": True, "values": ["aal2"]}}}
    query = {"response_type": "code", "client_id": app.id, "redirect_uri": REDIRECT, "scope": "openid", "state": "s", "nonce": "n",
             "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256", "claims": json.dumps(wished)}
    steps = Steps(driver, "claims")
    driver.get(f"{site.root}/oauth/authorize?{urlencode(query)}")
    sign_in(driver, person.email, person.password)
    code = wait(driver).until(EC.element_to_be_clickable((By.CSS_SELECTOR, "input[autocomplete='one-time-code']")))
    code.send_keys(oathtool(secret))
    code.submit()
    wait(driver).until(EC.text_to_be_present_in_element((By.TAG_NAME, "h1"), "Allow Book shop?"))
    seen(driver, "Your email address")
    steps.keep("consent")
