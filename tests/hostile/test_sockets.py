"""Slow, silent and senseless clients: none of them keeps others from being served."""

from __future__ import annotations

import random
import selectors
import socket
import threading

import pytest
import requests
import websocket

from support import pictures
from support.people import Person, data_of, new_person
from support.wire import Wire, form, upload_head

HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"


class Drip(threading.Thread):
    """Connections that send a byte now and then and never finish."""

    def __init__(self, port: int, texts: list[bytes]):
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.sockets = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in texts]
        self.texts = texts
        self.position = 0

    def run(self) -> None:
        while not self.ended.wait(0.5):
            for s, text in zip(self.sockets, self.texts, strict=True):
                try:
                    if self.position < len(text):
                        s.send(text[self.position:self.position + 1])
                except OSError:
                    pass  # the server cut it: its right
            self.position += 1

    def stop(self) -> None:
        self.ended.set()
        self.join()
        for s in self.sockets:
            s.close()


@pytest.fixture
def slow_clients(target, attacker: Person):
    upload = upload_head(attacker.token, 100_000).encode() + form({}, {"front_image": pictures.stripes()})
    silent = [b""] * 60
    headers = [HEAD + b"X-Slow: " + b"y" * 200] * 70
    bodies = [upload[upload.index(b"\r\n\r\n") - 20:]] * 70
    crowd = Drip(target.port, silent + headers + bodies)
    for s in crowd.sockets[130:]:
        s.sendall(upload[:upload.index(b"\r\n\r\n") - 20])
    crowd.start()
    yield crowd
    crowd.stop()


def test_two_hundred_slow_clients_do_not_starve_the_others(target, slow_clients):
    assert len(slow_clients.sockets) == 200
    for _ in range(5):
        person = new_person(target)
        assert person.get("/users/me").status_code == 200
        document = person.read_document(pictures.card("pan"), "pan")
        assert document["verification_status"] == "approved"
        assert requests.get(target.root + "/health", timeout=60).json()["status"] == "healthy"


def test_connections_left_half_closed_do_not_starve_the_others(target):
    left = []
    for i in range(200):
        s = socket.create_connection(("127.0.0.1", target.port), timeout=10)
        s.sendall((b"", HEAD, HEAD + b"\r\n", b"POST /v1/auth/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{")[i % 4])
        if i % 2:
            s.shutdown(socket.SHUT_WR)
        left.append(s)
    assert new_person(target).get("/users/me").status_code == 200
    for s in left:
        s.close()


def test_clients_that_never_read_do_not_starve_the_others(target):
    """Their answers pile up only as far as the kernel's buffers."""
    before = target.resident_mb()
    left = []
    for _ in range(30):
        s = socket.create_connection(("127.0.0.1", target.port), timeout=10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setblocking(False)
        request = HEAD.replace(b"/health/live", b"/openapi.json") + b"\r\n"
        try:
            for _ in range(400):
                s.send(request)
        except BlockingIOError:
            pass
        left.append(s)
    assert new_person(target).get("/users/me").status_code == 200
    assert target.resident_mb() < before + 150
    for s in left:
        s.close()


def test_connections_that_vanish_do_no_harm(target, attacker: Person):
    body = form({}, {"front_image": pictures.card("pan")})
    for i in range(100):
        s = socket.create_connection(("127.0.0.1", target.port), timeout=10)
        s.sendall(upload_head(attacker.token, len(body)).encode() + body[:len(body) * i // 100])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close with a reset
        s.close()
    assert data_of(attacker.get("/users/me"))["id"] == attacker.id


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_are_survived(target, seed):
    rng = random.Random(seed)
    words = [b"GET ", b"POST ", b" HTTP/1.1\r\n", b"\r\n", b"\r\n\r\n", b"Host: x\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n",
             b"/v1/documents/upload", b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ", b"/ws",
             b"-1\r\n", b"99999999999999999999\r\n", b"ffffffffffffffff\r\n", b"\0", b"\xff\xff", b"Expect: 100-continue\r\n", b"{}", b"0\r\n\r\n"]
    for _ in range(100):
        data = b"".join(rng.choice(words) if rng.random() < 0.7 else rng.randbytes(rng.randrange(40)) for _ in range(rng.randrange(1, 40)))
        s = socket.create_connection(("127.0.0.1", target.port), timeout=10)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            with selectors.DefaultSelector() as selector:
                selector.register(s, selectors.EVENT_READ)
                if selector.select(5):
                    answer = s.recv(65536)
                    assert not answer or answer.startswith(b"HTTP/1.1 "), answer[:60]
                    assert not answer.startswith(b"HTTP/1.1 5"), (data, answer[:200])
        except ConnectionError:
            pass
        finally:
            s.close()


def test_websocket_frames_of_noise_are_survived(target):
    upgrade = ("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    rng = random.Random(7)
    for n in range(40):
        with Wire(target.port) as wire:
            wire.send(upgrade)
            while b"\r\n\r\n" not in wire.buffer:
                assert wire._more()
            assert wire.buffer.startswith(b"HTTP/1.1 101")
            try:
                wire.send(rng.randbytes(rng.randrange(1, 3000)) if n % 2 else b"\x81\xff" + b"\xff" * 8 + rng.randbytes(2000))
            except OSError:
                pass
    assert requests.get(target.root + "/health/live", timeout=30).status_code == 200


def test_a_message_too_long_for_the_websocket_is_cut(target, attacker: Person):
    stream = websocket.create_connection(target.root.replace("http", "ws", 1) + "/ws", timeout=30)
    with pytest.raises((websocket.WebSocketException, OSError)):
        stream.send("x" * 1_000_000)
        while True:
            if not stream.recv():
                raise ConnectionError
    stream.close()
