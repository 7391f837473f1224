"""What is kept of a document and for how long: redacted pictures, numbers, re-reading, expiry, reuse, deletion with proof."""

from __future__ import annotations

import io
import json
import re
import tempfile
import time
import uuid
from pathlib import Path

import pytest
import websocket
from PIL import Image

from support import pictures
from support.database import rows, value
from support.opener import Opener
from support.people import Person, administrator, data_of, error_of, faults_of, new_person, new_worker

seeds = iter(range(10_000, 20_000))


def truth_of(kind: str, seed: int, **more: str) -> tuple[bytes, dict]:
    """A specimen and what is written on it."""
    with tempfile.TemporaryDirectory(prefix="authx-card-") as folder:
        out, truth = Path(folder) / "card.jpg", Path(folder) / "truth.json"
        options = [part for name, text in more.items() for part in (f"--{name}", text)]
        pictures.tool("specimen", "generate", "--type", kind, "--out", str(out), "--seed", str(seed), "--name", "Test User", "--dob",
                      "1990-01-01", "--truth", str(truth), *options)
        found = json.loads(truth.read_text())
        return out.read_bytes(), found[0] if isinstance(found, list) else found


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def forms(number: str) -> list[bytes]:
    """How a number might be written."""
    number = digits(number)
    groups = [number[i:i + 4] for i in range(0, len(number), 4)]
    return [number.encode(), " ".join(groups).encode(), "-".join(groups).encode(), number[:8].encode(), " ".join(groups[:2]).encode()]


# Pictures


def test_the_picture_is_shown_redacted_as_thumbnail_and_in_full(person: Person):
    card, truth = truth_of("aadhaar", next(seeds))
    document = person.read_document(card)
    assert document["verification_status"] == "approved", document
    assert document["images"] == [{"side": "front", "page": 1}]
    full = person.get(f"/documents/{document['id']}/image?side=front&size=full")
    assert full.status_code == 200 and full.headers["Content-Type"] == "image/jpeg"
    assert full.headers["Cache-Control"] == "no-store"
    small = person.get(f"/documents/{document['id']}/image")
    sizes = [Image.open(io.BytesIO(a.content)).size for a in (full, small)]
    assert sizes[0] == Image.open(io.BytesIO(card)).size
    assert max(sizes[1]) == 320
    # Reading what is shown again finds no number.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shown.jpg"
        path.write_bytes(full.content)
        read = pictures.tool("--json", "document", "read", str(path))
    for form in forms(truth["number"]):
        assert form not in read
    actions = [e["action"] for e in json_entries(person)]
    assert actions.count("document.image_viewed") == 2


def json_entries(person: Person) -> list[dict]:
    return [{"action": a, "details": json.loads(d) if isinstance(d, str) else d}
            for a, d in rows(person.server, f"SELECT action, details FROM audit_logs WHERE user_id = '{person.id}' ORDER BY seq")]


def test_pictures_of_others_and_absent_ones_are_not_found(server, person: Person):
    document = person.read_document(pictures.card("pan", next(seeds)), "pan")["id"]
    other = new_person(server)
    for path in (f"/documents/{document}/image", f"/documents/{uuid.uuid4()}/image"):
        error_of(other.get(path), 404, "NOT_FOUND")
    error_of(person.get(f"/documents/{document}/image?side=back"), 404, "NOT_FOUND")
    error_of(person.get(f"/documents/{document}/image?page=2"), 404, "NOT_FOUND")
    assert set(faults_of(person.get(f"/documents/{document}/image?size=huge"))) == {"$.size"}
    assert new_worker(server, "verifier").get(f"/documents/{document}/image").status_code == 200


def test_metadata_and_an_embedded_thumbnail_do_not_outlive_the_reading(server, person: Person):
    card, _ = truth_of("pan", next(seeds))
    exif = Image.Exif()
    exif[0x010E] = "Quibblemarker in the description"
    exif[0x9286] = "Quibblemarker in a comment"
    out = io.BytesIO()
    Image.open(io.BytesIO(card)).save(out, "JPEG", quality=95, exif=exif, comment=b"Quibblemarker in JPEG")
    assert b"Quibblemarker" in out.getvalue()
    document = person.read_document(out.getvalue(), "pan")
    assert document["verification_status"] == "approved", document["reasons"]
    kept = {name: data for name, data in Opener(server).objects() if name.startswith(document["id"])}
    assert len(kept) == 1
    for name, data in kept.items():
        assert data is not None and data[:3] == b"\xff\xd8\xff", name
        assert b"Quibblemarker" not in data
        assert not Image.open(io.BytesIO(data)).getexif()


