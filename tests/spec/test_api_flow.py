"""The specification's integration test, call by call and assertion by assertion, over the network."""

from __future__ import annotations

import time

import pytest
import requests

from support import pictures


class Client:
    """As the specification's test client: paths are relative to the base URL."""

    def __init__(self, base: str):
        self.base = base

    def post(self, path: str, **more) -> requests.Response:
        return requests.post(self.base + path, timeout=60, **more)

    def get(self, path: str, **more) -> requests.Response:
        return requests.get(self.base + path, timeout=60, **more)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def client(request, servers) -> Client:
    """A new server, since the specification's test registers a fixed address."""
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if request.param == "postgres" else {}
    return Client(servers(**settings).start(models=True).base)


class TestDocumentVerification:
    def test_document_upload_flow(self, client: Client, tmp_path):
        register_response = client.post("/auth/register", json={
            "name": "Test User",
            "email": "test@example.com",
            "password": "secure_password",
        })
        assert register_response.status_code == 201

        login_response = client.post("/auth/login", json={
            "email": "test@example.com",
            "password": "secure_password",
        })
        token = login_response.json()["data"]["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        (tmp_path / "aadhar.jpg").write_bytes(pictures.card("aadhaar"))
        with (tmp_path / "aadhar.jpg").open("rb") as f:
            upload_response = client.post(
                "/documents/upload",
                files={"front_image": f},
                data={"document_type": "aadhar"},
                headers=headers,
            )
        assert upload_response.status_code == 200

        document_id = upload_response.json()["data"]["document_id"]

        status_response = client.get(f"/documents/{document_id}", headers=headers)
        assert status_response.status_code == 200
        assert status_response.json()["data"]["verification_status"] in ["processing", "approved", "rejected"]

        # Beyond the specification's assertions: the processing ends, and ends well.
        deadline = time.monotonic() + 60
        while (data := client.get(f"/documents/{document_id}", headers=headers).json()["data"])["verification_status"] == "processing":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert data["verification_status"] == "approved"


def test_the_users_listed_calls_without_a_token_are_401(client: Client):
    for method, path in (("get", "/documents/x"), ("post", "/documents/upload"), ("post", "/face/capture"), ("post", "/face/verify"),
                         ("post", "/biometrics/capture"), ("post", "/verification/start"), ("get", "/verification/x/status")):
        assert getattr(client, method)(path).status_code == 401, path


def test_the_error_format_is_the_specifications(client: Client):
    answer = client.post("/auth/login", json={"email": "test@example.com"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["success"] is False
    assert body["error"]["code"] == "VALIDATION_ERROR"
    assert isinstance(body["error"]["message"], str) and body["error"]["message"]
    assert body["error"]["details"]["field"] == "password"
    assert isinstance(body["error"]["details"]["reason"], str)
    assert body["error"]["timestamp"].endswith("Z")
    assert body["error"]["request_id"].startswith("req_")
