"""Fictitious fingers: ridges as level lines of a phase that winds once around each minutia, seen after a rotation and a displacement."""

from __future__ import annotations

import math
import random
from functools import lru_cache

from PIL import Image

from support.pictures import encoded

WIDTH, HEIGHT = 300, 340


@lru_cache
def _spirals(seed: int) -> tuple[tuple[tuple[float, float, int], ...], float, float, float]:
    rng = random.Random(seed)
    found: list[tuple[float, float, int]] = []
    while len(found) < 22:
        x, y = rng.uniform(-110, 110), rng.uniform(-130, 130)
        if x * x / 105**2 + y * y / 125**2 > 1 or any(math.hypot(u - x, v - y) < 24 for u, v, _ in found):
            continue
        found.append((x, y, 1 if len(found) % 2 == 0 else -1))
    return tuple(found), 0.0012 + rng.uniform(-0.0006, 0.0006), rng.uniform(-0.4, 0.4), rng.uniform(-0.0008, 0.0008)


@lru_cache
def gray(seed: int, degrees: float = 0, dx: float = 0, dy: float = 0, contrast: int = 90) -> bytes:
    """Rows of WIDTH pixels, HEIGHT of them, at 500 dpi."""
    spirals, curve, tilt, skew = _spirals(seed)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    atan2, cos = math.atan2, math.cos
    out = bytearray()
    for v in range(HEIGHT):
        for u in range(WIDTH):
            px, py = u - WIDTH / 2 - dx, v - HEIGHT / 2 - dy
            x, y = c * px + s * py, c * py - s * px
            if x * x / 130**2 + y * y / 150**2 > 1:
                out.append(255)
                continue
            phase = 2 * math.pi / 9 * (y + tilt * x + curve * x * x + skew * x * y)
            for sx, sy, sign in spirals:
                phase += sign * atan2(y - sy, x - sx)
            out.append(round(140 - contrast * cos(phase)))
    return bytes(out)


@lru_cache
def picture(seed: int, degrees: float = 0, dx: float = 0, dy: float = 0, contrast: int = 90, form: str = "PNG") -> bytes:
    image = Image.frombytes("L", (WIDTH, HEIGHT), gray(seed, degrees, dx, dy, contrast))
    return encoded(image, form, **({"dpi": (500, 500)} if form in ("PNG", "BMP", "JPEG", "TIFF") else {}))


def image_record(seed: int, position: int = 1, data: bytes | None = None, width: int = WIDTH, height: int = HEIGHT, fingers: int = 1) -> bytes:
    """ISO/IEC 19794-4:2005, one uncompressed image."""
    pixels = gray(seed) if data is None else data
    image = (len(pixels) + 14).to_bytes(4, "big") + bytes([position, 1, 1, 90, 0]) + width.to_bytes(2, "big") + height.to_bytes(2, "big") + b"\0" + pixels
    head = bytes([0, 0, 0, 31, fingers, 1]) + (500).to_bytes(2, "big") * 4 + bytes([8, 0, 0, 0])
    return b"FIR\x00010\x00" + (32 + len(image)).to_bytes(6, "big") + head + image