def test_a_pdf_is_kept_as_pictures_of_all_its_pages_without_its_text(server, person: Person):
    card, _ = truth_of("pan", next(seeds))
    first = Image.open(io.BytesIO(card)).convert("RGB")
    others = [Image.open(io.BytesIO(pictures.scene(i, 600, 400))).convert("RGB") for i in (70, 71)]
    out = io.BytesIO()
    first.save(out, "PDF", resolution=200.0, save_all=True, append_images=others, title="Quibblemarker in the title")
    document = person.read_document(out.getvalue(), "pan")
    assert document["verification_status"] == "approved", document["reasons"]
    assert document["images"] == [{"side": "front", "page": p} for p in (1, 2, 3)]
    kept = {name: data for name, data in Opener(server).objects() if name.startswith(document["id"])}
    assert len(kept) == 3
    assert all(data is not None and data[:3] == b"\xff\xd8\xff" and b"PDF" not in data[:1024] for data in kept.values())
    assert person.get(f"/documents/{document['id']}/image?page=3&size=full").status_code == 200


def test_a_refused_picture_is_not_kept(server, person: Person):
    """Nobody has looked for numbers on it."""
    data = bytearray(pictures.encoded(Image.open(io.BytesIO(pictures.card("pan"))).convert("RGB"), "PNG"))
    at = data.index(b"IDAT") + 2000
    data[at:at + 4] = bytes(4)  # breaks the compressed data; the headers stay right
    answer = person.upload(bytes(data), "pan")
    if answer.status_code == 200:
        document = person.wait_document(data_of(answer)["document_id"])
        assert document["verification_status"] == "rejected"
        assert document["images"] == []
        assert [n for n, _ in Opener(server).objects() if n.startswith(document["id"])] == []
        assert value(server, f"SELECT COUNT(*) FROM documents WHERE id = '{document['id']}' AND intake_key IS NOT NULL") == 0


# Numbers


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("policy", ["discard", "sealed", "vault"])
def test_an_aadhaar_number_is_where_the_policy_puts_it_and_nowhere_else(request, servers, policy, database):
    if database == "postgres" and policy == "sealed":
        pytest.skip("the database makes no difference to this policy")
    settings = {"LOG_LEVEL": "DEBUG", "AUTHX_AADHAAR_NUMBER": policy}
    if database == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    server = servers(**settings).start(models=True)
    person = new_person(server)
    card, truth = truth_of("aadhaar", next(seeds))
    number = digits(truth["number"])
    answers = [person.upload(card)]
    document = person.wait_document(data_of(answers[0])["document_id"])
    assert document["document_number"] == "XXXXXXXX" + number[-4:], document
    answers += [person.get("/documents"), person.get(f"/documents/{document['id']}"), person.start(document["id"], consent=True)]
    person.capture(pictures.photo(pictures.SELFIE).read_bytes())
    person.wait_verification(data_of(answers[-1])["verification_id"])
    answers.append(person.get(f"/verification/{answers[3].json()['data']['verification_id']}/status"))
    answers.append(administrator(server).get("/admin/audit?limit=100"))
    reveal = server.cli("documents", "number", document["id"], "--reason", "a test", code=1 if policy == "discard" else 0)
    assert reveal == {"kept": False} if policy == "discard" else reveal == {"kept": True, "number": number}
    assert server.stop() == 0

    for form in forms(number):
        for answer in answers:
            assert form not in answer.content
        assert form not in server.log().encode()
        for path in server.data_dir.rglob("*"):  # as it lies there
            if path.is_file():
                assert form not in path.read_bytes(), path
    opener = Opener(server)
    holders = set()
    for where, plain in opener.sealed_fields():
        if any(form in plain for form in forms(number)):
            holders.add(where)
    assert holders == ({"documents.document_number"} if policy == "sealed" else set())
    assert opener.intake_keys() == []
    vault = opener.table("aadhaar_vault", "reference", "wrapped_key", "number")
    assert len(vault) == (1 if policy == "vault" else 0)
    for reference, wrapped, sealed in vault:
        key = opener.unwrap(bytes(wrapped), f"aadhaar_vault:{reference}")
        assert opener.field(key, "aadhaar_vault", "number", str(reference), sealed) == number.encode()
        assert [str(r[0]) for r in opener.table("documents", "number_reference")] == [str(reference)]
    pictures_kept = [(n, d) for n, d in opener.objects() if n.startswith(document["id"])]
    assert len(pictures_kept) == 1
    for name, data in pictures_kept:
        assert data is not None, f"{name} opens with no key: an upload that outlived its reading"
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "kept.jpg").write_bytes(data)
            read = pictures.tool("--json", "document", "read", str(Path(folder) / "kept.jpg"))
        for form in forms(number):
            assert form not in read, name
    if policy != "discard":
        assert value(server, "SELECT COUNT(*) FROM audit_logs WHERE action = 'document.number_opened'") >= 1


