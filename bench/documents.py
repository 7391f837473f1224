"""Reading a document against running the tesseract command on the same picture."""

from __future__ import annotations

import csv
import os
import subprocess
import time
from pathlib import Path

import evidence
import authenticity
from common import Figure, Probe, Report, Settings, Unmeasurable, compared, median, note, scratch, shared_data, specimen


def run(report: Report, settings: Settings) -> None:
    if settings.wants("document_vs_tesseract"):
        report.measure("document_vs_tesseract", lambda: whole_read(report, settings))
    evidence.run(report, settings)
    if any(settings.wants(name) for name in MRZ_FIGURES):
        report.measure("mrz_real_exact", lambda: zones(report))
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


MRZ_FIGURES = ("mrz_real_exact", "mrz_synth_exact", "mrz_false_valid", "mrz_seconds_p50")
# The best recorded peer on sets of the same kinds: PassportEye 2 with a published OCR-B model for Tesseract.
MRZ_PEER = {"mrz_real": 0.69, "mrz_synth": 0.54}
# What the picture shows where the transcription differs.
MRZ_PRINTED = {"PassportEye__100_id-usa.jpg": "IAUSA0000000033LIN1044750079<<|5808175F1004027COD<<<<<<<<<<<7|SPECIMEN<<TEST<VOID<<<<<<<<<<<"}


def zones(report: Report) -> None:
    """Whole zones read exactly, and zones taken as valid that differ from the truth in any character."""
    data = shared_data()
    if data is None:
        raise Unmeasurable("needs documents/mrz_real and mrz_synth in the folder that AUTHX_SHARED_DATA names")
    false_valid = 0
    seconds: list[float] = []
    tesseract: list[float] = []
    with Probe("bench_mrz") as probe:
        for name, peer in MRZ_PEER.items():
            folder = data / "documents" / name
            with (folder / "truth.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            right: dict[str, list[bool]] = {}
            certain = 0
            for i, row in enumerate(rows):
                answer = probe.ask(str(folder / row["file"]))
                exact = answer["lines"] == MRZ_PRINTED.get(row["file"], row["mrz"])
                for key in ("all", "even rows" if i % 2 == 0 else "odd rows", f"level {row.get('level', '-')}"):
                    right.setdefault(key, []).append(exact)
                false_valid += answer["valid"] and not exact
                certain += answer["valid"] and exact
                seconds.append(answer["ms"] / 1000)
                if i % 6 == 0:
                    tesseract.append(tesseract_ms(folder / row["file"]) / 1000)
            note(f"{name}: " + ", ".join(f"{key} {sum(hits)}/{len(hits)}" for key, hits in sorted(right.items())) + f"; valid {certain}")
            share = sum(right["all"]) / len(rows)
            report.add(Figure(f"{name}_exact", share, "share", peer, share / peer, "own prototype with a published OCR-B model: 0.87 real, 0.85 generated"))
    report.add(Figure("mrz_false_valid", false_valid, "zones", aim="0"))
    report.add(Figure("mrz_seconds_p50", median(seconds), "s", median(tesseract), median(seconds) / median(tesseract), "at most 0.25"))
