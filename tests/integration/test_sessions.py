"""Sessions: refresh tokens, reuse, lists, revocation, the cookie of the page; across processes and restarts."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests

from support import database
from support.people import PASSWORD, data_of, error_of, login, new_email, new_person, register
from support.server import Server

REFRESH, CSRF = "__Host-authx_refresh", "__Host-authx_csrf"


def enter(server: Server, **more) -> dict:
    email = new_email()
    data_of(register(server, email=email), 201)
    return again(server, email, **more)


def again(server: Server, email: str, password: str = PASSWORD, **more) -> dict:
    return data_of(requests.post(server.base + "/auth/login", json={"email": email, "password": password, **more}, timeout=60))


def refresh(server: Server, token: str | None, **more) -> requests.Response:
    return requests.post(server.base + "/auth/refresh", json={} if token is None else {"refresh_token": token}, timeout=60, **more)


def me(server: Server, token: str) -> int:
    return requests.get(server.base + "/users/me", headers={"Authorization": "Bearer " + token}, timeout=30).status_code


def bearer(tokens: dict) -> dict[str, str]:
    return {"Authorization": "Bearer " + tokens["access_token"]}


def settle(check, seconds: float = 5) -> bool:
    """Whether `check` becomes true within the documented bound and some."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.1)
    return False


# Refresh tokens


def test_a_refresh_token_brings_new_tokens_of_the_same_session(server):
    first = enter(server)
    second = data_of(refresh(server, first["refresh_token"]))
    assert set(second) == set(first)
    assert second["refresh_token"] != first["refresh_token"] and second["user"] == first["user"]
    sids = [jwt.decode(t["access_token"], options={"verify_signature": False})["sid"] for t in (first, second)]
    assert sids[0] == sids[1]
    assert me(server, second["access_token"]) == 200
    third = data_of(refresh(server, second["refresh_token"]))
    assert third["refresh_token"] not in (first["refresh_token"], second["refresh_token"])


def test_every_login_begins_a_new_session(server):
    """Against session fixation: nothing that a client had before survives a sign-in."""
    email = new_email()
    data_of(register(server, email=email), 201)
    sids = {jwt.decode(again(server, email)["access_token"], options={"verify_signature": False})["sid"] for _ in range(3)}
    assert len(sids) == 3