def test_the_files_as_sent_open_for_nobody_once_they_were_read(servers):
    """The key of the upload dies in the transaction that stores the reading: a copy of the file made before is closed for good."""
    server = servers().start()
    person = new_person(server)
    card, _ = truth_of("aadhaar", next(seeds))
    document = data_of(person.upload(card, wait=0))["document_id"]
    copies = {}
    deadline = time.monotonic() + 60
    while not copies and time.monotonic() < deadline:
        for path in (server.data_dir / "objects").rglob(f"{document}-front"):
            try:
                copies[path] = path.read_bytes()
            except FileNotFoundError:
                pass
    person.wait_document(document)
    time.sleep(0.2)
    assert server.stop() == 0
    if not copies:
        pytest.skip("the reading was faster than the eye")
    opener = Opener(server)
    for path, data in copies.items():
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    assert dict(opener.objects())[f"{document}-front"] is None


# Progress


def test_the_socket_follows_a_document_from_received_to_final(server, person: Person):
    socket = websocket.create_connection(server.root.replace("http", "ws", 1) + "/ws", timeout=60)
    socket.send(json.dumps({"type": "authenticate", "token": person.token}))
    assert json.loads(socket.recv()) == {"type": "authenticated"}
    document = data_of(person.upload(pictures.card("passport", next(seeds)), "passport", wait=0))["document_id"]
    socket.send(json.dumps({"subscribe": "document", "id": document}))
    seen = []
    while not seen or seen[-1]["state"] != "final":
        message = json.loads(socket.recv())
        assert message["type"] == "document" and message["data"]["document_id"] == document
        seen.append(message["data"])
    order = ["received", "reading", "read", "final"]
    assert [s["state"] for s in seen] == sorted((s["state"] for s in seen), key=order.index)
    percent = [s["progress_percentage"] for s in seen]
    assert percent == sorted(percent) and percent[-1] == 100
    assert seen[-1]["verification_status"] == "approved"
    socket.send(json.dumps({"subscribe": "document", "id": str(uuid.uuid4())}))
    assert json.loads(socket.recv()) == {"type": "error", "message": "no such document"}
    socket.send(json.dumps({"subscribe": "weather", "id": document}))
    assert json.loads(socket.recv())["type"] == "error"
    socket.close()


def test_the_socket_shows_nobody_elses_document(server, person: Person):
    document = data_of(person.upload(pictures.scene(3), wait=0))["document_id"]
    other = new_person(server)
    socket = websocket.create_connection(server.root.replace("http", "ws", 1) + "/ws", timeout=60)
    for message in ({"type": "authenticate", "token": other.token}, {"subscribe": "document", "id": document}):
        socket.send(json.dumps(message))
    assert json.loads(socket.recv())["type"] == "authenticated"
    assert json.loads(socket.recv()) == {"type": "error", "message": "no such document"}
    socket.close()


# Reuse


def finding(document: dict, check: str) -> str:
    return next(f["result"] for f in document["findings"] if f["check"] == check)


def test_the_same_picture_and_number_from_another_account_ask_for_a_look(server):
    card, _ = truth_of("aadhaar", next(seeds))
    first, second = new_person(server), new_person(server)
    before = first.read_document(card)
    assert finding(before, "image_reused") == finding(before, "number_used_by_another_account") == "passed"
    again = first.read_document(card)
    assert finding(again, "image_reused") == finding(again, "number_used_by_another_account") == "passed"  # their own
    after = second.read_document(card)
    assert finding(after, "image_reused") == "failed", after["findings"]
    assert finding(after, "number_used_by_another_account") == "failed"
    assert after["needs_review"] is True and after["verification_status"] == "approved"
    assert first.id not in json.dumps(after) and first.email not in json.dumps(after)


