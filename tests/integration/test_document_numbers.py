"""A whole Aadhaar number is kept, answered or logged nowhere: printed on other documents, scratched, half covered, as a virtual id."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from support import pictures
from support.opener import Opener
from support.people import Person, administrator, data_of, new_person
from support.server import Server

FONT = Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf")
NUMBER = "749620518361"  # no one's: drawn here, with a check digit of its own


def verhoeff(digits: str) -> str:
    d = [[(a + b) % 5 if a < 5 and b < 5 else 5 + (a + b) % 5 if a < 5 else 5 + (a - b) % 5 if b < 5 else (a - b) % 5 for b in range(10)]
         for a in range(10)]
    step, p = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [list(range(10))]
    for _ in range(7):
        p.append([step[x] for x in p[-1]])
    c = 0
    for i, x in enumerate(reversed(digits)):
        c = d[c][p[(i + 1) % 8][int(x)]]
    return next(str(x) for x in range(10) if d[c][x] == 0)


NUMBER = NUMBER[:11] + verhoeff(NUMBER[:11])
VID = "9174620518362" + "41"
VID += verhoeff(VID)


def forms(number: str, least: int = 8) -> list[bytes]:
    """How the digits that must not be kept might be written."""
    groups = [number[i:i + 4] for i in range(0, len(number), 4)]
    first = groups[:least // 4]
    return [number.encode(), b" ".join(g.encode() for g in groups), b"-".join(g.encode() for g in groups), "".join(first).encode(),
            " ".join(first).encode(), "-".join(first).encode()]


def stamped(kind: str, seed: int, text: str, degrees: float, at: tuple[float, float] = (0.78, 0.68), size: int = 30, number: str = "") -> bytes:
    """A specimen with `text` printed on it at a tilt; `at` is a share of its width and height."""
    options = ["--number", number] if number else []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "card.png"
        pictures.tool("specimen", "generate", "--type", kind, "--out", str(out), "--seed", str(seed), "--name", "Test User", "--dob", "1990-01-01",
                      *options)
        card = Image.open(out).convert("RGB")
    font = ImageFont.truetype(str(FONT), size)
    left, top, right, bottom = font.getbbox(text)
    ink = Image.new("L", (right - left + 20, bottom - top + 20), 0)
    ImageDraw.Draw(ink).text((10 - left, 10 - top), text, 255, font)
    ink = ink.rotate(-degrees, expand=True, resample=Image.Resampling.BICUBIC)
    card.paste((20, 20, 60), (int(card.width * at[0] - ink.width / 2), int(card.height * at[1] - ink.height / 2)), ink)
    return pictures.encoded(card, "JPEG", quality=95)


def read_by_tesseract(picture: bytes, degrees: int = 0) -> str:
    """What plain Tesseract reads on a picture whose print runs at this tilt, clockwise."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turned.png"
        image.rotate(degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC).save(path)
        read = subprocess.run(["tesseract", str(path), "-", "--psm", "11"], capture_output=True, check=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"})
    return re.sub(r"[ .\-]", "", read.stdout.decode())


def assert_nowhere(server: Server, answers: list, numbers: list[str], degrees: int = 0) -> None:
    """Files as they lie there, what was sealed, pictures as plain Tesseract reads them, logs, answers."""
    hidden = [form for number in numbers for form in forms(number, len(number) - 4)]
    for form in hidden:
        for answer in answers:
            assert form not in answer.content, answer.url
        assert form not in server.log().encode()
    paths = [p for p in server.data_dir.rglob("*") if p.is_file()]
    assert paths
    for path in paths:  # the database with its write-ahead log, objects, keys
        data = path.read_bytes()
        assert not any(form in data for form in hidden), path
    opener = Opener(server)
    for where, plain in opener.sealed_fields():
        assert not any(form in plain for form in hidden), where
    for name, data in opener.objects():
        if data is None or data[:3] != b"\xff\xd8\xff":
            continue
        text = read_by_tesseract(data, degrees)
        for number in numbers:
            assert number[:-4] not in text, name


@pytest.fixture
def talkative(servers) -> Server:
    return servers(LOG_LEVEL="DEBUG").start(models=True)


def all_answers(server: Server, person: Person, *uploads) -> list:
    answers = list(uploads)
    for upload in uploads:
        document = data_of(upload)["document_id"]
        person.wait_document(document)
        answers.append(person.get(f"/documents/{document}"))
    return [*answers, person.get("/documents"), administrator(server).get("/admin/audit?limit=100")]


@pytest.mark.parametrize("degrees", [0, 24, 90, 201])
def test_an_aadhaar_number_on_another_document_reaches_nothing(talkative: Server, degrees: int):
    """A PAN card, a voter card and a passport that somebody noted the number on."""
    person = new_person(talkative)
    shown = " ".join(NUMBER[i:i + 4] for i in (0, 4, 8))
    uploads = [person.upload(stamped("pan", 31, shown, degrees), "pan"), person.upload(stamped("voter_id", 32, NUMBER, degrees), "other"),
               person.upload(stamped("passport", 33, shown, degrees, (0.55, 0.62)), "passport")]
    answers = all_answers(talkative, person, *uploads)
    assert answers[3].json()["data"]["ocr_data"].get("document_type") == "pan"
    # What the tests look for is there: Tesseract reads the number on the picture as sent.
    assert NUMBER[:-4] in read_by_tesseract(stamped("pan", 31, shown, degrees), degrees)
    assert_nowhere(talkative, answers, [NUMBER], degrees)  # with the write-ahead log of a running server
    assert talkative.stop() == 0
    assert_nowhere(talkative, answers, [NUMBER], degrees)


def test_a_number_in_a_line_that_is_read_is_answered_masked(talkative: Server):
    """It stands where the father's name is read from."""
    person = new_person(talkative)
    card = stamped("voter_id", 34, "UID " + NUMBER, 0, (0.70, 0.47), 26)
    answers = all_answers(talkative, person, person.upload(card, "other"))
    assert_nowhere(talkative, answers, [NUMBER])


def test_a_virtual_id_on_another_document_reaches_nothing(talkative: Server):
    person = new_person(talkative)
    shown = " ".join(VID[i:i + 4] for i in (0, 4, 8, 12))
    answers = all_answers(talkative, person, person.upload(stamped("pan", 35, shown, 24, size=24), "pan"))
    assert_nowhere(talkative, answers, [VID], 24)


def test_a_number_on_an_unknown_picture_reaches_nothing(talkative: Server):
    person = new_person(talkative)
    shown = " ".join(NUMBER[i:i + 4] for i in (0, 4, 8))
    page = Image.new("RGB", (900, 700), (236, 232, 226))
    pen = ImageDraw.Draw(page)
    pen.text((60, 60), "Dear Asha, my number is", (20, 20, 40), ImageFont.truetype(str(FONT), 34))
    pen.text((60, 140), shown, (20, 20, 40), ImageFont.truetype(str(FONT), 40))
    tilted = page.rotate(33, expand=True, fillcolor=(90, 110, 100), resample=Image.Resampling.BICUBIC)
    answers = all_answers(talkative, person, person.upload(pictures.encoded(tilted, "JPEG", quality=92), "other"))
    assert_nowhere(talkative, answers, [NUMBER], -33)


# The number's line on the specimen of an Aadhaar card, as shares of the card: x of its 14 places, y.
FROM, TO, TOP, BOTTOM = 0.335, 0.665, 0.715, 0.795


@pytest.mark.parametrize("covered", [(0.30, 0.42), (0.62, 0.70), (0.0, 0.5), (0.5, 1.0)], ids=["scratch", "two digits", "first half", "second half"])
def test_a_scratched_or_half_covered_aadhaar_number_is_not_kept_or_answered_whole(talkative: Server, covered: tuple[float, float]):
    person = new_person(talkative)
    with tempfile.TemporaryDirectory() as folder:
        out, truth = Path(folder) / "card.png", Path(folder) / "truth.json"
        pictures.tool("specimen", "generate", "--type", "aadhaar", "--out", str(out), "--seed", "36", "--number", NUMBER, "--truth", str(truth))
        card = Image.open(out).convert("RGB")
        found = json.loads(truth.read_text())
        outline = (found[0] if isinstance(found, list) else found)["outline"]
    (x0, y0), (x1, y1) = outline[0], outline[2]  # level 0 lies straight, or nearly
    place = lambda u, v: (x0 + (x1 - x0) * u, y0 + (y1 - y0) * v)  # noqa: E731
    a, b = (FROM + (TO - FROM) * share for share in covered)
    ImageDraw.Draw(card).rectangle([*place(a, TOP - 0.02), *place(b, BOTTOM + 0.02)], fill=(205, 203, 198))
    upload = person.upload(pictures.encoded(card, "JPEG", quality=95))
    answers = all_answers(talkative, person, upload)
    document = answers[1].json()["data"]
    shown = json.dumps(document)
    assert NUMBER not in shown and not re.search(r"(?<!\d)\d{12}(?!\d)", json.dumps(document.get("ocr_data", {})))
    assert not document.get("document_number") or set(document["document_number"][:8]) == {"X"}
    assert_nowhere(talkative, answers, [NUMBER])
    # What is left of the first eight digits is painted over on a picture that is kept.
    for name, data in Opener(talkative).objects():
        if data is None or not name.startswith(document["id"]):
            continue
        line = Image.open(io.BytesIO(data)).convert("L").crop(tuple(int(v) for v in (*place(FROM - 0.05, TOP - 0.04), *place(TO + 0.05, BOTTOM + 0.04))))
        left = [d for d in re.findall(r"\d{4,}", read_by_tesseract(pictures.encoded(line, "PNG"))) if d in NUMBER[:8]]
        assert not left, name
