"""HTTP by hand: bytes in, answers out."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """A raw connection that can read several answers in a row."""

    def __init__(self, port: int, timeout: float = 60, sock: socket.socket | None = None):
        self.socket = sock or socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.buffer = b""

    def send(self, data: bytes | str) -> Wire:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self, head_only: bool = False) -> Answer | None:
        """The next answer; nothing when the server closed instead."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                assert not self.buffer, f"cut in the middle of an answer: {self.buffer!r}"
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = (first + " ").split(" ", 2)
        assert version == "HTTP/1.1", first
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            assert name.strip() == name and name, line
            headers[name.lower()] = value.strip()
        length = 0 if head_only or int(status) in (100, 204, 304) else int(headers["content-length"])
        while len(self.buffer) < length:
            assert self._more(), "cut in the middle of a body"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(int(status), headers, body)

    def closed(self) -> bool:
        """Whether the server ends the connection without another answer."""
        while self._more():
            if self.buffer:
                return False
        return not self.buffer

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def form(fields: dict[str, str], files: dict[str, bytes], boundary: str = "a-boundary") -> bytes:
    out = b""
    for name, value in fields.items():
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, content in files.items():
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode() + content + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


def upload_head(token: str, length: int | None, more: str = "", boundary: str = "a-boundary") -> str:
    framing = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
    return (f"POST /v1/documents/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: multipart/form-data; boundary={boundary}\r\n{framing}\r\n{more}\r\n")


def chunked(data: bytes, size: int = 1000) -> bytes:
    out = b""
    for at in range(0, len(data), size):
        piece = data[at:at + size]
        out += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    return out + b"0\r\n\r\n"
