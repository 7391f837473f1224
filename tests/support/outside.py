"""A stand-in for an outside OpenID provider that answers whatever a test tells it to, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value: dict) -> str:
    return b64(json.dumps(value).encode())


def jwk_of(key: ec.EllipticCurvePrivateKey, kid: str) -> dict:
    n = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64(n.x.to_bytes(32, "big")), "y": b64(n.y.to_bytes(32, "big")), "kid": kid, "use": "sig"}


def es256(key: ec.EllipticCurvePrivateKey, header: dict, claims: dict) -> str:
    message = f"{part(header)}.{part(claims)}"
    r, s = decode_dss_signature(key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{message}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass
class OutsideProvider:
    """`claims` and `header` change what a good ID token would hold (None removes); `token` makes it anew from header and claims."""

    client_id: str = "authx"
    secret: str = "a-secret:with/signs"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    token: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    redirect: str = ""
    asked: list[str] = field(default_factory=list)
    forms: list[dict] = field(default_factory=list)
    challenge: str = ""
    nonce: str = ""

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def reply(self, body: dict, status: int = 200) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                if outer.redirect:
                    self.send_header("Location", outer.redirect)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if self.path == "/.well-known/openid-configuration":
                    self.reply({"issuer": outer.issuer, "authorization_endpoint": outer.issuer + "/authorize", "token_endpoint": outer.issuer + "/token/",
                                "jwks_uri": outer.issuer + "/jwks", **outer.metadata})
                elif self.path == "/jwks":
                    self.reply({"keys": [{"kty": "oct", "k": "AAAA"}, jwk_of(outer.key, "k1")]})
                else:
                    self.reply({}, 404)

            def do_POST(self) -> None:
                outer.asked.append(self.path)
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                basic = base64.b64decode(self.headers.get("Authorization", "Basic Og==").split()[1]).decode().split(":", 1)
                form["client"] = ":".join(urllib.parse.unquote(p) for p in basic)
                outer.forms.append(form)
                if outer.status != 200:
                    return self.reply({"error": "invalid_grant"}, outer.status)
                good = form["client"] == f"{outer.client_id}:{outer.secret}" and b64(hashlib.sha256(form["code_verifier"].encode()).digest()) == outer.challenge
                if not good or self.path != "/token/":
                    return self.reply({"error": "invalid_grant"}, 400)
                self.reply({"access_token": "at", "token_type": "Bearer", "id_token": outer.make()})

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def make(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": self.nonce, "email_verified": True,
                  "at_hash": b64(hashlib.sha256(b"at").digest()[:16]), **self.claims}
        claims = {k: v for k, v in claims.items() if v is not None}
        header = {"alg": "ES256", "typ": "JWT", "kid": "k1", **self.header}
        return self.token(header, claims) if self.token else es256(self.key, header, claims)

    def close(self) -> None:
        self.server.shutdown()
