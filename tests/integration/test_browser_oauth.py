"""The pages on which a person lets an application in, in Debian's Chromium: consent and devices."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as EC
from selenium.webdriver.support.ui import WebDriverWait

from support.browser import PATIENCE, Steps, browser, web_folder
from support.people import PASSWORD, Person, data_of, new_person
from support.relying import VERIFIER, App, challenge_of, exchange, issuing_server, new_app
from support.server import Server


@pytest.fixture(scope="module")
def site(servers) -> Server:
    return issuing_server(servers, AUTHX_WEB_DIR=web_folder(), AUTHX_SERVICES="auth,admin")


@pytest.fixture(scope="module")
def boss(site, admins) -> Person:
    return admins(site)


@pytest.fixture
def landing():
    """A relying party's own page, to which the browser is sent back."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>landed</title>")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def driver(tmp_path):
    found = browser(tmp_path)
    yield found
    found.quit()


def wait(driver) -> WebDriverWait:
    return WebDriverWait(driver, PATIENCE)


def sign_in(driver, person: Person) -> None:
    wait(driver).until(EC.presence_of_element_located((By.ID, "email"))).send_keys(person.email)
    driver.find_element(By.ID, "password").send_keys(PASSWORD)
    driver.find_element(By.ID, "login-button").click()


def ask(driver, app: App, landing: str, scope: str = "openid profile email") -> None:
    query = {"response_type": "code", "client_id": app.id, "redirect_uri": landing, "scope": scope, "state": "a-state", "nonce": "a-nonce",
             "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
    driver.get(f"{app.server.root}/oauth/authorize?{urlencode(query)}")


def landed(driver, landing: str) -> dict[str, str]:
    wait(driver).until(EC.title_is("landed"))
    assert driver.current_url.startswith(landing + "?"), driver.current_url
    return {k: v[0] for k, v in parse_qs(urlsplit(driver.current_url).query).items()}


def body_of(driver) -> str:
    return driver.find_element(By.TAG_NAME, "body").text


def test_a_person_allows_an_application_once(site, boss, driver, landing):
    app = new_app(boss, client_name="Ledger & <b>Sons</b>", redirect_uris=[landing], token_endpoint_auth_method="none")
    person = new_person(site)
    steps = Steps(driver, "consent")
    ask(driver, app, landing)
    sign_in(driver, person)
    wait(driver).until(EC.element_to_be_clickable((By.ID, "allow-button")))
    steps.keep("asked")
    shown = body_of(driver)
    assert "Ledger & <b>Sons</b>" in shown and person.email in shown and urlsplit(landing).netloc in shown
    driver.find_element(By.ID, "allow-button").click()
    answer = landed(driver, landing)
    assert answer["state"] == "a-state" and answer["iss"] == site.root
    tokens = exchange(app, answer["code"], redirect_uri=landing)
    assert tokens.status_code == 200, tokens.text

    # The same again is answered without a question; the session is the browser's own.
    ask(driver, app, landing)
    assert landed(driver, landing)["code"] != answer["code"]
    # More than was allowed is asked for.
    ask(driver, app, landing, scope="openid profile email phone")
    wait(driver).until(EC.element_to_be_clickable((By.ID, "allow-button")))
    severe = [e for e in driver.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]]
    assert not severe, severe


def test_a_person_refuses_an_application(site, boss, driver, landing):
    app = new_app(boss, redirect_uris=[landing], token_endpoint_auth_method="none")
    person = new_person(site)
    ask(driver, app, landing)
    sign_in(driver, person)
    wait(driver).until(EC.element_to_be_clickable((By.ID, "refuse-button"))).click()
    answer = landed(driver, landing)
    assert answer["error"] == "access_denied" and "code" not in answer and answer["state"] == "a-state"
    assert data_of(person.get("/oauth/consents"))["items"] == []


@pytest.mark.parametrize(("button", "outcome"), [("Allow", 200), ("Refuse", 400)])
def test_a_device_is_let_in_by_its_code(site, boss, driver, button, outcome):
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    app = new_app(boss, client_name="A television", grant_types=[grant], redirect_uris=None, token_endpoint_auth_method="none")
    person = new_person(site)
    steps = Steps(driver, f"device-{button.lower()}")
    started = app.post("/oauth/device_authorization", scope="openid").json()
    driver.get(started["verification_uri_complete"])
    sign_in(driver, person)
    wait(driver).until(EC.presence_of_element_located((By.ID, "code")))
    assert driver.find_element(By.ID, "code").get_attribute("value") == started["user_code"]
    driver.find_element(By.XPATH, "//button[text()='Continue']").click()
    wait(driver).until(EC.element_to_be_clickable((By.XPATH, f"//button[text()='{button}']")))
    steps.keep("asked")
    assert "A television" in body_of(driver) and started["user_code"] in body_of(driver)
    driver.find_element(By.XPATH, f"//button[text()='{button}']").click()
    wait(driver).until(EC.text_to_be_present_in_element((By.TAG_NAME, "body"), "You can close this page"))
    answer = app.token(grant, device_code=started["device_code"])
    assert answer.status_code == outcome, answer.text
    if outcome != 200:
        assert answer.json()["error"] == "access_denied"
