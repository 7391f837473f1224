"""Nothing personal where it does not belong: logs, the database's bytes, stored objects, error texts, other people."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support import pictures, postgres
from support.people import PASSWORD, data_of, login, new_person
from support.server import Server, binary

NAME, ADDRESS, PHONE = "Zephyrine Quillfeather", "17 Quibble Lane, Zanzibar", "+919812399887"
EMAIL = "zephyrine.quillfeather@quibble.example.org"
NUMBER = "ZQXPF7731K"  # a PAN; its fourth letter says: a person


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def lived(request, servers, tmp_path_factory):
    """A server through which one person went from registration to a decision, then stopped."""
    settings = {"LOG_LEVEL": "DEBUG"}
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    server = servers(**settings).start(models=True)
    person = new_person(server, name=NAME, email=EMAIL, phone=PHONE, dob="1961-07-23", address=ADDRESS)
    card = tmp_path_factory.mktemp("card") / "pan.jpg"
    pictures.tool("specimen", "generate", "--type", "pan", "--number", NUMBER, "--name", NAME, "--dob", "1961-07-23", "--out", str(card))
    picture = card.read_bytes()
    document = person.read_document(picture, "pan")
    assert document["verification_status"] == "approved" and document["document_number"] == NUMBER, document
    aadhaar = person.read_document(pictures.specimen("aadhaar", 41, "", NAME, "1961-07-23"))
    face = pictures.stripes()
    data_of(person.capture(face))
    data_of(person.start(document["id"]))
    person.get("/users/me")
    login(server, EMAIL, "a wrong password of theirs")
    token = person.token
    assert server.stop() == 0
    return server, picture, face, token, document, aadhaar


def secrets(lived) -> dict[str, bytes]:
    server, picture, face, token, _, _ = lived
    return {"name": NAME.encode(), "family name": b"Quillfeather", "upper case name": NAME.upper().encode(), "address": ADDRESS.encode(),
            "e-mail": EMAIL.encode(), "mail domain": b"quibble.example.org", "phone": PHONE.encode(), "document number": NUMBER.encode(),
            "birth date": b"1961-07-23", "birth date as printed": b"23/07/1961", "password": PASSWORD.encode(), "wrong password":
            b"a wrong password of theirs", "token": token.encode(), "token's claims": token.split(".")[1].encode(),
            "name as base64": base64.b64encode(NAME.encode())[:20], "picture": picture[200:232], "picture's end": picture[-34:-2],
            "face": face[200:232]}


def assert_absent(lived, where: str, data: bytes, allowed: tuple[str, ...] = ()) -> None:
    for what, secret in secrets(lived).items():
        if what not in allowed:
            assert secret not in data, f"{what} in {where}"


def test_the_log_holds_nothing_personal(lived):
    log = lived[0].log()
    assert '"request"' in log, "the log says nothing at all"
    text = log.replace(lived[0].admin_password, "")
    assert_absent(lived, "the log", text.encode())


def test_the_database_holds_nothing_personal_in_the_clear(lived):
    server = lived[0]
    url = server.environment.get("DATABASE_URL")
    if url:
        data = subprocess.run([str(postgres.programs() / "pg_dump"), "--inserts", postgres.superuser(url)], capture_output=True, check=True, timeout=60).stdout
        assert b"document.uploaded" in data
        data += b"".join(bytes.fromhex(h.decode()) for h in re.findall(rb"\\x((?:[0-9a-f]{2})+)", data))
    else:
        data = b"".join(p.read_bytes() for p in server.data_dir.glob("authx.db*"))
        assert b"document.uploaded" in data, "this is not the database"
    assert_absent(lived, "the database", data)


def test_stored_objects_are_sealed(lived):
    files = [p for p in (lived[0].data_dir / "objects").rglob("*") if p.is_file()]
    assert len(files) >= 3
    for path in files:
        data = path.read_bytes()
        assert not data.startswith((b"\xff\xd8\xff", b"\x89PNG"))
        assert_absent(lived, path.name, data)


def test_no_other_file_holds_anything_personal(lived):
    server = lived[0]
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            assert_absent(lived, str(path.relative_to(server.data_dir)), path.read_bytes())


def test_the_data_folder_is_the_owners_alone(lived):
    server = lived[0]
    assert server.data_dir.stat().st_mode & 0o077 == 0
    assert (server.data_dir / "keys").stat().st_mode & 0o077 == 0


def test_an_aadhaar_number_is_kept_nowhere(lived):
    """Only the last four digits may be shown or kept."""
    server, *_, aadhaar = lived
    with tempfile.TemporaryDirectory() as folder:
        truth = Path(folder) / "truth.json"
        pictures.tool("specimen", "generate", "--type", "aadhaar", "--seed", "41", "--name", NAME, "--dob", "1961-07-23", "--out",
                      str(Path(folder) / "a.jpg"), "--truth", str(truth))
        found = json.loads(truth.read_text())
        number = "".join(c for c in (found[0] if isinstance(found, list) else found)["number"] if c.isdigit())
    assert len(number) == 12
    shown = json.dumps(aadhaar)
    assert number[-4:] in shown, "the reading has not found the number"
    for form in (number, f"{number[:4]} {number[4:8]} {number[8:]}"):
        assert form not in shown
        assert form not in server.log()
    assert number[:8] not in shown


def test_the_keys_are_needed_to_read_anything(servers, tmp_path):
    """Without its key file the data stays closed: what the service cannot open it does not show."""
    server = servers().start()
    new_person(server, name=NAME)
    assert server.stop() == 0
    shutil.copytree(server.data_dir, tmp_path / "data")
    (tmp_path / "data" / "keys").unlink()
    thief = Server(tmp_path)
    done = subprocess.run([str(binary()), "--json", "user", "list"], capture_output=True, env=thief.environment, cwd=tmp_path, timeout=60)
    assert done.returncode != 0
    assert NAME.encode() not in done.stdout + done.stderr
