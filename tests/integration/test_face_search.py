"""One face among many: search, lists, duplicates, and galleries that agree with the database whatever happens."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
import threading
import time

import pytest
import requests

from support import pictures
from support.database import rows, run, value
from support.opener import Opener
from support.people import Person, administrator, data_of, error_of, faults_of, new_person, new_worker

SELFIE, OTHER_SELFIE, STRANGER = pictures.SELFIE, pictures.PORTRAIT, pictures.STRANGER


def selfie(name: str = SELFIE) -> bytes:
    return pictures.photo(name).read_bytes()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request, servers):
    """A server on which duplicates ask for a person, as by default."""
    settings = {"AUTHX_DUPLICATE_FACES": "review"}
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
    return servers(**settings).start(models=True)


@pytest.fixture(scope="module")
def verifier(house) -> Person:
    return new_worker(house, "verifier")


@pytest.fixture(scope="module")
def boss(house) -> Person:
    return administrator(house)


def ask(caller: Person, picture: bytes | None = None, **fields: str) -> requests.Response:
    parts: dict = {name: (None, text) for name, text in fields.items()}
    if picture is not None:
        parts["face_image"] = ("f.jpg", picture)
    return caller.post("/face/search", files=parts)


def search(caller: Person, picture: bytes | None = None, **fields: str) -> dict:
    return data_of(ask(caller, picture, **fields))


def enrolled(server, picture: bytes) -> Person:
    person = new_person(server)
    assert data_of(person.capture(picture))["verification_status"] == "approved"
    return person


def forget_everybody(server) -> None:
    run(server, "DELETE FROM face_entries")


def settle(server) -> None:
    deadline = time.monotonic() + 120
    while value(server, "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_enrolled_face_is_found_by_another_picture_and_a_stranger_is_not(house, verifier):
    forget_everybody(house)
    person = enrolled(house, selfie())
    found = search(verifier, selfie(OTHER_SELFIE), scope="enrolled")
    assert [h["user_id"] for h in found["items"]] == [person.id] and found["items"][0]["match"] is True
    assert found["items"][0]["similarity"] >= found["threshold"] and found["faces_searched"] == 1
    assert search(verifier, selfie(STRANGER))["items"] == []
    weaker = search(verifier, selfie(STRANGER), include_weaker="true")["items"]
    assert [h["match"] for h in weaker] == [False]


def test_a_capture_or_a_person_can_be_searched_for_and_is_not_found_itself(house, verifier):
    forget_everybody(house)
    one, two = enrolled(house, selfie()), enrolled(house, selfie(OTHER_SELFIE))
    assert [h["user_id"] for h in search(verifier, person_id=one.id)["items"]] == [two.id]
    capture = data_of(two.get("/face/captures"))["items"][0]["id"]
    assert [h["user_id"] for h in search(verifier, face_id=capture)["items"]] == [one.id]
    unknown = "0190163d-8694-739b-aea5-966c26f8ad91"
    error_of(ask(verifier, face_id=unknown), 404, "NOT_FOUND")
    both = ask(verifier, face_id=capture, person_id=one.id)
    assert set(faults_of(both)) == {"$.face_image"}
    assert set(faults_of(ask(verifier, pictures.stripes()))) == {"$.face_image"}


def test_a_person_who_is_enrolled_under_another_name_needs_a_review(house):
    forget_everybody(house)
    enrolled(house, selfie(OTHER_SELFIE))
    person = new_person(house)
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))["id"]
    data_of(person.capture(selfie()))
    decided = person.wait_verification(data_of(person.start(document))["verification_id"])
    reasons = {r["code"]: r["severity"] for r in decided["decision"]["reasons"]}
    assert reasons.get("face_enrolled_elsewhere") == "review" and decided["status"] == "needs_review", decided
    forget_everybody(house)
    alone = new_person(house)
    document = alone.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))["id"]
    data_of(alone.capture(selfie()))
    decided = alone.wait_verification(data_of(alone.start(document))["verification_id"])
    assert "face_enrolled_elsewhere" not in {r["code"] for r in decided["decision"]["reasons"]}


def test_lists_are_kept_by_administrators_and_send_whom_they_hold_to_a_person(house, boss, verifier):
    forget_everybody(house)
    made = data_of(boss.post("/face/watchlists", json={"name": "Forgers", "kind": "block"}))
    assert made["kind"] == "block" and made["entries"] == 0
    entries = f"/face/watchlists/{made['list_id']}/entries"
    assert set(faults_of(boss.post(entries, files={"face_image": ("f.jpg", pictures.stripes())}))) == {"$.face_image"}
    entry = data_of(boss.post(entries, data={"label": "Case 12"}, files={"face_image": ("f.jpg", selfie(OTHER_SELFIE))}))
    assert [e["label"] for e in data_of(verifier.get(entries))["items"]] == ["Case 12"]
    hit = search(verifier, selfie(), scope="lists")["items"]
    assert [(h["entry_id"], h["list_name"], h["list_kind"], h["label"], h["user_id"]) for h in hit] == [
        (entry["entry_id"], "Forgers", "block", "Case 12", None)]
    assert search(verifier, selfie(), scope="enrolled")["items"] == []

    person = new_person(house)
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))["id"]
    data_of(person.capture(selfie()))
    decided = person.wait_verification(data_of(person.start(document))["verification_id"])
    text = json.dumps(decided)
    assert "identity_check_needed" in text and decided["status"] == "needs_review"
    assert "list" not in text.lower() and "Forgers" not in text and "Case 12" not in text

    assert data_of(boss.request("DELETE", f"{entries}/{entry['entry_id']}")) == {"removed": True}
    error_of(boss.request("DELETE", f"{entries}/{entry['entry_id']}"), 404, "NOT_FOUND")
    assert search(verifier, selfie(), scope="lists")["items"] == []
    assert not any(p.name == f"{entry['entry_id']}-list" for p in (house.data_dir / "objects").rglob("*"))
    data_of(boss.post(entries, files={"face_image": ("f.jpg", selfie(OTHER_SELFIE))}))
    assert data_of(boss.request("DELETE", f"/face/watchlists/{made['list_id']}")) == {"removed": True}
    assert made["list_id"] not in {x["list_id"] for x in data_of(verifier.get("/face/watchlists"))["items"]}
    assert search(verifier, selfie(), scope="lists")["items"] == []
    actions = {a for (a,) in rows(house, "SELECT action FROM audit_logs")}
    assert {"face.searched", "face_list.created", "face_list.added", "face_list.removed", "face_list.deleted", "face_list.viewed"} <= actions


def test_the_blocklist_can_refuse(servers):
    server = servers(AUTHX_BLOCKLIST="reject").start(models=True)
    boss = administrator(server)
    made = data_of(boss.post("/face/watchlists", json={"name": "No", "kind": "block"}))
    data_of(boss.post(f"/face/watchlists/{made['list_id']}/entries", files={"face_image": ("f.jpg", selfie(OTHER_SELFIE))}))
    person = new_person(server)
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))["id"]
    data_of(person.capture(selfie()))
    assert person.wait_verification(data_of(person.start(document))["verification_id"])["status"] == "rejected"


def test_erasing_a_person_reaches_the_gallery(house, verifier):
    forget_everybody(house)
    person = enrolled(house, selfie())
    assert search(verifier, selfie())["items"]
    erase = f"DELETE FROM users WHERE id = '{person.id}'"
    if house.environment.get("DATABASE_URL"):
        run(house, erase)
    else:
        with sqlite3.connect(f"{house.data_dir}/authx.db", timeout=30) as db:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute(erase)
    found = search(verifier, selfie())
    assert found["items"] == [] and found["faces_searched"] == 0


def test_a_person_has_at_most_three_faces_in_the_gallery(house):
    forget_everybody(house)
    person = enrolled(house, selfie())
    for _ in range(4):
        data_of(person.capture(selfie()))
    assert value(house, f"SELECT COUNT(*) FROM face_entries WHERE user_id = '{person.id}'") == 3


def test_stored_templates_are_protected_and_a_revoked_key_is_destroyed(house, verifier):
    forget_everybody(house)
    person = enrolled(house, selfie())
    shown = data_of(person.capture(selfie()))["face_embeddings"]
    version = value(house, "SELECT MAX(version) FROM face_template_keys")

    def stored() -> list[list[float]]:
        opener, out = Opener(house), []
        for table, column in (("biometrics", "template_data"), ("face_entries", "template")):
            for row, sealed in rows(house, f"SELECT id, {column} FROM {table} WHERE user_id = '{person.id}' AND {column} IS NOT NULL"):
                out.append(json.loads(opener.field(opener.people[person.id], table, column, str(row), bytes(sealed))))
        return out

    before = stored()
    assert len(before) == 4 and {t["key"] for t in before} == {version}
    assert all(abs(cosine(t["values"], shown)) < 0.5 for t in before), "a template is stored as the model made it"
    assert house.cli("models", "revoke-key")["version"] == version + 1
    settle(house)
    after = stored()
    assert {t["key"] for t in after} == {version + 1}
    assert all(abs(cosine(a["values"], b["values"])) < 0.5 for a, b in zip(before, after))
    assert cosine(before[0]["values"], before[1]["values"]) == pytest.approx(cosine(after[0]["values"], after[1]["values"]), abs=1e-5)
    assert value(house, f"SELECT wrapped_key FROM face_template_keys WHERE version = {version}") is None
    assert [h["user_id"] for h in search(verifier, selfie(OTHER_SELFIE))["items"]] == [person.id] * 2
    assert len(list((house.data_dir / "galleries").glob("*.gallery"))) == 1


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b)) / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


def portrait_of(server, person: Person) -> dict:
    (row, sealed), = rows(server, f"SELECT document_id, template FROM document_portraits WHERE user_id = '{person.id}'")
    return json.loads(Opener(server).field(Opener(server).people[person.id], "document_portraits", "template", str(row), bytes(sealed)))


def matches(person: Person, document: dict) -> bool:
    body = {"document_id": document["id"], "face_image": base64.b64encode(selfie()).decode()}
    return data_of(person.post("/face/verify", json=body))["verification_status"] == "approved"


def test_a_documents_portrait_is_protected_like_a_capture_and_outlives_a_revoked_key(house):
    person = new_person(house)
    shown = data_of(person.capture(selfie()))["face_embeddings"]
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    before = portrait_of(house, person)
    assert abs(cosine(before["values"], shown)) < 0.5, "the portrait is stored as the model made it"
    reading = value(house, f"SELECT reading FROM documents WHERE id = '{document['id']}'")
    opened = json.loads(Opener(house).field(Opener(house).people[person.id], "documents", "reading", document["id"], bytes(reading)))
    assert "portrait" not in opened, "the reading holds the portrait, too"
    assert matches(person, document)
    version = house.cli("models", "revoke-key")["version"]
    settle(house)
    after = portrait_of(house, person)
    assert after["key"] == version and after["model_id"] == before["model_id"] and abs(cosine(before["values"], after["values"])) < 0.5
    assert value(house, f"SELECT wrapped_key FROM face_template_keys WHERE version = {version - 1}") is None
    assert matches(person, document)
    assert person.request("DELETE", f"/documents/{document['id']}").ok
    assert not rows(house, f"SELECT 1 FROM document_portraits WHERE user_id = '{person.id}'")


def test_another_process_sees_the_same_gallery(house, verifier, servers):
    forget_everybody(house)
    person = enrolled(house, selfie())
    second = servers(**{**house.environment, "AUTHX_PORT": "0"}).start(models=True)
    twin = Person(second, verifier.id, verifier.email, verifier.password, "verifier", verifier.token)
    assert [h["user_id"] for h in search(twin, selfie(OTHER_SELFIE))["items"]] == [person.id]
    other = enrolled(second, selfie(STRANGER))
    assert [h["user_id"] for h in search(verifier, selfie(STRANGER))["items"]] == [other.id]
    second.close()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_gallery_agrees_with_the_database_however_often_the_server_is_killed(request, servers, database):
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if database == "postgres" else {}
    server = servers(**settings).start(models=True)
    verifier, boss = new_worker(server, "verifier"), administrator(server)
    made = data_of(boss.post("/face/watchlists", json={"name": "L", "kind": "watch"}))
    entries = f"/face/watchlists/{made['list_id']}/entries"
    ended = threading.Event()

    def work(number: int) -> None:
        rng = random.Random(number)
        person = new_person(server) if number else None
        while not ended.is_set():
            try:
                if person is not None:
                    person.capture(selfie(rng.choice((SELFIE, OTHER_SELFIE, STRANGER))), wait=rng.choice((0, 2)))
                    continue
                boss.post(entries, files={"face_image": ("f.jpg", selfie(rng.choice((SELFIE, STRANGER))))})
                held = boss.get(entries).json()["data"]["items"]
                if rng.random() < 0.6:
                    boss.request("DELETE", f"{entries}/{rng.choice(held)['entry_id']}")
                search(verifier, selfie())
            except (requests.RequestException, AssertionError, KeyError, ValueError):
                time.sleep(0.05)

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    rng = random.Random(11)
    for _ in range(6):
        time.sleep(rng.uniform(0.4, 1.6))
        server.kill()
        server.start(models=True)
    time.sleep(1)
    ended.set()
    for thread in threads:
        thread.join(timeout=120)
    settle(server)
    for _ in range(2):
        stored = {str(i) for (i,) in rows(server, "SELECT id FROM face_entries")}
        assert len(stored) >= 3
        seen = search(verifier, selfie(), limit="100", include_weaker="true")
        assert {h["entry_id"] for h in seen["items"]} == stored and seen["faces_searched"] == len(stored)
        server.kill()
        # Changed behind its back while it was down: the next start takes that up too.
        run(server, f"DELETE FROM face_entries WHERE id = '{sorted(stored)[0]}'")
        server.start(models=True)
    server.close()


def test_a_damaged_gallery_file_is_made_anew(servers):
    server = servers().start(models=True)
    verifier = new_worker(server, "verifier")
    person = enrolled(server, selfie())
    assert search(verifier, selfie())["items"]
    server.close()
    (file,) = (server.data_dir / "galleries").glob("*.gallery")
    content = bytearray(file.read_bytes())
    content[4096:4300] = b"\x55" * 204
    file.write_bytes(bytes(content))
    server.start(models=True)
    assert [h["user_id"] for h in search(verifier, selfie(OTHER_SELFIE))["items"]] == [person.id]
    server.close()
    file.write_bytes(b"no gallery")
    server.start(models=True)
    assert [h["user_id"] for h in search(verifier, selfie(OTHER_SELFIE))["items"]] == [person.id]


def test_another_model_embeds_anew_and_models_are_swapped_without_a_pause(servers, tmp_path):
    from support.server import shared_data

    data = shared_data()
    if data is None or not (data / "face" / "models").is_dir():
        pytest.skip("needs the open models of the development data")
    config = tmp_path / "authx.toml"
    config.write_text("")
    server = servers()
    server.environment.pop("FACE_MODEL_PATH", None)
    (server.folder / "authx.toml").write_text("")
    server.start(models=True)
    verifier = new_worker(server, "verifier")
    person = enrolled(server, selfie())
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    assert matches(person, document)
    (old,) = {m for (m,) in rows(server, "SELECT template_model FROM biometrics")}
    (server.folder / "authx.toml").write_text(f'face_model_path = "{data / "face" / "models"}"\n')
    assert server.cli("models", "reload")["processes"] == 1
    deadline = time.monotonic() + 60
    while value(server, "SELECT template_model FROM biometrics") == old:
        assert requests.get(server.root + "/health/ready", timeout=30).status_code == 200
        assert time.monotonic() < deadline, server.log()[-2000:]
        time.sleep(0.2)
    settle(server)
    assert {m for (m,) in rows(server, "SELECT model_id FROM face_entries")} == {value(server, "SELECT template_model FROM biometrics")} != {old}
    assert [h["user_id"] for h in search(verifier, selfie(OTHER_SELFIE))["items"]] == [person.id]
    assert portrait_of(server, person)["model_id"] == value(server, "SELECT template_model FROM biometrics")
    assert matches(person, document), "a document's portrait is not made anew with the model"
    (server.folder / "authx.toml").write_text('face_model_path = "/nowhere"\n')
    server.cli("models", "reload")
    deadline = time.monotonic() + 60
    while "face_models_not_reloaded" not in server.log():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert search(verifier, selfie())["items"], "a pack that cannot be loaded replaced the one in use"


def test_a_shadow_pack_is_heard_in_metrics_and_log_only(servers):
    from support.server import shared_data

    data = shared_data()
    if data is None or not (data / "face" / "models").is_dir():
        pytest.skip("needs the open models of the development data")
    server = servers(FACE_SHADOW_MODEL_PATH=str(data / "face" / "models")).start(models=True)
    deadline = time.monotonic() + 60
    while "face_shadow_loaded" not in server.log():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    def reports() -> float:
        lines = requests.get(server.root + "/metrics", timeout=30).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("face_shadow_reports_total"))

    person = new_person(server)
    answer = data_of(person.capture(selfie()))
    while reports() < 1:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    assert matches(person, document)
    while reports() < 2:
        assert time.monotonic() < deadline, "the second pack does not see comparisons"
        time.sleep(0.2)
    assert "mobilefacenet" not in json.dumps(answer)
    assert "mobilefacenet" not in json.dumps(rows(server, "SELECT template_model FROM biometrics"))
