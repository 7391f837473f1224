"""The protocol itself, mostly by raw socket: persistence, pipelining, framing, limits, HEAD, CORS, headers, files."""

from __future__ import annotations

import gzip
import json
import re

import pytest
import requests

from support import pictures
from support.people import Person, data_of, error_of, new_email, new_person
from support.wire import Wire, chunked, form, upload_head

ORIGIN = "https://app.example.org"


def get(path: str, more: str = "") -> str:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n"


def test_a_connection_serves_many_requests(plain_server):
    with Wire(plain_server.port) as wire:
        ids = set()
        for _ in range(20):
            answer = wire.send(get("/health/live")).answer()
            assert answer.status == 200 and "connection" not in answer.headers
            ids.add(answer.headers["x-request-id"])
        assert len(ids) == 20


def test_pipelined_requests_are_answered_in_order(plain_server):
    """One write; the answers differ, and slow ones stand between fast ones."""
    login = json.dumps({"email": new_email(), "password": "wrong password"})
    slow = f"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(login)}\r\n\r\n{login}"
    batch = [(get("/health/live"), 200), (slow, 401), (get("/nowhere.txt"), 404), (get("/v1/users/me"), 401), (slow, 401),
             (get("/health/live"), 200), (get("/v1/auth/login"), 405)]
    with Wire(plain_server.port) as wire:
        wire.send("".join(request for request, _ in batch * 3))
        assert [wire.answer().status for _ in batch * 3] == [status for _, status in batch * 3]
        assert wire.send(get("/health/live")).answer().status == 200


def test_a_request_cut_into_single_bytes_is_understood(plain_server):
    with Wire(plain_server.port) as wire:
        for byte in get("/health/live").encode():
            wire.send(bytes([byte]))
        assert wire.answer().status == 200


def test_connection_close_is_honoured(plain_server):
    with Wire(plain_server.port) as wire:
        answer = wire.send(get("/health/live", "Connection: close\r\n")).answer()
        assert answer.headers["connection"] == "close" and wire.closed()


def test_http_1_0_is_closed_after_the_answer(plain_server):
    with Wire(plain_server.port) as wire:
        assert wire.send("GET /health/live HTTP/1.0\r\n\r\n").answer().status == 200
        assert wire.closed()


def test_chunked_uploads_are_read(plain_person: Person):
    body = form({"document_type": "pan", "wait_seconds": "0"}, {"front_image": pictures.card("pan")})
    with Wire(plain_person.server.port) as wire:
        answer = wire.send(upload_head(plain_person.token, None)).send(chunked(body, 777)).answer()
        assert answer.status == 200, answer.body
        document = json.loads(answer.body)["data"]["document_id"]
        assert wire.send(get("/health/live")).answer().status == 200  # the framing was followed to its end
    assert plain_person.wait_document(document)["verification_status"] == "approved"


def test_an_upload_may_arrive_in_tiny_pieces(plain_person: Person):
    body = form({"wait_seconds": "0"}, {"front_image": pictures.stripes(120, 90)})
    with Wire(plain_person.server.port) as wire:
        wire.send(upload_head(plain_person.token, len(body)))
        for at in range(0, len(body), 3):
            wire.send(body[at:at + 3])
        assert wire.answer().status == 200


def test_expect_100_continue_is_answered(plain_person: Person):
    body = form({"wait_seconds": "0"}, {"front_image": pictures.stripes(120, 90)})
    with Wire(plain_person.server.port) as wire:
        wire.send(upload_head(plain_person.token, len(body), "Expect: 100-continue\r\n"))
        assert wire.answer().status == 100
        assert wire.send(body).answer().status == 200


def test_expect_100_continue_is_refused_before_the_body(plain_server, plain_person: Person):
    with Wire(plain_server.port) as wire:
        wire.send(upload_head("forged", 1000, "Expect: 100-continue\r\n"))
        assert wire.answer().status == 401
    with Wire(plain_server.port) as wire:
        wire.send(upload_head(plain_person.token, 1 << 30, "Expect: 100-continue\r\n"))
        assert wire.answer().status == 413