def test_a_used_refresh_token_revokes_the_whole_session_and_is_audited(server, admin):
    first = enter(server)
    second = data_of(refresh(server, first["refresh_token"]))
    third = data_of(refresh(server, second["refresh_token"]))  # now the first one's successor is used: no grace for the first
    error_of(refresh(server, first["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")
    error_of(refresh(server, third["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")
    assert me(server, third["access_token"]) == 401
    entries = data_of(admin.get("/admin/audit?limit=20"))["items"]
    sid = jwt.decode(first["access_token"], options={"verify_signature": False})["sid"]
    assert any(e["action"] == "session.token_reused" and e["details"]["session"] == sid for e in entries)


def test_after_the_grace_the_last_token_is_a_reuse_too(server):
    first = enter(server)
    data_of(refresh(server, first["refresh_token"]))
    sid = jwt.decode(first["access_token"], options={"verify_signature": False})["sid"]
    database.run(server, f"UPDATE sessions SET rotated_at = '2020-01-01T00:00:00.000000Z' WHERE id = '{sid}'")
    error_of(refresh(server, first["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")
    assert me(server, first["access_token"]) == 401


def test_a_lost_answer_is_answered_again_with_the_same_successor(server):
    first = enter(server)
    answers = [data_of(refresh(server, first["refresh_token"])) for _ in range(3)]
    assert len({a["refresh_token"] for a in answers}) == 1
    assert me(server, answers[0]["access_token"]) == 200
    data_of(refresh(server, answers[2]["refresh_token"]))


def test_a_hundred_refreshes_at_once_end_with_one_living_successor(server):
    first = enter(server)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: refresh(server, first["refresh_token"]), range(100)))
    assert [a.status_code for a in answers] == [200] * 100, {a.status_code for a in answers}
    successors = {a.json()["data"]["refresh_token"] for a in answers}
    assert len(successors) == 1
    last = data_of(refresh(server, successors.pop()))
    assert me(server, last["access_token"]) == 200


@pytest.mark.parametrize("token", ["", "axr_", "x" * 70, "axr_" + "A" * 70, "axr_" + "é" * 10, "A" * 200])
def test_made_up_refresh_tokens_are_refused(plain_server, token):
    answer = refresh(plain_server, token)
    assert answer.status_code in (400, 401)


def test_a_forged_number_or_hash_is_refused_and_harms_nobody(server):
    """Who knows a session's id, from an access token, can neither use nor end it."""
    first = enter(server)
    raw = bytearray(base64.urlsafe_b64decode(first["refresh_token"][4:] + "=="))

    def forged(change) -> str:
        copy = bytearray(raw)
        change(copy)
        return "axr_" + base64.urlsafe_b64encode(bytes(copy)).rstrip(b"=").decode()

    def next_number(b):
        b[19] += 1

    def old_number(b):
        b[19] = 0

    def other_hash(b):
        b[-1] ^= 1

    for change in (next_number, old_number, other_hash):
        error_of(refresh(server, forged(change)), 401, "AUTHENTICATION_REQUIRED")
    data_of(refresh(server, first["refresh_token"]))


def test_the_database_holds_no_refresh_token(plain_server):
    first = enter(plain_server)
    token = first["refresh_token"][4:]
    dump = b"".join((plain_server.data_dir / name).read_bytes() for name in ("authx.db", "authx.db-wal") if (plain_server.data_dir / name).exists())
    raw = base64.urlsafe_b64decode(token + "==")
    assert token.encode() not in dump and raw[20:] not in dump


def test_idle_and_absolute_expiry_end_a_session(server):
    for column in ("idle_expires_at", "expires_at"):
        first = enter(server)
        sid = jwt.decode(first["access_token"], options={"verify_signature": False})["sid"]
        database.run(server, f"UPDATE sessions SET {column} = '2020-01-01T00:00:00.000000Z' WHERE id = '{sid}'")
        error_of(refresh(server, first["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")


def test_no_access_token_outlives_its_session(servers):
    server = servers(AUTHX_SESSION_HOURS="1", JWT_EXPIRE_MINUTES="600").start()
    first = enter(server)
    assert first["expires_in"] <= 3600
    claims = jwt.decode(first["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] <= 3600
    server.close()


# Revocation


def test_logout_ends_the_session_at_once(server):
    first = enter(server)
    data_of(requests.post(server.base + "/auth/logout", headers=bearer(first), timeout=30))
    assert me(server, first["access_token"]) == 401
    error_of(refresh(server, first["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")


def test_sessions_are_listed_with_device_and_use(server):
    email = new_email()
    data_of(register(server, email=email), 201)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    first = data_of(requests.post(server.base + "/auth/login", json={"email": email, "password": PASSWORD}, headers={"User-Agent": agent}, timeout=60))
    second = again(server, email)
    items = data_of(requests.get(server.base + "/auth/sessions", headers=bearer(second), timeout=30))["items"]
    assert len(items) == 2
    assert [i["current"] for i in items] == [True, False]
    assert items[1]["device"] == "Firefox on Linux"
    for item in items:
        assert set(item) == {"id", "client_id", "device", "ip_address", "current", "acr", "created_at", "last_used_at", "expires_at"}
    data_of(requests.delete(server.base + "/auth/sessions/" + items[1]["id"], headers=bearer(second), timeout=30))
    assert me(server, first["access_token"]) == 401 and me(server, second["access_token"]) == 200
    error_of(requests.delete(server.base + "/auth/sessions/" + items[1]["id"], headers=bearer(second), timeout=30), 404, "NOT_FOUND")


def test_nobody_ends_or_lists_the_sessions_of_others(server):
    mine, theirs = enter(server), enter(server)
    sid = jwt.decode(theirs["access_token"], options={"verify_signature": False})["sid"]
    error_of(requests.delete(server.base + "/auth/sessions/" + sid, headers=bearer(mine), timeout=30), 404, "NOT_FOUND")
    assert me(server, theirs["access_token"]) == 200
    items = data_of(requests.get(server.base + "/auth/sessions", headers=bearer(mine), timeout=30))["items"]
    assert sid not in {i["id"] for i in items}


def test_all_sessions_or_all_others_are_ended(server):
    email = new_email()
    data_of(register(server, email=email), 201)
    a, b, c = (again(server, email) for _ in range(3))
    assert data_of(requests.post(server.base + "/auth/sessions/revoke-all", json={"keep_current": True}, headers=bearer(c), timeout=30))["revoked"] == 2
    assert [me(server, t["access_token"]) for t in (a, b, c)] == [401, 401, 200]
    assert data_of(requests.post(server.base + "/auth/sessions/revoke-all", json={}, headers=bearer(c), timeout=30))["revoked"] == 1
    assert me(server, c["access_token"]) == 401


def test_sessions_and_revocations_survive_a_restart(servers, private_postgres):
    for settings in ({}, {"DATABASE_URL": private_postgres.database()}):
        server = servers(**settings).start()
        kept, ended = enter(server), enter(server)
        data_of(requests.post(server.base + "/auth/logout", headers=bearer(ended), timeout=30))
        server.kill()
        server.start()
        assert me(server, ended["access_token"]) == 401, "a revoked token came back with the restart"
        error_of(refresh(server, ended["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")
        assert me(server, kept["access_token"]) == 200
        data_of(refresh(server, kept["refresh_token"]))
        server.close()


def test_a_revocation_reaches_other_processes_within_seconds(servers, private_postgres):
    url = private_postgres.database()
    keys = {"SECRET_KEY": "one key for both processes of this test", "DATABASE_URL": url}
    first, second = servers(**keys).start(), servers(**keys).start()
    tokens = enter(first)
    assert me(second, tokens["access_token"]) == 200
    renewed = data_of(refresh(second, tokens["refresh_token"]))
    data_of(requests.post(first.base + "/auth/logout", headers=bearer(renewed), timeout=30))
    assert me(first, renewed["access_token"]) == 401
    assert settle(lambda: me(second, renewed["access_token"]) == 401)
    error_of(refresh(second, renewed["refresh_token"]), 401, "AUTHENTICATION_REQUIRED")
    first.close()
    second.close()


# The page's cookies


def cookies_of(answer: requests.Response) -> dict[str, str]:
    """Name to the whole Set-Cookie line."""
    return {line.split("=", 1)[0]: line for line in answer.raw.headers.getlist("Set-Cookie")}


def values_of(answer: requests.Response) -> dict[str, str]:
    return {name: line.split(";")[0].split("=", 1)[1] for name, line in cookies_of(answer).items()}


def page_login(server: Server) -> tuple[dict, dict[str, str]]:
    email = new_email()
    data_of(register(server, email=email), 201)
    answer = requests.post(server.base + "/auth/login", json={"email": email, "password": PASSWORD, "cookie": True}, timeout=60)
    lines = cookies_of(answer)
    assert lines.keys() >= {REFRESH, CSRF}
    for line in lines.values():
        assert "; Secure" in line and "; SameSite=Strict" in line and "; Path=/" in line and "Domain" not in line
    assert "; HttpOnly" in lines[REFRESH] and "HttpOnly" not in lines[CSRF]
    return data_of(answer), values_of(answer)


def page_refresh(server: Server, cookies: dict[str, str], csrf: str | None = None, **headers: str) -> requests.Response:
    headers |= {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    if csrf is not None:
        headers["X-CSRF-Token"] = csrf
    return refresh(server, None, headers=headers)


def test_a_page_keeps_its_session_in_a_cookie_that_no_script_reads(plain_server):
    data, cookies = page_login(plain_server)
    assert data["refresh_token"] is None
    answer = page_refresh(plain_server, cookies, cookies[CSRF])
    assert data_of(answer)["refresh_token"] is None
    renewed = values_of(answer)
    assert renewed[REFRESH] != cookies[REFRESH]
    data_of(page_refresh(plain_server, renewed, renewed[CSRF]))


def test_a_cookie_without_its_csrf_token_does_nothing(plain_server):
    _, cookies = page_login(plain_server)
    _, others = page_login(plain_server)
    for csrf in (None, "", "x", others[CSRF]):
        error_of(page_refresh(plain_server, cookies, csrf), 401, "AUTHENTICATION_REQUIRED")
    data_of(page_refresh(plain_server, cookies, cookies[CSRF]))


def test_another_origin_cannot_use_the_cookie(plain_server):
    _, cookies = page_login(plain_server)
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{plain_server.port}.evil.example", f"http://127.0.0.1:{plain_server.port + 1}"):
        error_of(page_refresh(plain_server, cookies, cookies[CSRF], Origin=origin), 401, "AUTHENTICATION_REQUIRED")
    data_of(page_refresh(plain_server, cookies, cookies[CSRF], Origin=plain_server.root))


def test_a_cookie_opens_nothing_but_the_refresh(plain_server):
    _, cookies = page_login(plain_server)
    header = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "X-CSRF-Token": cookies[CSRF]}
    error_of(requests.get(plain_server.base + "/users/me", headers=header, timeout=30), 401, "AUTHENTICATION_REQUIRED")
    error_of(requests.post(plain_server.base + "/auth/logout", headers=header, timeout=30), 401, "AUTHENTICATION_REQUIRED")


def test_a_repeated_cookie_counts_as_none(plain_server):
    _, cookies = page_login(plain_server)
    header = {"Cookie": f"{REFRESH}={cookies[REFRESH]}; {REFRESH}={cookies[REFRESH]}", "X-CSRF-Token": cookies[CSRF]}
    error_of(refresh(plain_server, None, headers=header), 401, "AUTHENTICATION_REQUIRED")


def test_logout_clears_the_cookies(plain_server):
    data, _ = page_login(plain_server)
    answer = requests.post(plain_server.base + "/auth/logout", headers=bearer(data), timeout=30)
    assert all("Max-Age=0" in line for line in cookies_of(answer).values()) and cookies_of(answer).keys() == {REFRESH, CSRF}
