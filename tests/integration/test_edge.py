"""What stands between the network and the API: proxies, rate limits, TLS, shutdown."""

from __future__ import annotations

import datetime
import json
import signal
import socket
import ssl
import time

import pytest
import requests
import websocket
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support import pictures
from support.people import administrator, data_of, error_of, login, new_email, new_person
from support.wire import Wire, form, upload_head


def address_seen(server, forwarded: str) -> str:
    """The address that the audit log has for a request with this header."""
    email = new_email()
    requests.post(server.base + "/auth/login", json={"email": email, "password": "wrong password"}, headers={"X-Forwarded-For": forwarded},
                  timeout=30)
    entries = data_of(administrator(server).get("/admin/audit?limit=20"))["items"]
    return next(e["ip_address"] for e in entries if e["action"] == "auth.login_failed")


def test_forwarded_addresses_count_only_from_trusted_proxies(servers):
    server = servers().start()
    assert address_seen(server, "203.0.113.9") == "127.0.0.1"
    server.close()
    server = servers(AUTHX_TRUSTED_PROXIES="127.0.0.1, 198.51.100.7").start()
    assert address_seen(server, "203.0.113.9") == "203.0.113.9"
    assert address_seen(server, "6.6.6.6, 203.0.113.9") == "203.0.113.9"  # what stands further left may be forged
    assert address_seen(server, "203.0.113.9, 198.51.100.7") == "203.0.113.9"
    assert address_seen(server, "2001:db8::1") == "2001:db8::1"
    assert address_seen(server, "nonsense") == "127.0.0.1"
    assert address_seen(server, "203.0.113.9, nonsense") == "127.0.0.1"
    server.close()


def test_proxies_may_be_ranges(servers):
    server = servers(AUTHX_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8, 2001:db8:a::/48").start()
    assert address_seen(server, "6.6.6.6, 203.0.113.9, 10.255.1.2, 2001:db8:a:1::5") == "203.0.113.9"
    assert address_seen(server, "203.0.113.9, ::ffff:10.1.1.1") == "203.0.113.9"  # the same proxy in IPv6's form
    assert address_seen(server, "203.0.113.9, 11.0.0.1") == "11.0.0.1"
    assert address_seen(server, "203.0.113.9, 2001:db8:b::1") == "2001:db8:b::1"
    server.close()
    for wrong in ("10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8/8", "fd00::/129", "nonsense", "10.0.0.0/-1", "10.0.0.0/ 8"):
        with pytest.raises(RuntimeError, match="AUTHX_TRUSTED_PROXIES"):
            servers(AUTHX_TRUSTED_PROXIES=wrong).start()


def test_too_many_logins_are_limited_per_address(servers):
    server = servers(AUTHX_RATE_LIMITS="true", AUTHX_TRUSTED_PROXIES="127.0.0.1").start()
    session = requests.Session()

    def attempt(address: str) -> requests.Response:
        return session.post(server.base + "/auth/login", json={}, headers={"X-Forwarded-For": address}, timeout=30)

    answers = [attempt("203.0.113.1") for _ in range(400)]
    refused = [a for a in answers if a.status_code == 429]
    assert refused, "no limit at all"
    assert {a.status_code for a in answers} == {400, 429}
    assert answers[0].status_code == 400
    error_of(refused[0], 429, "RATE_LIMIT_EXCEEDED")
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert attempt("203.0.113.2").status_code == 400, "another address is not limited"
    assert requests.get(server.root + "/health/live", timeout=30).status_code == 200
    time.sleep(int(refused[-1].headers["Retry-After"]))
    assert attempt("203.0.113.1").status_code == 400, "the limit ends as announced"
    server.close()


def test_what_anyone_may_store_is_limited_by_address(servers):
    server = servers(AUTHX_RATE_LIMITS="true").start()
    session = requests.Session()
    for method, path in (("GET", "/oauth/authorize?client_id=x"), ("POST", "/oauth/device_authorization")):
        seen = {session.request(method, server.root + path, allow_redirects=False, timeout=30).status_code for _ in range(300)}
        assert 429 in seen and not seen & {200, 302}, (path, seen)
        time.sleep(7)  # the bucket is shared
    server.close()


# TLS


@pytest.fixture(scope="module")
def tls_server(servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=2))
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False).sign(key, hashes.SHA256()))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    server = servers(AUTHX_TLS_CERTIFICATE=str(folder / "cert.pem"), AUTHX_TLS_KEY=str(folder / "key.pem")).start()
    yield server, folder / "cert.pem"
    server.close()


def handshake(server, cafile, low: ssl.TLSVersion, high: ssl.TLSVersion) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(cafile))
    context.minimum_version, context.maximum_version = low, high
    return context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=30), server_hostname="localhost")