def test_too_large_a_header_is_refused(plain_server):
    with Wire(plain_server.port) as wire:
        answer = wire.send(get("/health/live", "X-Long: " + "x" * 20_000 + "\r\n")).answer()
        assert answer.status in (400, 413, 431) and json.loads(answer.body)["success"] is False


def test_too_large_a_body_is_refused_by_its_announced_length(plain_server):
    with Wire(plain_server.port) as wire:
        wire.send("POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n")
        answer = wire.answer()
        assert answer.status == 413 and json.loads(answer.body)["error"]["code"] == "PAYLOAD_TOO_LARGE"
        assert answer.headers["connection"] == "close"


def test_too_large_a_chunked_body_is_refused_while_it_comes(plain_server):
    with Wire(plain_server.port) as wire:
        wire.send("POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.send(chunked(b"[" * 80_000))
        assert wire.answer().status == 413


def test_too_large_a_file_is_refused(plain_person: Person):
    error = error_of(plain_person.upload(pictures.stripes() + bytes(10 * 1024 * 1024)), 413, "PAYLOAD_TOO_LARGE")
    assert error["details"]["field"] == "front_image"


def test_a_configured_file_limit_counts(servers):
    server = servers(MAX_FILE_SIZE="20000").start()
    person = new_person(server)
    assert person.upload(pictures.stripes(120, 90), wait=0).status_code == 200
    error_of(person.upload(pictures.card("pan")), 413, "PAYLOAD_TOO_LARGE")
    server.close()


@pytest.mark.parametrize("request_text", [
    "GET / HTTP/9.9\r\n\r\n", "NONSENSE\r\n\r\n", "GET\r\n\r\n", "GET /health/live HTTP/1.1\r\nBad Header\r\n\r\n", "\x00\x01\x02\r\n\r\n",
    "GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    "Content-Length: 2\r\n\r\n", "POST /v1/auth/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    "Content-Type: application/json\r\n\r\nZZ\r\n{}\r\n"])
def test_malformed_requests_are_refused_and_closed(plain_server, request_text):
    with Wire(plain_server.port) as wire:
        answer = wire.send(request_text).answer()
        assert answer is None or 400 <= answer.status < 500, answer
        assert wire.closed()


def test_two_framings_at_once_are_no_way_to_smuggle(plain_server):
    """A request inside the body of another is never answered."""
    inner = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    head = ("POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            "Transfer-Encoding: chunked\r\n\r\n") % (len(inner) + 5)
    with Wire(plain_server.port) as wire:
        answer = wire.send(head + "0\r\n\r\n" + inner).answer()
        assert answer is None or answer.status == 400
        again = wire.answer()
        assert again is None, again


def test_a_body_where_none_is_taken_is_refused(plain_person: Person):
    error_of(plain_person.get("/users/me", data=b"{}"), 400, "VALIDATION_ERROR")


def test_head_is_get_without_the_body(plain_server, plain_person: Person):
    for path, token in (("/health/live", ""), ("/v1/users/me", plain_person.token), ("/v1/users/me", ""), ("/nothing.txt", "")):
        more = f"Authorization: Bearer {token}\r\n" if token else ""
        with Wire(plain_server.port) as wire:
            full = wire.send(get(path, more)).answer()
            head = wire.send(get(path, more).replace("GET", "HEAD", 1)).answer(head_only=True)
            assert head.status == full.status
            assert head.headers["content-type"] == full.headers["content-type"]
            assert abs(int(head.headers["content-length"]) - len(full.body)) <= 6  # times have fractions of any length
            assert wire.send(get("/health/live")).answer().status == 200


def test_every_answer_has_the_security_headers(plain_server, plain_person: Person):
    answers = [requests.get(plain_server.root + "/health", timeout=30), plain_person.get("/users/me"), plain_person.get("/nothing"),
               plain_person.upload(b"x"), requests.get(plain_server.root + "/metrics", timeout=30)]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(r"req_[0-9a-f-]{36}", answer.headers["X-Request-Id"])
        assert "Server" not in answer.headers or not re.search(r"\d", answer.headers["Server"])
        assert "Access-Control-Allow-Origin" not in answer.headers


# CORS


@pytest.fixture(scope="module")
def cors_server(servers):
    server = servers(AUTHX_CORS_ORIGINS=f"{ORIGIN}, http://localhost:3000").start()
    yield server
    server.close()


def preflight(server, origin: str) -> requests.Response:
    return requests.options(server.base + "/auth/login", headers={"Origin": origin, "Access-Control-Request-Method": "POST",
                                                                  "Access-Control-Request-Headers": "content-type"}, timeout=30)


def test_listed_origins_may_call(cors_server):
    for origin in (ORIGIN, "http://localhost:3000"):
        answer = preflight(cors_server, origin)
        assert answer.status_code == 204 and answer.content == b""
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
        assert "Origin" in answer.headers["Vary"]
        answer = requests.get(cors_server.root + "/health", headers={"Origin": origin}, timeout=30)
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        refused = requests.get(cors_server.base + "/users/me", headers={"Origin": origin}, timeout=30)
        assert refused.status_code == 401 and refused.headers["Access-Control-Allow-Origin"] == origin  # so that pages see why


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", "http://app.example.org", ORIGIN + ":444", "*"])
def test_other_origins_may_not(cors_server, origin):
    answer = preflight(cors_server, origin)
    assert "Access-Control-Allow-Origin" not in answer.headers and "Access-Control-Allow-Methods" not in answer.headers
    assert "Access-Control-Allow-Origin" not in requests.get(cors_server.root + "/health", headers={"Origin": origin}, timeout=30).headers


def test_credentials_are_never_allowed_across_origins(cors_server):
    assert "Access-Control-Allow-Credentials" not in preflight(cors_server, ORIGIN).headers


# The web page's files


@pytest.fixture(scope="module")
def web_server(servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    (folder / "assets").mkdir()
    script = "console.log('authx');\n" * 500
    (folder / "index.html").write_text("<!doctype html><title>AuthX</title>")
    (folder / "assets" / "app-1234.js").write_text(script)
    (folder / "assets" / "app-1234.js.gz").write_bytes(gzip.compress(script.encode()))
    (folder / "docs").mkdir()
    (folder / "docs" / "index.html").write_text("<!doctype html><title>Docs</title>")
    (folder.parent / "secret.txt").write_text("SECRET")
    server = servers(AUTHX_WEB_DIR=str(folder)).start()
    yield server, script
    server.close()


def test_assets_come_packed_to_who_takes_them(web_server):
    server, script = web_server
    url = server.root + "/assets/app-1234.js"
    packed = requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=30)
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert int(packed.headers["Content-Length"]) < len(script) / 5
    assert packed.text == plain.text == script
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in packed.headers["Cache-Control"]


def test_an_unchanged_asset_is_not_sent_again(web_server):
    server, _ = web_server
    url = server.root + "/assets/app-1234.js"
    tag = requests.get(url, timeout=30).headers["ETag"]
    again = requests.get(url, headers={"If-None-Match": tag}, timeout=30)
    assert again.status_code == 304 and again.content == b""
    assert requests.get(url, headers={"If-None-Match": '"other"'}, timeout=30).status_code == 200


def test_paths_of_the_page_answer_with_the_page(web_server):
    server, _ = web_server
    for path in ("/", "/register", "/verify/document", "/index.html"):
        answer = requests.get(server.root + path, timeout=30)
        assert answer.status_code == 200 and "AuthX" in answer.text
        assert answer.headers["Content-Type"].startswith("text/html")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "script-src" not in policy
        assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "Docs" in requests.get(server.root + "/docs", timeout=30).text


@pytest.mark.parametrize("path", ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//secret.txt",
                                  "/assets/..%5c..%5csecret.txt", "/assets/app-1234.js/../../../secret.txt", "/.env", "/assets/missing.js"])
def test_nothing_outside_the_folder_is_served(web_server, path):
    server, _ = web_server
    with Wire(server.port) as wire:
        answer = wire.send(get(path)).answer()
        assert b"SECRET" not in answer.body
        assert answer.status in (400, 404), answer.status


def test_the_api_never_answers_with_the_page(web_server):
    server, _ = web_server
    error_of(requests.get(server.base + "/nothing", timeout=30), 404, "NOT_FOUND")


def test_the_profile_is_never_cached(plain_person: Person):
    answer = plain_person.get("/users/me")
    data_of(answer)
    assert answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers
