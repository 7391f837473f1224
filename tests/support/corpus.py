"""Hostile files, made here. `refused_at_once` says that headers alone give the file away; the others may be accepted for
reading and must then be rejected with a reason."""

from __future__ import annotations

import functools
import io
import random
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Callable

from PIL import Image

from support import pictures


@dataclass(frozen=True)
class Hostile:
    name: str
    make: Callable[[], bytes]
    refused_at_once: bool = True


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"", *extra: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@functools.lru_cache
def zeros(count: int) -> bytes:
    """Compressed zeros: a thousand times smaller than what they unpack to."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    out = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join(out) + packer.compress(bytes(count & ((1 << 20) - 1))) + packer.flush()


@functools.lru_cache
def good(form: str) -> bytes:
    image = Image.open(io.BytesIO(pictures.scene(9, 640, 420))).convert("RGB")
    return pictures.encoded(image, form)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.sh", "#!/bin/sh\necho evil\n")
    return out.getvalue()


def tiff(entries: list[tuple[int, int, int, int]], next_directory: int = 0, tail: bytes = b"") -> bytes:
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + struct.pack("<I", next_directory)
    return b"II*\x00" + struct.pack("<I", 8) + directory + tail


def tiff_page(width: int, height: int) -> list[tuple[int, int, int, int]]:
    return [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1),
            (278, 4, 1, height), (279, 4, 1, 64)]


def tiff_chain(count: int) -> bytes:
    """A chain of `count` directories."""
    out = bytearray(b"II*\x00" + struct.pack("<I", 8))
    size = 2 + 9 * 12 + 4
    for i in range(count):
        follow = 8 + (i + 1) * size if i + 1 < count else 0
        page = tiff_page(8, 8)
        out += struct.pack("<H", 9) + b"".join(struct.pack("<HHII", *e) for e in page) + struct.pack("<I", follow)
    return bytes(out)


def pdf(objects: list[bytes], root: int = 1) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(out + b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, at))


def stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d %s>>\nstream\n" % (len(data), more) + data + b"\nendstream"


def pdf_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (i + 3) for i in range(count))
    pages = [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] >>"] * count
    return pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids), *pages])


def pdf_page(content: bytes, box: bytes = b"[0 0 300 200]", resources: bytes = b"<< >>", *objects: bytes, packed: bool = False) -> bytes:
    body = stream(zlib.compress(content), b"/Filter /FlateDecode ") if packed else stream(content)
    return pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox " + box + b" /Contents 4 0 R /Resources " + resources + b" >>", body, *objects])


def pdf_bomb() -> bytes:
    body = stream(zeros(512 << 20), b"/Filter /FlateDecode ")
    return pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R >>", body])


def pdf_huge_image() -> bytes:
    image = stream(zeros(64 << 20), b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB "
                                    b"/Filter /FlateDecode ")
    return pdf_page(b"300 0 0 200 0 0 cm /X Do", b"[0 0 300 200]", b"<< /XObject << /X 5 0 R >> >>", image)


def pdf_loop() -> bytes:
    form = stream(b"/F Do /F Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >> ")
    return pdf_page(b"/F Do", b"[0 0 300 200]", b"<< /XObject << /F 5 0 R >> >>", form)


def jpeg_size(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    data = bytearray(good("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_with(segment: bytes) -> bytes:
    data = good("JPEG")
    return data[:2] + segment + data[2:]


def exif(body: bytes) -> bytes:
    body = b"Exif\x00\x00" + body
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def with_noise(form: str, seed: int) -> bytes:
    """A good file with some bytes in the middle replaced."""
    rng = random.Random(seed)
    data = bytearray(good(form))
    for _ in range(40):
        data[rng.randrange(len(data) // 4, len(data))] = rng.randrange(256)
    return bytes(data)


def gif() -> bytes:
    return pictures.encoded(Image.new("P", (40, 40)), "GIF")


CORPUS: list[Hostile] = [
    Hostile("nothing", lambda: b""),
    Hostile("one zero", lambda: b"\0"),
    Hostile("zeros", lambda: bytes(100_000)),
    Hostile("noise", lambda: noise(100_000, 1)),
    Hostile("text", lambda: b"My name is not a picture.\n" * 100),
    Hostile("html", lambda: b"<!doctype html><script>alert(1)</script>"),
    Hostile("svg", lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    Hostile("svg with an entity", lambda: b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'),
    Hostile("program", lambda: b"\x7fELF" + noise(5000, 2)),
    Hostile("zip", zipped),
    Hostile("gif", gif),
    Hostile("only the signature of a JPEG", lambda: b"\xff\xd8\xff"),
    Hostile("only the signature of a PNG", lambda: b"\x89PNG\r\n\x1a\n"),
    Hostile("only the signature of a PDF", lambda: b"%PDF-1.7\n"),
    Hostile("signature of a JPEG and noise", lambda: b"\xff\xd8\xff\xe0" + noise(20_000, 3)),
    Hostile("JPEG cut in its header", lambda: good("JPEG")[:60]),
    Hostile("JPEG cut in half", lambda: good("JPEG")[:len(good("JPEG")) // 2]),
    Hostile("JPEG without its end", lambda: good("JPEG")[:-2]),
    Hostile("PNG cut in its header", lambda: good("PNG")[:20]),
    Hostile("PNG cut in half", lambda: good("PNG")[:len(good("PNG")) // 2]),
    Hostile("PNG without its end", lambda: good("PNG")[:-12]),
    Hostile("WebP cut in half", lambda: good("WEBP")[:len(good("WEBP")) // 2]),
    Hostile("TIFF cut in half", lambda: good("TIFF")[:len(good("TIFF")) // 2], False),
    Hostile("PDF cut in half", lambda: good("PDF")[:len(good("PDF")) // 2], False),
    Hostile("JPEG that claims 65500 x 65500", lambda: jpeg_size(65500, 65500)),
    Hostile("JPEG that claims no width", lambda: jpeg_size(0, 420)),
    Hostile("JPEG with another size than its data", lambda: jpeg_size(6000, 6000), False),
    Hostile("JPEG followed by a ZIP", lambda: good("JPEG") + zipped()),
    Hostile("PNG followed by a ZIP", lambda: good("PNG") + zipped()),
    Hostile("GIF followed by a ZIP", lambda: gif() + zipped()),
    Hostile("JPEG followed by a program", lambda: good("JPEG") + b"\x7fELF" + noise(3000, 4)),
    Hostile("JPEG after other data", lambda: b"MZ" + bytes(500) + good("JPEG")),
    Hostile("PDF after a page of HTML", lambda: b"<html><script>alert(1)</script></html>\n" + good("PDF")),
    Hostile("PDF followed by HTML", lambda: good("PDF") + b"<html><script>alert(1)</script></html>", False),
    Hostile("PDF followed by a ZIP", lambda: good("PDF") + zipped(), False),
    Hostile("PNG of 50,000 x 50,000", lambda: png(50_000, 50_000, zeros(1 << 20))),
    Hostile("PNG of 1 x 100,000", lambda: png(1, 100_000, zlib.compress(bytes(4 * 100_000)))),
    Hostile("PNG of 100,000 x 1", lambda: png(100_000, 1, zlib.compress(bytes(300_001)))),
    Hostile("PNG of 2^31-1 squared", lambda: png(2**31 - 1, 2**31 - 1)),
    Hostile("PNG of 0 x 0", lambda: png(0, 0)),
    Hostile("PNG of 300 x 300 with 512 MB of data", lambda: png(300, 300, zeros(512 << 20)), False),
    Hostile("PNG with a text that unpacks to 512 MB", lambda: png(
        300, 300, zlib.compress(bytes(901 * 300)), chunk(b"zTXt", b"Comment\0\0" + zeros(512 << 20))), False),
    Hostile("PNG with a profile that unpacks to 512 MB", lambda: png(
        300, 300, zlib.compress(bytes(901 * 300)), chunk(b"iCCP", b"p\0\0" + zeros(512 << 20))), False),
    Hostile("PNG without data", lambda: png(300, 300), False),
    Hostile("PNG with a wrong checksum", lambda: png(300, 300, zlib.compress(bytes(901 * 300)))[:-20] + bytes(20)),
    Hostile("PNG that grows a hundredfold", lambda: png(6000, 6000, zlib.compress(bytes(18001 * 6000), 9)), False),
    Hostile("TIFF whose directory is itself", lambda: tiff(tiff_page(64, 64), 8, bytes(64))),
    Hostile("TIFF with 5,000 directories", lambda: tiff_chain(5000)),
    Hostile("TIFF of 2^32-1 squared", lambda: tiff(tiff_page(2**32 - 1, 2**32 - 1))),
    Hostile("TIFF with a directory past its end", lambda: b"II*\0" + struct.pack("<I", 2**31)),
    Hostile("TIFF with 65,535 entries", lambda: b"II*\0" + struct.pack("<IH", 8, 65535) + noise(1000, 5)),
    Hostile("PDF with 10,000 pages", lambda: pdf_pages(10_000), False),
    Hostile("PDF with no page", lambda: pdf_pages(0), False),
    Hostile("PDF with 512 MB of drawing", pdf_bomb, False),
    Hostile("PDF with an image of 60,000 x 60,000", pdf_huge_image, False),
    Hostile("PDF that draws itself", pdf_loop, False),
    Hostile("PDF of a huge page", lambda: pdf_page(b"", b"[0 0 14400000 14400000]"), False),
    Hostile("PDF of a page without area", lambda: pdf_page(b"", b"[0 0 0 0]"), False),
    Hostile("PDF with endless nesting", lambda: pdf([b"[" * 200_000]), False),
    Hostile("PDF that is its own parent", lambda: pdf([b"<< /Type /Catalog /Pages 2 0 R >>",
                                                       b"<< /Type /Pages /Count 1 /Kids [2 0 R] /Parent 2 0 R >>"]), False),
    Hostile("PDF with a script", lambda: pdf([b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
                                              b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
                                              b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] >>"]), False),
    Hostile("BMP of 100,000 x 100,000", lambda: b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 100_000, 100_000, 1, 24, 0, 0, 0, 0, 0,
                                                                     0)),
    Hostile("BMP with a negative width", lambda: b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, -5, 5, 1, 24, 0, 0, 0, 0, 0, 0)),
    Hostile("JPEG 2000 box of no length", lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200)),
    Hostile("RIFF that lies about its length", lambda: b"RIFF" + struct.pack("<I", 2**32 - 1) + b"WEBPVP8X" + bytes(200)),
    *[Hostile(f"EXIF of noise {seed}", lambda seed=seed: jpeg_with(exif(b"II*\0\x08\0\0\0" + noise(3000, seed))), False) for seed in range(3)],
    Hostile("EXIF whose directory is itself", lambda: jpeg_with(exif(tiff([(0x8769, 4, 1, 8)], 8))), False),
    *[Hostile(f"{form} with {seed} noise", lambda form=form, seed=seed: with_noise(form, seed), False)
      for form in ("JPEG", "PNG", "WEBP", "TIFF", "JPEG2000", "PDF") for seed in range(3)],
]
