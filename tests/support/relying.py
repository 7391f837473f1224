"""Relying parties: a server that knows its own address, clients, the independent library behind `node`, and the flow by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import socket
import subprocess
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from support.people import Person, data_of
from support.server import REPOSITORY, Server

OIDC = REPOSITORY / "tests" / "oidc"
REDIRECT = "https://app.example.org/callback"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def issuing_server(servers, **settings: str) -> Server:
    """Its issuer is its address: it must know the port before it starts."""
    port = free_port()
    return servers(AUTHX_PORT=str(port), AUTHX_PUBLIC_URL=f"http://127.0.0.1:{port}", **settings).start()


@dataclass
class App:
    server: Server
    id: str
    secret: str | None
    method: str = "client_secret_basic"

    @property
    def auth(self):
        return (self.id, self.secret) if self.secret else None

    def post(self, path: str, authenticate: bool = True, headers: dict | None = None, **fields) -> requests.Response:
        data = dict(fields)
        auth = None
        if authenticate:
            if self.secret:
                auth = self.auth
            else:
                data.setdefault("client_id", self.id)
        return requests.post(self.server.root + path, data=data, auth=auth, headers=headers, timeout=30)

    def token(self, grant_type: str, **fields) -> requests.Response:
        return self.post("/oauth/token", grant_type=grant_type, **fields)


def new_app(admin: Person, **metadata) -> App:
    body = {"client_name": "Test application", "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"], **metadata}
    made = data_of(admin.post("/admin/oauth/clients", json={k: v for k, v in body.items() if v is not None}), 201)
    return App(admin.server, made["client_id"], made["client_secret"], made["metadata"]["token_endpoint_auth_method"])


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    return b64(hashlib.sha256(verifier.encode()).digest())


VERIFIER = "a-verifier-of-forty-three-characters-or-more-0123456789"


def authorize(app: App, redirect: str | None = REDIRECT, **more) -> requests.Response:
    """The first leg, by hand; a parameter of None is left out."""
    query = {"response_type": "code", "client_id": app.id, "redirect_uri": redirect, "scope": "openid profile email offline_access",
             "state": "a-state", "nonce": "a-nonce", "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256", **more}
    query = {k: v for k, v in query.items() if v is not None}
    return requests.get(app.server.root + "/oauth/authorize", params=query, allow_redirects=False, timeout=30)


def answer_of(location: str) -> dict[str, str]:
    parts = urlsplit(location)
    return {k: v[0] for k, v in parse_qs(parts.query or parts.fragment).items()}


def handle_of(answer: requests.Response) -> str:
    assert answer.status_code == 302, answer.text
    return answer_of(answer.headers["Location"])["request"]


def approve(person: Person, handle: str, yes: bool = True) -> dict[str, str]:
    to = data_of(person.post("/oauth/requests/decide", json={"request": handle, "approve": yes}))["redirect_to"]
    return answer_of(to)


def code_for(person: Person, app: App, **more) -> str:
    return approve(person, handle_of(authorize(app, **more)))["code"]


def exchange(app: App, code: str, **more) -> requests.Response:
    fields = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **more}
    return app.token("authorization_code", **{k: v for k, v in fields.items() if v is not None})


def tokens_for(person: Person, app: App, **more) -> dict:
    answer = exchange(app, code_for(person, app, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: requests.Response, error: str, status: int = 400) -> dict:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    body = answer.json()
    assert set(body) <= {"error", "error_description"} and body["error"] == error, body
    assert answer.headers["Cache-Control"] == "no-store"
    return body


def drive(scenario: str, **given) -> dict:
    """Runs a scenario of tests/oidc/drive.mjs."""
    if not (OIDC / "node_modules" / "openid-client").is_dir():
        pytest.skip("tests/oidc has no node_modules: ./dev test installs them")
    done = subprocess.run([os.environ.get("AUTHX_NODE", "node"), str(OIDC / "drive.mjs"), scenario, json.dumps(given)], capture_output=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def dpop_proof(key, method: str, url: str, **more) -> str:
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec
    import time

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}
    claims = {"jti": secrets.token_urlsafe(8), "htm": method, "htu": url, "iat": int(time.time()), **more}
    return jwt.encode(claims, key, "ES256", headers={"typ": "dpop+jwt", "jwk": jwk})


def hmac_signed(claims: dict, header: dict, key: bytes) -> str:
    """By hand: libraries refuse to sign so."""
    signed = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    return signed + "." + b64(hmac.digest(key, signed.encode(), "sha256"))


def query(**fields: str) -> str:
    return urlencode(fields)
