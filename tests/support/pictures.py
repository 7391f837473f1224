"""Pictures for the tests: drawn here, drawn by `authx specimen`, or taken from the development data."""

from __future__ import annotations

import base64
import io
import random
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from support.server import shared_data, tool

# One person of the public development data, two photos, and another person.
PORTRAIT, SELFIE = "face/id/deepface/img1.jpg", "face/id/deepface/img2.jpg"
STRANGER = "face/id/deepface/img3.jpg"


def photo(name: str) -> Path:
    data = shared_data()
    if data is None or not (data / name).exists():
        pytest.skip(f"needs the development data ({name}): set AUTHX_SHARED_DATA")
    return data / name


@lru_cache
def card(kind: str = "aadhaar", seed: int = 7, portrait: str = "", **_: str) -> bytes:
    """A synthetic document as JPEG. `portrait` names a photo of the development data to place on it."""
    return specimen(kind, seed, str(photo(portrait)) if portrait else "")


@lru_cache
def specimen(kind: str, seed: int, portrait: str, name: str = "Test User", dob: str = "1990-01-01", suffix: str = ".jpg") -> bytes:
    with tempfile.TemporaryDirectory(prefix="authx-card-") as folder:
        out = Path(folder) / ("card" + suffix)
        more = ["--portrait", portrait] if portrait else []
        tool("specimen", "generate", "--type", kind, "--out", str(out), "--seed", str(seed), "--name", name, "--dob", dob, *more)
        return out.read_bytes()


def scene(seed: int = 1, width: int = 640, height: int = 420, form: str = "JPEG") -> bytes:
    """A picture that is no document: coloured shapes on noise."""
    rng = random.Random(seed)
    image = Image.new("RGB", (width, height), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = rng.randrange(width), rng.randrange(height)
        draw.ellipse((x, y, x + rng.randrange(10, 120), y + rng.randrange(10, 120)), fill=tuple(rng.randrange(256) for _ in range(3)))
    return encoded(image, form)


def encoded(image: Image.Image, form: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def stripes(width: int = 480, height: int = 360) -> bytes:
    """A picture in which no detector can see a face."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for x in range(0, width, 24):
        draw.rectangle((x, 0, x + 11, height), fill=(20, 60, 90))
    return encoded(image, "JPEG")


def base64_of(picture: bytes) -> str:
    return base64.b64encode(picture).decode()