def test_tls_1_3_is_spoken(tls_server):
    server, certificate = tls_server
    stream = handshake(server, certificate, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    assert stream.version() == "TLSv1.3"
    with Wire(server.port, sock=stream) as wire:
        for _ in range(3):
            answer = wire.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").answer()
            assert answer.status == 200
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_tls_1_2_is_refused(tls_server):
    server, certificate = tls_server
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(server, certificate, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)


def test_plain_http_gets_nothing_on_the_tls_port(tls_server):
    server, _ = tls_server
    with Wire(server.port) as wire:
        wire.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        try:
            while piece := wire.socket.recv(4096):
                answer += piece
        except ConnectionError:
            pass
        assert b"alive" not in answer and not answer.startswith(b"HTTP/1.1 200")


def test_the_whole_api_works_over_tls(tls_server):
    server, _ = tls_server
    person = new_person(server)
    assert person.upload(pictures.stripes(1200, 900), wait=0).status_code == 200
    stream = websocket.create_connection(server.root.replace("https", "wss") + "/ws", sslopt={"cert_reqs": ssl.CERT_NONE}, timeout=30)
    stream.send(json.dumps({"type": "authenticate", "token": person.token}))
    assert json.loads(stream.recv()) == {"type": "authenticated"}
    stream.close()


def test_a_certificate_needs_its_key(servers):
    with pytest.raises(RuntimeError, match="AUTHX_TLS_KEY"):
        servers(AUTHX_TLS_CERTIFICATE="/nowhere.pem").start()
    with pytest.raises(RuntimeError, match="TLS certificate or key cannot be used"):
        servers(AUTHX_TLS_CERTIFICATE="/nowhere.pem", AUTHX_TLS_KEY="/nowhere.pem").start()


# Shutdown


def accepts(port: int) -> bool:
    """Whether a new connection gets an answer."""
    try:
        with Wire(port) as wire:
            return wire.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").answer() is not None
    except OSError:
        return False


def test_an_upload_in_flight_ends_well_when_the_server_is_stopped(servers):
    server = servers().start(models=True)
    person = new_person(server)
    body = form({"document_type": "pan", "wait_seconds": "30"}, {"front_image": pictures.card("pan")})
    wire = Wire(server.port)
    wire.send(upload_head(person.token, len(body))).send(body[:len(body) // 2])
    time.sleep(0.2)  # the server has begun to read the body
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert server.alive(), "it left while a request was in flight"
    assert not accepts(server.port), "it still takes new connections"
    answer = wire.send(body[len(body) // 2:]).answer()
    assert answer.status == 200, answer.body
    assert answer.headers["connection"] == "close"
    document = json.loads(answer.body)["data"]["document_id"]
    assert server.process.wait(timeout=60) == 0
    server.start()
    person = type(person)(server, person.id, person.email, person.password, person.role, login(server, person.email, person.password)
                          .json()["data"]["access_token"])
    assert person.wait_document(document)["verification_status"] == "approved"
    server.close()


def test_idle_connections_do_not_hold_the_server_up(servers):
    server = servers().start(models=True)
    idle = [Wire(server.port) for _ in range(20)]
    for wire in idle[:10]:
        assert wire.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0
    assert all(wire.closed() for wire in idle)


def test_open_websockets_do_not_hold_the_server_up(servers):
    server = servers().start(models=True)
    person = new_person(server)
    document = data_of(person.upload(pictures.stripes(), wait=0))["document_id"]
    verification = data_of(person.start(document))["verification_id"]
    stream = websocket.create_connection(server.root.replace("http", "ws", 1) + "/ws", timeout=60)
    stream.send(json.dumps({"type": "authenticate", "token": person.token}))
    assert json.loads(stream.recv()) == {"type": "authenticated"}
    stream.send(json.dumps({"type": "subscribe", "verification_id": verification}))
    assert json.loads(stream.recv())["type"] == "verification"
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0


def test_a_server_stopped_at_once_ends_well(servers):
    """Whatever still loads in the background is ended in order."""
    for _ in range(3):
        assert servers().start().stop() == 0


def test_a_taken_port_is_reported_at_once(servers, plain_server):
    with pytest.raises(RuntimeError, match="cannot listen on 127.0.0.1:"):
        servers(AUTHX_PORT=str(plain_server.port)).start()


def test_wrong_settings_are_all_reported_at_once(servers):
    with pytest.raises(RuntimeError) as refused:
        servers(AUTHX_PORT="http", JWT_EXPIRE_MINUTES="0", LOG_LEVEL="LOUD", AUTHX_COLOUR="red", SECRET_KEY="short",
                AUTHX_SERVICES="documents,tea").start()
    for name in ("AUTHX_PORT", "JWT_EXPIRE_MINUTES", "LOG_LEVEL", "AUTHX_COLOUR", "SECRET_KEY", "AUTHX_SERVICES"):
        assert name in str(refused.value)
    assert "short" not in str(refused.value)
