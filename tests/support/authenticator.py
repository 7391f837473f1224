"""An authenticator in software: what a security key does, and what a hostile one could send."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import struct
import uuid
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value) -> bytes:
    """The few kinds that attestations have; maps in the canonical order of CTAP2."""

    def head(major: int, n: int) -> bytes:
        if n < 24:
            return bytes([major << 5 | n])
        for size, info, form in ((8, 24, ">B"), (16, 25, ">H"), (32, 26, ">I")):
            if n < 1 << size:
                return bytes([major << 5 | info]) + struct.pack(form, n)
        raise ValueError(n)

    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(cbor(v) for v in value)
    pairs = sorted(((cbor(k), cbor(v)) for k, v in value.items()), key=lambda p: (p[0][0] >> 5, len(p[0]), p[0]))
    return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)


class Maker:
    """A maker of authenticators: its root, and the certificates with which its models vouch for their keys (Web Authentication, 8.2.1)."""

    def __init__(self, name: str = "Stand-in Maker Root") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.root = self._issue(self.name, self.key.public_key(), x509.BasicConstraints(True, None))

    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def model(self, aaguid: uuid.UUID, unit: str = "Authenticator Attestation") -> tuple[bytes, ec.EllipticCurvePrivateKey]:
        """A certificate in DER, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = ((x509.NameOID.COUNTRY_NAME, "IN"), (x509.NameOID.ORGANIZATION_NAME, "Stand-in Maker"),
                 (x509.NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (x509.NameOID.COMMON_NAME, "Model"))
        subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in names])
        model = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4"), b"\x04\x10" + aaguid.bytes)
        return self._issue(subject, key.public_key(), x509.BasicConstraints(False, None), model).public_bytes(serialization.Encoding.DER), key

    def _issue(self, subject: x509.Name, key, constraints: x509.BasicConstraints, *more) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=365)).add_extension(constraints, critical=True))
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


@dataclass
class Authenticator:
    origin: str
    rp: str = "localhost"
    kind: str = "es256"
    flags: int = UP | UV
    count: int = 1
    id: bytes = field(default_factory=lambda: os.urandom(32))
    handle: bytes = b""
    aaguid: uuid.UUID = uuid.UUID(int=0)
    attestation: tuple[bytes, ec.EllipticCurvePrivateKey] | None = None  # a certificate of its maker's, and the key

    def __post_init__(self) -> None:
        self.key = {"es256": lambda: ec.generate_private_key(ec.SECP256R1()), "eddsa": ed25519.Ed25519PrivateKey.generate,
                    "rs256": lambda: rsa.generate_private_key(65537, 2048)}[self.kind]()

    def cose(self) -> bytes:
        public = self.key.public_key()
        if self.kind == "es256":
            n = public.public_numbers()
            return cbor({1: 2, 3: -7, -1: 1, -2: n.x.to_bytes(32, "big"), -3: n.y.to_bytes(32, "big")})
        if self.kind == "eddsa":
            return cbor({1: 1, 3: -8, -1: 6, -2: public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)})
        n = public.public_numbers()
        return cbor({1: 3, 3: -257, -1: n.n.to_bytes(256, "big"), -2: n.e.to_bytes(3, "big")})

    def sign(self, message: bytes) -> bytes:
        if self.kind == "es256":
            return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        if self.kind == "eddsa":
            return self.key.sign(message)
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def client(self, kind: str, challenge: str, **more) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **more}).encode()

    def data(self, flags: int | None = None, rp: str | None = None) -> bytes:
        flags = self.flags if flags is None else flags
        out = hashlib.sha256((rp or self.rp).encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)
        if flags & AT:
            out += self.aaguid.bytes + struct.pack(">H", len(self.id)) + self.id + self.cose()
        return out

    def create(self, options: dict, **more) -> dict:
        """An answer to creation options."""
        self.handle = unb64(options["user"]["id"])
        client = self.client("webauthn.create", options["challenge"], **more)
        data = self.data(self.flags | AT)
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        if self.attestation:
            certificate, key = self.attestation
            signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
            attestation = cbor({"fmt": "packed", "attStmt": {"alg": -7, "sig": signature, "x5c": [certificate]}, "authData": data})
        return {"client_data": b64(client), "attestation_object": b64(attestation), "transports": ["internal"], "label": "Software"}

    def get(self, options: dict, flags: int | None = None, rp: str | None = None, **more) -> dict:
        """An answer to request options; the counter grows."""
        self.count += 1
        client = self.client("webauthn.get", options["challenge"], **more)
        data = self.data(flags, rp)
        return {"credential_id": b64(self.id), "client_data": b64(client), "authenticator_data": b64(data),
                "signature": b64(self.sign(data + hashlib.sha256(client).digest())), "user_handle": b64(self.handle)}
