"""Applications that publish their keys: read once, bounded, again for an unknown signature, and never from where the server may not call."""

from __future__ import annotations

import http.server
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from support.outside import jwk_of
from support.people import Person, data_of, error_of
from support.relying import App, issuing_server, new_app, refused
from support.server import Server

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class KeyServer:
    """Publishes what a test says, and counts how often it is asked."""

    def __init__(self) -> None:
        self.answer: object = {"keys": []}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.pause = 0.0
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                time.sleep(outer.pause)
                body = outer.answer if isinstance(outer.answer, bytes) else json.dumps(outer.answer).encode()
                try:
                    self.send_response(outer.status)
                    for name, value in outer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the server hung up, as it should on an answer too long

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def keys():
    made = KeyServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def issuer(servers) -> Server:
    return issuing_server(servers, AUTHX_OAUTH_PRIVATE_PEERS="true")


@pytest.fixture(scope="module")
def boss(issuer, admins) -> Person:
    return admins(issuer)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def publishing_app(boss: Person, url: str) -> App:
    return new_app(boss, grant_types=["client_credentials"], redirect_uris=None, token_endpoint_auth_method="private_key_jwt", jwks_uri=url)


def ask(app: App, key, kid: str | None = None, **more) -> requests.Response:
    now = int(time.time())
    claims = {"iss": app.id, "sub": app.id, "aud": app.server.root, "iat": now, "exp": now + 60, "jti": f"{time.monotonic_ns()}", **more}
    token = jwt.encode(claims, key, "ES256", headers={"kid": kid} if kid else None)
    return app.post("/oauth/token", authenticate=False, grant_type="client_credentials", client_assertion=token, client_assertion_type=BEARER)


def test_a_published_key_authenticates_and_is_read_once(boss, keys):
    key = new_key()
    keys.answer = {"keys": [{"kty": "oct", "k": "AAAA"}, {**jwk_of(new_key(), "for-encryption"), "use": "enc"}, jwk_of(key, "a")]}
    app = publishing_app(boss, keys.root + "/jwks?of=app")
    for _ in range(3):
        assert ask(app, key, "a").status_code == 200
    assert keys.asked == ["/jwks?of=app"]
    shown = data_of(boss.get(f"/admin/oauth/clients/{app.id}"))["metadata"]
    assert shown["jwks_uri"] == keys.root + "/jwks?of=app" and "jwks" not in shown


def test_requests_at_once_wait_for_one_reading(boss, keys):
    key = new_key()
    keys.answer = {"keys": [jwk_of(key, "a")]}
    keys.pause = 0.5
    app = publishing_app(boss, keys.root + "/slow")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(app, key).status_code, range(8)))
    assert answers == [200] * 8 and len(keys.asked) == 1


def test_a_new_key_is_found_and_a_withdrawn_one_ends_but_not_for_every_stranger(boss, keys):
    old, new = new_key(), new_key()
    keys.answer = {"keys": [jwk_of(old, "old")]}
    app = publishing_app(boss, keys.root + "/rotating")
    assert ask(app, old).status_code == 200
    keys.answer = {"keys": [jwk_of(new, "new")]}
    for n in range(10):  # a stranger's signatures make the server ask three times, then at most once in ten seconds
        refused(ask(app, new_key(), f"made-up-{n}"), "invalid_client", 401)
    assert 1 <= len(keys.asked) <= 5
    deadline = time.monotonic() + 30
    while ask(app, new, "new").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(1)
    refused(ask(app, old, "old"), "invalid_client", 401)


@pytest.mark.parametrize("answer", [b"no JSON", [], {"keys": {}}, {}, {"keys": [1, None, {"kty": "RSA"}]}, b'{"keys": [' + b" " * (80 << 10) + b"]}"])
def test_what_is_no_key_set_authenticates_nobody(boss, keys, answer):
    keys.answer = answer
    app = publishing_app(boss, keys.root + "/jwks")
    refused(ask(app, new_key()), "invalid_client", 401)
    refused(ask(app, new_key()), "invalid_client", 401)
    assert len(keys.asked) == 1  # a server that fails is left alone for a while


def test_a_redirect_is_not_followed(boss, keys):
    key = new_key()
    elsewhere = KeyServer()
    elsewhere.answer = {"keys": [jwk_of(key, "a")]}
    keys.status, keys.headers = 302, {"Location": elsewhere.root + "/jwks"}
    app = publishing_app(boss, keys.root + "/jwks")
    refused(ask(app, key, "a"), "invalid_client", 401)
    assert elsewhere.asked == []
    elsewhere.close()


def test_a_slow_server_holds_up_nobody_else(boss, issuer, keys):
    keys.pause = 30
    slow = [publishing_app(boss, f"{keys.root}/{n}") for n in range(4)]
    pool = ThreadPoolExecutor(8)
    waiting = [pool.submit(ask, app, new_key()) for app in slow]
    time.sleep(0.5)
    assert requests.get(issuer.root + "/health/live", timeout=5).status_code == 200
    quick = new_app(boss, grant_types=["client_credentials"], redirect_uris=None)
    assert quick.token("client_credentials").status_code == 200
    answers = [w.result().status_code for w in waiting]
    assert set(answers) <= {401, 503} and answers.count(401) == 2, answers  # two are read at a time, the others told to come back
    pool.shutdown()


@pytest.mark.parametrize("uri", ["http://app.example.org/jwks", "ftp://app.example.org/jwks", "https://user@app.example.org/jwks", "/jwks",
                                 "https://app.example.org/jwks#f", "file:///etc/passwd", "javascript:alert(1)"])
def test_addresses_that_could_be_abused_are_not_registered(boss, uri):
    error_of(boss.post("/admin/oauth/clients", json={"client_name": "x", "grant_types": ["client_credentials"], "jwks_uri": uri,
                                                     "token_endpoint_auth_method": "private_key_jwt"}), 400, "VALIDATION_ERROR")


def test_keys_are_registered_or_published_but_not_both(boss):
    body = {"client_name": "x", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt"}
    error_of(boss.post("/admin/oauth/clients", json={**body, "jwks": {"keys": [jwk_of(new_key(), "a")]}, "jwks_uri": "https://app.example.org/jwks"}),
             400, "VALIDATION_ERROR")
    error_of(boss.post("/admin/oauth/clients", json=body), 400, "VALIDATION_ERROR")


def test_private_addresses_are_not_called_unless_the_operator_says_so(servers, keys, admins):
    server = issuing_server(servers)
    key = new_key()
    keys.answer = {"keys": [jwk_of(key, "a")]}
    for url in (keys.root + "/jwks", "https://127.0.0.1:1/jwks", "https://169.254.169.254/latest/meta-data", "https://[::1]/jwks",
                "https://[::ffff:10.0.0.1]/jwks", "https://localhost/jwks"):
        app = publishing_app(admins(server), url)
        refused(ask(app, key, "a"), "invalid_client", 401)
    assert keys.asked == []
    server.close()
