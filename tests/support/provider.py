"""A stand-in for an issuer's look-up service: HTTPS, and as strict about its scheme as the real ones."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import http.server
import ipaddress
import json
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PEM = serialization.Encoding.PEM


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Authority:
    """Issues certificates for servers and clients."""

    def __init__(self, name: str):
        self.key = new_key()
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._issue(self.name, self.key, ca=True)

    def issue(self, name: str, addresses: tuple[str, ...] = (), days: int = 30) -> tuple[bytes, bytes]:
        key = new_key()
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        return self._issue(subject, key, addresses=addresses, days=days).public_bytes(PEM), private_pem(key)

    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    def _issue(self, subject: x509.Name, key: rsa.RSAPrivateKey, ca: bool = False, addresses: tuple[str, ...] = (), days: int = 30):
        now = datetime.datetime.now(datetime.UTC)
        start = now - datetime.timedelta(days=60) if days < 0 else now - datetime.timedelta(hours=1)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(start)
                   .not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if ca:
            builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        if addresses:
            names = [x509.IPAddress(ipaddress.ip_address(a)) if a[0].isdigit() else x509.DNSName(a) for a in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def detached_jws(key: rsa.RSAPrivateKey, body: bytes) -> str:
    header = b64url(json.dumps({"alg": "RS256", "b64": False, "crit": ["b64"]}).encode())
    return header + ".." + b64url(key.sign(header.encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256()))


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes
    refused: str = ""


@dataclass
class Provider:
    """Checks every request by `scheme` and answers what `answers` says: a list of what to do in turn, the last one for ever.
    An answer is a JSON value, a (status, JSON value, headers) triple, or a function that takes the handler."""

    folder: Path
    scheme: str = "hmac"
    secret: str = "s3cret/of+the=aggregator"
    client_id: str = "client-17"
    mutual: bool = False
    answers: list[Any] = field(default_factory=lambda: [{"status": "valid", "name_match": True, "date_of_birth_match": True}])
    certificate_for: tuple[str, ...] = ("127.0.0.1",)
    certificate_days: int = 30
    sign_answers: bool = False

    def __post_init__(self) -> None:
        self.authority = Authority("Stand-in Authority")
        self.client_key = new_key()
        self.answer_key = new_key()
        self.seen: list[Seen] = []
        self.tokens: set[str] = set()
        self.token_requests = 0
        self.nonces: set[str] = set()
        self.turn = 0
        self.lock = threading.Lock()
        certificate, key = self.authority.issue("stand-in", self.certificate_for, self.certificate_days)
        self.files = {name: self.folder / name for name in ("ca.pem", "server.pem", "client.pem", "client.key", "secret", "answer.pub")}
        self.files["ca.pem"].write_bytes(self.authority.pem())
        self.files["server.pem"].write_bytes(certificate + key)
        client, client_key = self.authority.issue("authx-client")
        self.files["client.pem"].write_bytes(client)
        self.files["client.key"].write_bytes(client_key)
        self.files["secret"].write_bytes(private_pem(self.client_key) if self.scheme == "jws" else self.secret.encode())
        self.files["answer.pub"].write_bytes(public_pem(self.answer_key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.files["server.pem"])
        if self.mutual:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.files["ca.pem"])
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                provider.handle(self)

            do_GET = do_PUT = do_POST

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, kind: str = "PAN", host: str = "127.0.0.1", **more: str) -> dict[str, str]:
        """What AuthX needs to know to ask this server."""
        out = {"URL": f"https://{host}:{self.port}/v2/lookup",
               "SCHEME": self.scheme, "CA_FILE": str(self.files["ca.pem"]), "ALLOW_PRIVATE": "true", "TIMEOUT_MS": "3000"}
        if self.scheme != "none":
            out |= {"KEY_ID": self.client_id, "KEY_FILE": str(self.files["secret"])}
        if self.scheme == "oauth2":
            out["TOKEN_URL"] = f"https://{host}:{self.port}/token"
        if self.mutual:
            out |= {"CLIENT_CERT_FILE": str(self.files["client.pem"]), "CLIENT_KEY_FILE": str(self.files["client.key"])}
        if self.sign_answers:
            out["ANSWER_KEY_FILE"] = str(self.files["answer.pub"])
        return {f"AUTHX_PROVIDER_{kind}_{name}": text for name, text in (out | more).items()}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # One request

    def handle(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        headers = {k.lower(): v for k, v in handler.headers.items()}
        if handler.path == "/token":
            return self.token(handler, headers, body)
        refused = self.refuse(handler, headers, body)
        with self.lock:
            self.seen.append(Seen(handler.path, headers, body, refused))
            if refused:
                return self.send(handler, 401, {"error": refused})
            what = self.answers[min(self.turn, len(self.answers) - 1)]
            self.turn += 1
        if callable(what):
            return what(handler)
        status, value, more = what if isinstance(what, tuple) else (200, what, {})
        self.send(handler, status, value, more)

    def send(self, handler, status: int, value: Any, more: dict[str, str] | None = None) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        handler.send_response(status)
        for name, text in (more or {}).items():
            handler.send_header(name, text)
        if self.sign_answers and "x-jws-signature" not in (more or {}):
            handler.send_header("x-jws-signature", detached_jws(self.answer_key, body))
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def token(self, handler, headers: dict[str, str], body: bytes) -> None:
        self.token_requests += 1
        wanted = "Basic " + base64.b64encode(f"{self.client_id}:{urllib.parse.quote(self.secret, safe='')}".encode()).decode()
        if headers.get("authorization") != wanted or body != b"grant_type=client_credentials":
            return self.send(handler, 401, {"error": "invalid_client"})
        token = f"token-{self.token_requests}"
        self.tokens.add(token)
        self.send(handler, 200, {"access_token": token, "token_type": "Bearer", "expires_in": 300})

    def refuse(self, handler, headers: dict[str, str], body: bytes) -> str:
        """Why the request is not taken, or nothing."""
        if handler.command != "POST":
            return "method"
        if headers.get("content-type") != "application/json":
            return "content type"
        if not headers.get("idempotency-key"):
            return "no idempotency key"
        try:
            said = json.loads(body)
        except ValueError:
            return "no JSON"
        if said.get("consent") != "Y" or not said.get("reason"):
            return "no consent"
        if self.scheme == "bearer":
            return "" if hmac.compare_digest(headers.get("authorization", ""), "Bearer " + self.secret) else "bearer"
        if self.scheme == "oauth2":
            return "" if headers.get("authorization", "").removeprefix("Bearer ") in self.tokens else "token"
        if self.scheme == "jws":
            return self.refuse_jws(headers.get("x-jws-signature", ""), body)
        if self.scheme == "none":
            return "" if self.mutual else "nobody"
        return self.refuse_hmac(handler.path, headers, body)

    def refuse_hmac(self, path: str, headers: dict[str, str], body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        stamp, nonce = headers.get("x-timestamp", ""), headers.get("x-nonce", "")
        if headers.get("x-client-id") != self.client_id:
            return "client"
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > 60:
            return "timestamp"
        with self.lock:
            if len(nonce) < 16 or nonce in self.nonces:
                return "nonce"
            self.nonces.add(nonce)
        if headers.get("x-content-sha256") != digest:
            return "digest"
        text = "\n".join(["POST", path, stamp, nonce, digest])
        wanted = base64.b64encode(hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
        return "" if hmac.compare_digest(wanted, headers.get("x-signature", "")) else "signature"

    def refuse_jws(self, jws: str, body: bytes) -> str:
        parts = jws.split(".")
        if len(parts) != 3 or parts[1]:
            return "jws form"
        header = json.loads(from_b64url(parts[0]))
        if header != {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.client_id}:
            return "jws header"
        try:
            self.client_key.public_key().verify(from_b64url(parts[2]), parts[0].encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return "jws signature"
        return ""