@pytest.mark.parametrize("kind", ["aadhaar", "pan", "driving_license"])
def test_a_smaller_copy_compressed_anew_is_known_again(server, kind: str):
    card, _ = truth_of(kind, next(seeds), level="1")
    new_person(server).read_document(card, kind)
    picture = Image.open(io.BytesIO(card)).convert("RGB")
    smaller = pictures.encoded(picture.resize((picture.width * 3 // 4, picture.height * 3 // 4)), "JPEG", quality=80)
    copy = new_person(server).read_document(smaller, kind)
    assert copy["verification_status"] == "approved", copy["reasons"]
    assert finding(copy, "image_reused") == "failed"


def test_different_cards_of_one_layout_are_not_the_same_picture(server):
    for kind in ("aadhaar", "pan"):
        for _ in range(4):
            document = new_person(server).read_document(truth_of(kind, next(seeds))[0], kind)
            assert finding(document, "image_reused") == "passed", kind
            assert finding(document, "number_used_by_another_account") == "passed", kind


def test_a_number_used_twice_is_for_a_person_to_decide(server):
    card, _ = truth_of("pan", next(seeds))
    new_person(server).read_document(card, "pan")
    person = new_person(server, dob="1990-01-01")
    document = person.read_document(card, "pan")["id"]
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    decided = person.wait_verification(data_of(person.start(document))["verification_id"])
    codes = {r["code"] for r in decided["decision"]["reasons"]}
    assert {"number_reused", "image_reused"} <= codes and decided["status"] != "approved"


# Re-reading


def test_a_document_is_read_again_without_a_new_upload(server, admin, person: Person):
    card, truth = truth_of("aadhaar", next(seeds))
    document = person.read_document(card)
    error_of(person.post(f"/documents/{document['id']}/reread"), 403, "PERMISSION_DENIED")
    error_of(admin.post(f"/documents/{uuid.uuid4()}/reread"), 404, "NOT_FOUND")
    assert data_of(admin.post(f"/documents/{document['id']}/reread"))["document_id"] == document["id"]
    deadline = time.monotonic() + 60
    while (after := data_of(person.get(f"/documents/{document['id']}")))["stage"] != "final":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for key in ("verification_status", "document_number", "engine_version", "images"):
        assert after[key] == document[key], key
    assert after["ocr_data"]["name"] == "Test User"
    entry = next(e for e in json_entries(person) if e["action"] == "document.reread")
    assert entry["details"]["outcome"] in ("approved", "kept")


def test_the_operator_has_old_readings_read_again(servers):
    server = servers().start()
    person = new_person(server)
    document = person.read_document(truth_of("pan", next(seeds))[0], "pan")
    assert server.cli("documents", "reread", "--older-than", document["engine_version"])["queued"] == 0
    assert server.cli("documents", "reread", "--older-than", "9999.1")["queued"] == 1
    deadline = time.monotonic() + 60
    while not any(e["action"] == "document.reread" for e in json_entries(person)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    after = data_of(person.get(f"/documents/{document['id']}"))
    assert after["verification_status"] == "approved" and after["document_number"] == document["document_number"]
    server.close()


# Expiry


def test_documents_that_end_soon_are_marked_told_and_listed(servers):
    server = servers(AUTHX_EXPIRY_NOTICE_DAYS="3650").start()
    person = new_person(server)
    document = person.read_document(truth_of("passport", next(seeds))[0], "passport")
    assert document["verification_status"] == "approved", document["reasons"]
    person.read_document(truth_of("pan", next(seeds))[0], "pan")
    listed = data_of(person.get("/documents?expiring_within_days=3650"))["items"]
    assert [d["id"] for d in listed] == [document["id"]]
    assert data_of(person.get("/documents?expiring_within_days=0"))["items"] == []
    found = server.cli("documents", "expiring", "--within", "3650", "--mark")
    assert found["marked"] in (0, 1)  # the server's own watch may have been first
    assert [d["id"] for d in found["documents"]] == [document["id"]] and found["documents"][0]["state"] == "expiring"
    assert server.cli("documents", "expiring", "--within", "3650", "--mark")["marked"] == 0  # told once
    assert data_of(person.get(f"/documents/{document['id']}"))["expiry_state"] == "expiring"
    messages = [m for m in server.cli("outbox") if m["recipient"] == person.email and "expire" in m["subject"]]
    assert len(messages) == 1 and found["documents"][0]["expires_on"] in messages[0]["body"]
    assert sum(e["action"] == "document.expiring" for e in json_entries(person)) == 1
    server.close()


# Deletion


def test_a_deletion_leaves_nothing_but_its_proof(server, person: Person, tmp_path):
    card, truth = truth_of("pan", next(seeds))
    document = person.read_document(card, "pan")
    data_of(person.capture(pictures.photo(pictures.SELFIE).read_bytes()))
    verification = data_of(person.start(document["id"]))["verification_id"]
    decided = person.wait_verification(verification)
    other = new_person(server)
    error_of(other.request("DELETE", f"/documents/{document['id']}"), 404, "NOT_FOUND")
    receipt = data_of(person.request("DELETE", f"/documents/{document['id']}"))["receipt"]
    assert receipt["document_id"] == document["id"] and receipt["what"]["rows"]["documents"] == 1
    assert len(receipt["what"]["images"]) == 1 and receipt["what"]["images"][0]["removed"] is True
    error_of(person.get(f"/documents/{document['id']}"), 404, "NOT_FOUND")
    error_of(person.request("DELETE", f"/documents/{document['id']}"), 404, "NOT_FOUND")
    assert not [p for p in (server.data_dir / "objects").rglob("*") if p.name.startswith(document["id"])]
    for table in ("document_images", "document_prints", "verification_documents", "provider_checks"):
        assert value(server, f"SELECT COUNT(*) FROM {table} WHERE document_id = '{document['id']}'") == 0, table
    # The decision stands, is still provable, and says nothing of what the document said.
    assert data_of(person.get(f"/verification/{verification}/status"))["decision"] == decided["decision"]
    assert server.cli("decision", "replay", verification)["same"] is True
    for where, plain in Opener(server).sealed_fields():
        assert truth["number"].encode() not in plain, where
    # The receipt proves itself, and no other.
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt, sort_keys=True, indent=2))
    assert server.cli("documents", "receipt", "verify", str(path))["valid"] is True
    forged = [dict(receipt, document_id=str(uuid.uuid4())), dict(receipt, deleted_at="2020-01-01T00:00:00Z"),
              dict(receipt, audit=dict(receipt["audit"], seq=1)), dict(receipt, signature="00" * 64),
              dict(receipt, what=dict(receipt["what"], rows={"documents": 2})), {"format": "authx.deletion.v1"}]
    for wrong in forged:
        path.write_text(json.dumps(wrong))
        assert server.cli("documents", "receipt", "verify", str(path), code=1)["valid"] is False
    assert server.cli("audit", "verify")["intact"] is True


def test_deleting_while_it_is_read_leaves_nothing(server, person: Person):
    document = data_of(person.upload(truth_of("aadhaar", next(seeds))[0], wait=0))["document_id"]
    data_of(person.request("DELETE", f"/documents/{document}"))
    deadline = time.monotonic() + 60
    while value(server, f"SELECT COUNT(*) FROM jobs WHERE subject = '{document}' AND state IN ('queued', 'running')"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(0.3)
    assert not [p for p in (server.data_dir / "objects").rglob("*") if p.name.startswith(document)]
    assert data_of(person.get("/documents"))["items"] == []


def test_an_administrator_may_delete_and_the_operator_too(server, admin, person: Person, tmp_path):
    first = person.read_document(truth_of("pan", next(seeds))[0], "pan")["id"]
    second = person.read_document(truth_of("pan", next(seeds))[0], "pan")["id"]
    error_of(new_worker(server, "verifier").request("DELETE", f"/documents/{first}"), 404, "NOT_FOUND")
    data_of(admin.request("DELETE", f"/documents/{first}"))
    server.cli("documents", "delete", second, "--out", str(tmp_path / "r.json"))
    assert server.cli("documents", "receipt", "verify", str(tmp_path / "r.json"))["valid"] is True
    server.cli("documents", "delete", second, code=3)
    assert data_of(person.get("/documents"))["items"] == []
