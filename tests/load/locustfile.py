"""The specification's load: its tasks, weights and pauses.

    AUTHX_LOAD_DOCUMENT=card.jpg AUTHX_LOAD_FACE=face.jpg locust -f tests/load/locustfile.py --host http://localhost:8000/v1

The account (AUTHX_LOAD_EMAIL, default test@example.com; AUTHX_LOAD_PASSWORD, default secure_password) must exist.
"""

from __future__ import annotations

import os
from pathlib import Path

from locust import HttpUser, between, task

DOCUMENT = Path(os.environ.get("AUTHX_LOAD_DOCUMENT", "test_document.jpg"))
FACE = Path(os.environ.get("AUTHX_LOAD_FACE", "test_face.jpg"))


class AuthXUser(HttpUser):
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Log in and keep the token."""
        response = self.client.post("/auth/login", json={
            "email": os.environ.get("AUTHX_LOAD_EMAIL", "test@example.com"),
            "password": os.environ.get("AUTHX_LOAD_PASSWORD", "secure_password"),
        })
        self.token = response.json()["data"]["access_token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    @task(3)
    def upload_document(self) -> None:
        with DOCUMENT.open("rb") as f:
            self.client.post("/documents/upload", files={"front_image": f}, data={"document_type": "aadhar"}, headers=self.headers)

    @task(2)
    def check_verification_status(self) -> None:
        """The specification asks for `test_id`, which is no id: the right answer is a clean 400."""
        with self.client.get("/verification/test_id/status", headers=self.headers, catch_response=True) as response:
            try:
                expected = response.status_code == 400 and response.json()["error"]["code"] == "VALIDATION_ERROR"
            except (ValueError, KeyError):
                expected = False
            if expected:
                response.success()
            else:
                response.failure(f"expected 400 VALIDATION_ERROR, got {response.status_code}")

    @task(1)
    def capture_face(self) -> None:
        with FACE.open("rb") as f:
            self.client.post("/face/capture", files={"face_image": f}, headers=self.headers)
