"""The tamper-evident log: what it records, and that every way to tamper with it is found."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import psycopg
import pytest

from support import pictures, postgres
from support.people import administrator, data_of, login, new_person, register
from support.server import Server


def test_what_people_do_is_recorded(server, admins):
    person = new_person(server)
    login(server, person.email, "wrong password")
    document = data_of(person.upload(pictures.stripes()))["document_id"]
    person.wait_document(document)
    data_of(person.capture(pictures.stripes()))
    data_of(person.start(document))
    register(server, email=person.email)
    entries = data_of(admins(server).get("/admin/audit?limit=100"))["items"]
    mine = [e["action"] for e in entries if e["user_id"] == person.id]
    for action in ("auth.registered", "auth.logged_in", "auth.login_failed", "document.uploaded", "document.rejected", "document.viewed",
                   "face.captured", "verification.started", "auth.register_repeated"):
        assert action in mine, action
    assert all(set(e) == {"id", "seq", "user_id", "action", "details", "ip_address", "created_at"} for e in entries)
    assert next(e for e in entries if e["user_id"] == person.id and e["action"] == "document.uploaded")["ip_address"] == "127.0.0.1"


def test_a_running_servers_log_verifies(server):
    new_person(server)
    report = server.cli("audit", "verify")
    assert report["intact"] is True and report["entries"] > 3


@pytest.fixture(scope="module")
def history(servers) -> Server:
    """A stopped server with some history and a checkpoint from its orderly end."""
    server = servers().start()
    for _ in range(4):
        person = new_person(server)
        person.upload(pictures.stripes(120, 90), wait=0)
    administrator(server)
    assert server.stop() == 0
    assert (server.data_dir / "audit-checkpoints").read_text().strip()
    return server


@pytest.fixture
def copy(history: Server, tmp_path: Path) -> Server:
    shutil.copytree(history.data_dir, tmp_path / "data")
    return Server(tmp_path)


def change(server: Server, *statements: str) -> None:
    with sqlite3.connect(server.data_dir / "authx.db") as db:
        changed = 0
        for statement in statements:
            changed += db.execute(statement).rowcount
        assert changed > 0, "the tampering changed nothing"


def broken(server: Server) -> str:
    report = server.cli("audit", "verify", code=1)
    assert report["intact"] is False and report["problem"] and report["first_bad"] >= 1
    return report["problem"]


def test_an_untouched_copy_verifies(copy: Server):
    assert copy.cli("audit", "verify")["intact"] is True


@pytest.mark.parametrize("change_to", [
    "action = 'auth.logged_out'", "details = '{}'", "user_id = NULL", "ip_address = '203.0.113.5'", "user_agent = 'x'",
    "created_at = '2020-01-01T00:00:00.000000Z'", "id = '0190163d-8694-739b-aea5-966c26f8ad91'", "link = zeroblob(32)"])
def test_an_altered_entry_is_found(copy: Server, change_to):
    change(copy, f"UPDATE audit_logs SET {change_to} WHERE seq = (SELECT seq FROM audit_logs WHERE action = 'document.uploaded' LIMIT 1)")
    broken(copy)


def test_a_deleted_entry_is_found(copy: Server):
    change(copy, "DELETE FROM audit_logs WHERE seq = 5")
    assert "missing" in broken(copy)


def test_a_deleted_entry_is_found_when_the_others_move_up(copy: Server):
    change(copy, "DELETE FROM audit_logs WHERE seq = 5", "UPDATE audit_logs SET seq = -seq WHERE seq > 5",
           "UPDATE audit_logs SET seq = -seq - 1 WHERE seq < 0", "UPDATE audit_head SET seq = seq - 1")
    broken(copy)


def test_swapped_entries_are_found(copy: Server):
    change(copy, "UPDATE audit_logs SET seq = -3 WHERE seq = 3", "UPDATE audit_logs SET seq = 3 WHERE seq = 4",
           "UPDATE audit_logs SET seq = 4 WHERE seq = -3")
    broken(copy)


def test_an_inserted_entry_is_found(copy: Server):
    columns = "id, user_id, action, details, ip_address, user_agent, created_at, link"
    change(copy, f"INSERT INTO audit_logs (seq, {columns}) SELECT (SELECT MAX(seq) FROM audit_logs) + 1, "
                 "'0190163d-8694-739b-aea5-966c26f8ad91', user_id, action, details, ip_address, user_agent, created_at, link FROM audit_logs "
                 "WHERE seq = 2")
    broken(copy)


def test_cutting_the_newest_entries_is_found(copy: Server):
    change(copy, "DELETE FROM audit_logs WHERE seq > 6")
    broken(copy)


def test_cutting_with_the_head_moved_back_is_found(copy: Server):
    change(copy, "DELETE FROM audit_logs WHERE seq > 6", "UPDATE audit_head SET seq = 6, link = (SELECT link FROM audit_logs WHERE seq = 6)")
    broken(copy)


def test_rolling_back_to_an_older_whole_database_is_found_by_the_checkpoint(servers):
    """The old state's own signatures are genuine; only the checkpoint file knows that there was more."""
    server = servers().start()
    new_person(server)
    assert server.stop() == 0
    old = (server.data_dir / "authx.db").read_bytes()
    server.start()
    new_person(server)
    assert server.stop() == 0
    (server.data_dir / "authx.db").write_bytes(old)
    for leftover in ("authx.db-wal", "authx.db-shm"):
        (server.data_dir / leftover).unlink(missing_ok=True)
    assert "checkpoint" in broken(server)


def test_emptying_the_log_is_found(copy: Server):
    change(copy, "DELETE FROM audit_logs", "UPDATE audit_head SET seq = 0, link = x'', signature = ''")
    broken(copy)


def test_a_forged_checkpoint_is_found(copy: Server):
    path = copy.data_dir / "audit-checkpoints"
    sequence, link, signature = path.read_text().splitlines()[-1].split()
    path.write_text(f"{int(sequence) - 1} {link} {signature}\n")
    broken(copy)


def test_tampering_on_postgresql_is_found(servers, private_postgres):
    url = private_postgres.database()
    server = servers(DATABASE_URL=url).start()
    new_person(server)
    assert server.stop() == 0
    assert server.cli("audit", "verify")["intact"] is True
    with psycopg.connect(postgres.superuser(url)) as db:
        assert db.execute("UPDATE audit_logs SET action = 'nothing.happened' WHERE seq = 2").rowcount == 1
    broken(server)
