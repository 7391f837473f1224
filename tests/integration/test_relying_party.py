"""Apache's mod_auth_openidc as a relying party that knows nothing of AuthX but its discovery document."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

from support.people import administrator, new_person
from support.relying import answer_of, approve, free_port, issuing_server, new_app

MODULES = Path("/usr/lib/apache2/modules")

CONFIGURATION = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
{modules}
User www-data
Group www-data
DocumentRoot {folder}/www
<Directory {folder}/www>
  Require all granted
</Directory>
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client}
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/secure/back
OIDCCryptoPassphrase a-passphrase-of-this-test
OIDCPKCEMethod S256
OIDCScope "openid email profile"
OIDCCacheType shm
<Location /secure>
  AuthType openid-connect
  Require valid-user
  Header set X-User "expr=%{{REMOTE_USER}}"
  Header set X-Email "expr=%{{reqenv:OIDC_CLAIM_email}}"
</Location>
"""


@pytest.fixture
def apache(tmp_path_factory):
    program = shutil.which("apache2") or "/usr/sbin/apache2"
    if not Path(program).exists() or not (MODULES / "mod_auth_openidc.so").exists():
        pytest.skip("needs Debian's packages apache2 and libapache2-mod-auth-openidc")
    running = []

    def start(**values: str) -> int:
        folder = Path(f"/tmp/authx-apache-{time.monotonic_ns()}")
        (folder / "www" / "secure").mkdir(parents=True)
        (folder / "www" / "secure" / "index.html").write_text("inside")
        folder.chmod(0o755)
        wanted = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "headers", "dir", "unixd"]
        modules = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in wanted if (MODULES / f"mod_{m}.so").exists())
        configuration = folder / "httpd.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, modules=modules, **values) + "DirectoryIndex index.html\n")
        process = subprocess.Popen([program, "-D", "FOREGROUND", "-f", str(configuration)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=(folder / "stderr").open("wb"))
        running.append((process, folder))
        deadline = time.monotonic() + 30
        while True:
            try:
                requests.get(f"http://127.0.0.1:{values['port']}/", timeout=5)
                return folder
            except requests.ConnectionError:
                logs = (folder / "stderr").read_text() + ((folder / "error.log").read_text() if (folder / "error.log").exists() else "")
                assert process.poll() is None and time.monotonic() < deadline, logs
                time.sleep(0.1)

    yield start
    for process, folder in running:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_real_web_server_signs_people_in(servers, apache):
    server = issuing_server(servers)
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    app = new_app(administrator(server), redirect_uris=[at + "/secure/back"])
    folder = apache(port=str(port), issuer=server.root, client=app.id, secret=app.secret)
    person = new_person(server)
    browser = requests.Session()
    away = browser.get(at + "/secure/", allow_redirects=False, timeout=30)
    assert away.status_code == 302 and away.headers["Location"].startswith(server.root + "/oauth/authorize?"), (folder / "error.log").read_text()
    asked = requests.get(away.headers["Location"], allow_redirects=False, timeout=30)
    handle = answer_of(asked.headers["Location"])["request"]
    answer = approve(person, handle)
    back = browser.get(at + "/secure/back", params=answer, timeout=30)
    assert back.status_code == 200 and back.text == "inside", back.text + (folder / "error.log").read_text()
    assert back.headers["X-User"].startswith(person.id) and back.headers["X-Email"] == person.email
    again = browser.get(at + "/secure/back", params=answer, allow_redirects=False, timeout=30)
    assert again.status_code >= 400 or "inside" not in again.text  # neither state nor code works twice
    server.close()
