"""schemathesis: requests made from the API's own description, right and wrong; every answer as described, none a server error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from support.people import administrator, new_worker

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
          "negative_data_rejection,ignored_auth,unsupported_method,allow_header_conformance")
# Their own tests call them; here they would leave the rest without a caller.
ENDS_SESSIONS = r"^/v1/(auth/(logout|sessions|password/change|recovery)|admin/users/[^/]+/sessions)"


@pytest.mark.parametrize("role", ["admin", "user"])
def test_generated_requests_are_answered_as_described(servers, tmp_path, role):
    server = servers().start(models=True)
    caller = administrator(server) if role == "admin" else new_worker(server, role)
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", str(Path(__file__).with_name("schemathesis.toml")), "run",
         server.root + "/openapi.json", "--checks", CHECKS, "--header",
         f"Authorization: Bearer {caller.token}", "--max-examples", "12", "--seed", "1", "--workers", "1", "--request-timeout", "60",
         "--generation-database", "none", "--exclude-path-regex", ENDS_SESSIONS, "--exclude-operation-id", "eraseAccount", "--no-color"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300)
    report = done.stdout + done.stderr
    # Nothing that was sent ended the caller's own session: the rest was answered for who called.
    assert requests.get(server.root + "/v1/users/me", headers={"Authorization": f"Bearer {caller.token}"}, timeout=30).status_code == 200
    assert done.returncode == 0, report[-12000:]
    tested = re.search(r"(\d+) generated", report)
    assert tested and int(tested.group(1)) > 200, report[-2000:]
    server.close()
