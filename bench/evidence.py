"""Reading Aadhaar QR codes against one plain reading by ZXing. Other readers measured on such pictures (119 of them, processor
time): ZXing 0.71 at 27 ms, zbar 0.77 at 98 ms, OpenCV's WeChat reader 0.89 at 130 ms."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from common import Figure, Probe, Report, Settings, Unmeasurable, compared, median, note, shared_data


def run(report: Report, settings: Settings) -> None:
    if settings.wants("qr_hit") or settings.wants("qr_ms_p50"):
        report.measure("qr_hit", lambda: qr_codes(report, settings))


def payload(folder: Path, name: str) -> bytes:
    """What the picture's code holds, by the name of its payload."""
    published = {"anon_test": "anon_aadhaar_test.json", "uidai_manual": "uidai_manual_sample_aadhaar-py.txt"}
    if name in published:
        text = (folder / "payloads" / published[name]).read_text()
        return (json.loads(text)["testQRData"] if text.lstrip().startswith("{") else text.strip()).encode()
    found = [p for p in (folder / "synthetic").glob(f"{name}.*") if p.suffix in (".txt", ".xml")]
    if not found:
        raise Unmeasurable(f"no payload of the name {name}")
    return found[0].read_bytes().strip()


def qr_codes(report: Report, settings: Settings) -> None:
    data = shared_data()
    folder = data / "documents" / "aadhaar" if data else None
    if folder is None or not (folder / "qr_img" / "truth.csv").exists():
        raise Unmeasurable("needs pictures of codes (documents/aadhaar/qr_img in the folder that AUTHX_SHARED_DATA names)")
    with open(folder / "qr_img" / "truth.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    with Probe("bench_codes") as probe:
        hit = plain_hit = 0
        ours: list[float] = []
        plain: list[float] = []
        for row in rows:
            wanted = payload(folder, row["payload"])
            answers = [probe.ask(str(folder / "qr_img" / row["file"])) for _ in range(max(1, min(3, settings.runs)))]
            right = bytes.fromhex(answers[0]["content"]).strip() == wanted
            hit += right
            plain_hit += bytes.fromhex(answers[0]["plain_content"]).strip() == wanted
            ours.append(median(a["ms"] for a in answers))
            plain.append(median(a["plain_ms"] for a in answers))
            if not right:
                note(f"not read: {row['file']}")
    report.add(Figure("qr_hit", hit / len(rows), "of codes", plain_hit / len(rows), hit / max(1, plain_hit), "0.99"))
    report.add(compared("qr_ms_p50", "ms cpu", ours, plain, "30"))
