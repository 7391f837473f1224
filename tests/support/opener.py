"""Opens what a server has sealed, with its keys and without its code: the formats of docs/security.md, written anew."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from support import database
from support.server import Server


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    return HKDF(hashes.SHA256(), length, salt or None, info).derive(secret)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    assert sealed[0] == 1
    return AESGCM(key).decrypt(sealed[1:13], sealed[13:], associated)


def sized(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


class Opener:
    """Everything that a server keeps, in the clear."""

    def __init__(self, server: Server):
        self.server = server
        lines = (line.split("=", 1) for line in (server.data_dir / "keys").read_text().splitlines() if "=" in line and not line.startswith("#"))
        keys = {name.strip(): base64.b64decode(value.strip()) for name, value in lines}
        self.root = keys.pop("root")
        self.masters = {int(name.split(".")[1]): hkdf(key, b"", b"authx.wrap.v1") for name, key in keys.items()}
        self.people = {str(user): self.unwrap(bytes(wrapped), f"person:{user}")
                       for user, wrapped in self.table("person_keys", "user_id", "wrapped_key")}

    def table(self, name: str, *columns: str) -> list[tuple]:
        return database.rows(self.server, f"SELECT {', '.join(columns)} FROM {name}")

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        version = int.from_bytes(wrapped[:4], "big")
        return unseal(self.masters[version], wrapped[4:], b"authx.wrap.v1:" + wrapped[:4] + context.encode())

    def field(self, key: bytes, table: str, column: str, row: str, sealed: bytes) -> bytes:
        return unseal(key, bytes(sealed), b"authx.field.v1" + sized(table) + sized(column) + uuid.UUID(row).bytes)

    def object(self, name: str, key: bytes) -> bytes:
        """A sealed file's content; `InvalidTag` with a wrong key."""
        path = next(p for p in (self.server.data_dir / "objects").rglob(name) if p.is_file())
        data = path.read_bytes()
        header, data = data[:36], data[36:]
        assert header[:4] == b"AXB1"
        derived = hkdf(key, header, f"authx.object.v1:{name}".encode(), 39)
        out, number, size = b"", 0, 64 * 1024 + 16
        while True:
            chunk, data = data[:size], data[size:]
            nonce = derived[32:39] + number.to_bytes(4, "big") + (b"\0" if data else b"\1")
            out += AESGCM(derived[:32]).decrypt(nonce, chunk, b"")
            if not data:
                return out
            number += 1

    def objects(self) -> Iterator[tuple[str, bytes | None]]:
        """Every stored file, opened with whichever key there is opens it; nothing when none does."""
        for path in (self.server.data_dir / "objects").rglob("*"):
            if not path.is_file() or path.parent.name == "pending":
                continue
            found = None
            for key in [*self.people.values(), *self.intake_keys()]:
                try:
                    found = self.object(path.name, key)
                    break
                except InvalidTag:
                    continue
            yield path.name, found

    def intake_keys(self) -> list[bytes]:
        return [self.field(self.people[str(user)], "documents", "intake_key", str(row), sealed)
                for row, user, sealed in self.table("documents", "id", "user_id", "intake_key") if sealed is not None]

    def sealed_fields(self) -> Iterator[tuple[str, bytes]]:
        """Every sealed column of documents and verifications, opened."""
        for table, columns in {"documents": ("document_number", "ocr_data", "reading", "issued_date", "expiry_date"),
                               "verifications": ("verification_data", "face_embeddings")}.items():
            for row in self.table(table, "id", "user_id", *columns):
                for column, sealed in zip(columns, row[2:]):
                    if sealed is not None:
                        yield f"{table}.{column}", self.field(self.people[str(row[1])], table, column, str(row[0]), sealed)
