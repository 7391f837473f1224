"""Accounts and the calls that most tests make."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

import requests

from support.server import ADMIN_EMAIL, Server

PASSWORD = "correct horse battery"
FINAL_DOCUMENT = {"approved", "rejected"}
FINAL_VERIFICATION = {"approved", "rejected", "needs_review"}


@dataclass
class Person:
    """A caller with a session of their own."""

    server: Server
    id: str
    email: str
    password: str
    role: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers["Authorization"] = "Bearer " + self.token

    def request(self, method: str, path: str, **more) -> requests.Response:
        more.setdefault("timeout", 90)
        more.setdefault("verify", False)
        return self.session.request(method, self.server.base + path, **more)

    def get(self, path: str, **more) -> requests.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more) -> requests.Response:
        return self.request("POST", path, **more)

    def upload(self, picture: bytes, kind: str = "aadhar", wait: int = 30, name: str = "card.jpg", **files) -> requests.Response:
        return self.post("/documents/upload", data={"document_type": kind, "wait_seconds": str(wait)},
                         files={"front_image": (name, picture), **files})

    def read_document(self, picture: bytes, kind: str = "aadhar") -> dict:
        """Uploads, waits for the reading, returns the document."""
        answer = self.upload(picture, kind)
        assert answer.status_code == 200, answer.text
        return self.wait_document(answer.json()["data"]["document_id"])

    def wait_document(self, document: str, seconds: float = 120) -> dict:
        deadline = time.monotonic() + seconds
        while True:
            answer = self.get(f"/documents/{document}")
            assert answer.status_code == 200, answer.text
            data = answer.json()["data"]
            if data["verification_status"] in FINAL_DOCUMENT:
                return data
            assert time.monotonic() < deadline, f"document {document} never became final: {data}"
            time.sleep(0.1)

    def capture(self, picture: bytes, wait: int = 30, **files) -> requests.Response:
        return self.post("/face/capture", data={"wait_seconds": str(wait)}, files={"face_image": ("face.jpg", picture), **files})

    def start(self, *documents: str, **more) -> requests.Response:
        return self.post("/verification/start", json={"verification_type": "comprehensive", "document_ids": list(documents), **more})

    def wait_verification(self, verification: str, seconds: float = 60) -> dict:
        deadline = time.monotonic() + seconds
        while True:
            answer = self.get(f"/verification/{verification}/status")
            assert answer.status_code == 200, answer.text
            data = answer.json()["data"]
            if data["status"] in FINAL_VERIFICATION:
                return data
            assert time.monotonic() < deadline, f"verification {verification} never ended: {data}"
            time.sleep(0.1)


def new_email() -> str:
    return f"person.{uuid.uuid4().hex}@example.org"


def login(server: Server, email: str, password: str) -> requests.Response:
    return requests.post(server.base + "/auth/login", json={"email": email, "password": password}, timeout=60, verify=False)


def register(server: Server, **fields) -> requests.Response:
    body = {"name": "Test User", "email": new_email(), "password": PASSWORD, **fields}
    return requests.post(server.base + "/auth/register", json={k: v for k, v in body.items() if v is not None}, timeout=60, verify=False)


def enter(server: Server, email: str, password: str, role: str = "user") -> Person:
    answer = login(server, email, password)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    return Person(server, data["user"]["id"], email, password, role, data["access_token"])


def new_person(server: Server, **fields) -> Person:
    """Registers through the API and logs in."""
    email = fields.pop("email", None) or new_email()
    answer = register(server, email=email, **fields)
    assert answer.status_code == 201, answer.text
    return enter(server, email, fields.get("password", PASSWORD))


def new_worker(server: Server, role: str) -> Person:
    """An account of any role, made by the operator on the command line."""
    email = new_email()
    made = server.cli("user", "create", "--email", email, "--name", f"Test {role.title()}", "--role", role)
    person = enter(server, email, made["password"], role)
    assert person.id == made["id"]
    return person


def administrator(server: Server) -> Person:
    return enter(server, ADMIN_EMAIL, server.admin_password, "admin")


def outbox(server: Server, to: str) -> list[dict]:
    """The messages to an address that no provider has taken, newest first."""
    return [m for m in server.cli("outbox", "--limit", "100") if m["recipient"] == to]


def error_of(answer: requests.Response, status: int, code: str) -> dict:
    """Checks the whole error envelope and returns the error."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"success", "error"}, body
    assert body["success"] is False
    error = body["error"]
    assert set(error) == {"code", "message", "details", "timestamp", "request_id"}, error
    assert error["code"] == code, error
    assert error["message"]
    assert error["request_id"].startswith("req_")
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert isinstance(error["details"], dict)
    return error


def faults_of(answer: requests.Response) -> dict[str, str]:
    """The faults of a VALIDATION_ERROR: JSON path to reason."""
    error = error_of(answer, 400, "VALIDATION_ERROR")
    errors = error["details"]["errors"]
    assert error["details"]["field"] == errors[0]["field"]
    assert error["details"]["reason"] == errors[0]["reason"]
    for fault in errors:
        assert set(fault) == {"path", "field", "reason"} and fault["path"].startswith("$") and fault["reason"], fault
    return {fault["path"]: fault["reason"] for fault in errors}


def data_of(answer: requests.Response, status: int = 200) -> dict:
    """Checks the success envelope and returns the data."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"success", "data"} and body["success"] is True, body
    return body["data"]
