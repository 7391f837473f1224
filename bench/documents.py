"""Reading a document against running the tesseract command on the same picture."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import authenticity
from common import Figure, Probe, Report, Settings, Unmeasurable, compared, median, note, scratch, shared_data, specimen


def run(report: Report, settings: Settings) -> None:
    if settings.wants("document_vs_tesseract"):
        report.measure("document_vs_tesseract", lambda: whole_read(report, settings))
    authenticity.run(report, settings)


def pictures(folder: Path) -> list[Path]:
    drawn = [specimen(folder, kind, seed, level) for kind, seed, level in
             [("aadhaar", 1, 0), ("aadhaar", 2, 2), ("pan", 3, 0), ("pan", 4, 2), ("passport", 5, 0), ("passport", 6, 1), ("driving_license", 7, 1),
              ("voter_id", 8, 1), ("aadhaar_back", 9, 1)]]
    data = shared_data()
    others = sorted(p for p in (data / "documents" / "india_synth").rglob("*") if p.suffix in (".jpg", ".png")) if data else []
    return drawn + others[:: max(1, len(others) // 6)][:6]


def tesseract_ms(picture: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(["tesseract", str(picture), "-"], capture_output=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"})
    if done.returncode != 0:
        raise Unmeasurable(f"tesseract: {done.stderr.decode().strip()[:200]}")
    return (time.perf_counter() - started) * 1000


def whole_read(report: Report, settings: Settings) -> None:
    with scratch() as folder, Probe("bench_document") as probe:
        files = pictures(folder)
        probe.ask(str(files[0]))  # loads the OCR model, as a server's worker thread did long ago
        ours: dict[Path, list[float]] = {f: [] for f in files}
        theirs: dict[Path, list[float]] = {f: [] for f in files}
        types: dict[Path, str] = {}
        for _ in range(settings.runs):
            for f in files:
                answer = probe.ask(str(f))
                ours[f].append(answer["ms"])
                types[f] = answer["type"]
                theirs[f].append(tesseract_ms(f))
        a = [median(ours[f]) for f in files]
        b = [median(theirs[f]) for f in files]
        for f, x, y in zip(files, a, b, strict=True):
            note(f"{f.name:<40} read as {types[f]:<16} {x:7.0f} ms, tesseract {y:7.0f} ms")
        report.add(compared("document_vs_tesseract", "ms", a, b))
        report.add(Figure("document_ms_worst", max(a), "ms", max(b), max(a) / max(b)))
